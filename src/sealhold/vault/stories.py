"""Stories that are only added to: what happened to a rights request or a breach, in its order.

- A story's head counts its events and stands under the set hash: an event that was taken out, or
  a story that was put back to an earlier one, shows.
- Each event is sealed for its story and number. Nothing here takes one away.

Source: docs/spec/27-rights.md section 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sealhold.audit.event import Actor
from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import Id16, random_id
from sealhold.stores.spec import ColumnKind, Expect, Found, Op, Put, TableSpec
from sealhold.vault.core import Core

STORIES = TableSpec(
    name="story",
    columns={
        "id": ColumnKind.ID16,
        "kind": ColumnKind.CODE,
        "events": ColumnKind.I64,
        "open": ColumnKind.FLAG,
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)
STORY_EVENTS = TableSpec(
    name="storyevent",
    columns={"story": ColumnKind.ID16, "n": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("story", "n"),
    indexes={},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who entered an event."""

    actor: Actor
    officer: Id16 | None = None


class StoryKind(StrEnum):
    """What a story is of."""

    RIGHTS = "rights"
    BREACH = "breach"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story as it stands."""

    id: Id16
    kind: StoryKind
    about: Plain
    events: tuple[Plain, ...]
    is_open: bool
    v: int


class Stories:
    """The stories of one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def begun(self, kind: StoryKind, about: Plain, event: Plain) -> tuple[Story, tuple[Op, ...]]:
        """Return a new story, and the operations that keep it."""
        story = Story(
            id=random_id(self._core.entropy), kind=kind, about=about, events=(), is_open=True, v=0
        )
        return self.told(story, event, is_open=True)

    def told(self, story: Story, event: Plain, *, is_open: bool) -> tuple[Story, tuple[Op, ...]]:
        """Return `story` with one more event, and the operations that keep it.

        They fail if somebody else added one meanwhile.
        """
        core, number = self._core, len(story.events)
        place, clear = (story.id, number), (story.id, story.kind.value, number + 1, is_open)
        ops = (
            Put(
                STORIES.name,
                (*clear, core.papers.seal(STORIES.name, clear, story.about)),
                story.v or Expect.ABSENT,
            ),
            Put(
                STORY_EVENTS.name,
                (*place, core.papers.seal(STORY_EVENTS.name, place, event)),
                Expect.ABSENT,
            ),
        )
        after = Story(
            id=story.id,
            kind=story.kind,
            about=story.about,
            events=(*story.events, event),
            is_open=is_open,
            v=story.v + 1,
        )
        return after, ops

    def get(self, kind: StoryKind, story: Id16) -> Story:
        """Return a story.

        Raises:
            NotFoundError: there is none of this kind.
            TamperedError: an event of it is gone, or not as it was written.
        """
        found = self._core.deciding.get(STORIES.name, story)
        if found is None or found.row[1] != kind.value:
            raise NotFoundError("no such entry in the register")
        return self._opened(found)

    def all(self, kind: StoryKind, *, only_open: bool = False) -> Iterator[Story]:
        """Yield each story of a kind, in no order.

        Raises:
            TamperedError: an event is gone, or not as it was written.
        """
        for found in self._core.deciding.all(STORIES.name):
            if found.row[1] == kind.value and (found.row[3] or not only_open):
                yield self._opened(found)

    def _opened(self, found: Found) -> Story:
        *clear, sealed = found.row
        name, kind, count, is_open = clear
        keys = [(name, number) for number in range(count)]
        rows = self._core.store.get(STORY_EVENTS.name, keys)
        # THREAT T263: an event that somebody took out is missed, and none stands in for another
        if None in rows:
            raise TamperedError("an entry in the register lacks what happened to it")
        events = tuple(
            self._core.papers.open(STORY_EVENTS.name, key, row.row[2])
            for key, row in zip(keys, rows, strict=True)
            if row is not None
        )
        return Story(
            id=Id16(name),
            kind=StoryKind(kind),
            about=self._core.papers.open(STORIES.name, tuple(clear), sealed),
            events=events,
            is_open=bool(is_open),
            v=found.v,
        )
