"""The keys of a set, open: of apps, subjects and fields, each in its versions.

Source: docs/spec/03-keys.md sections 1, 10 and 13; docs/spec/28-rotation.md section 1.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.secret import Secret
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.stores.spec import Row

TAGS = "@tags"  # in place of a field's name: the key of all tags that an app's people are found by

Owner = tuple[SubjectId, AppId]


@dataclass(frozen=True, slots=True)
class HeldApp:
    """One version of an app's keys, open."""

    version: int
    key: Secret  # wraps the keys of its people and fields; another one in each epoch
    base: Secret  # gives its tags and seals, and stays
    job: Id16 = NOBODY  # that made this version, if one did
    sealer: Sealer = field(init=False, compare=False)  # of the key

    def __post_init__(self) -> None:
        object.__setattr__(self, "sealer", Sealer(self.key))


HeldApps = Mapping[int, HeldApp]  # by version


@dataclass(frozen=True, slots=True)
class HeldSubject:
    """One version of a subject's keys, open."""

    row: Row  # what is clear of it
    key: Secret
    base: Secret

    @property
    def version(self) -> int:
        """Which of the subject's keys it is, from 1 on."""
        return int(self.row[1])

    @property
    def state(self) -> str:
        """Whether it wraps, or only opens."""
        return str(self.row[4])

    @property
    def job(self) -> bytes:
        """The job that made this version; 16 zero bytes if none did."""
        return bytes(self.row[7])

    @property
    def kept(self) -> tuple[Row, Secret, Secret]:
        """What a next epoch leaves as it is: all but the version of the app's key."""
        return (*self.row[:3], *self.row[4:]), self.key, self.base


@dataclass(frozen=True, slots=True)
class HeldField:
    """One version of the key of a field that people are found by, open."""

    version: int
    state: str
    key: Secret
    job: Id16 = NOBODY  # that made this version, if one did


FieldKey = tuple[AppId, str, int]  # app, field, version


@dataclass(frozen=True, slots=True)
class Held:
    """Every key of a set, open, and whose vault it is."""

    owner: Owner
    named: dict[str, Secret]
    apps: dict[AppId, HeldApp]  # those in force
    fields: dict[FieldKey, HeldField]
    subjects: list[HeldSubject]

    def __len__(self) -> int:
        pairs = len(self.apps) + len(self.subjects)
        return len(self.named) + len(self.fields) + 2 * pairs

    def follows(self, old: "Held", anew: Collection[AppId] = ()) -> bool:
        """Return whether this is the set after `old`: the same keys, but for those of apps.

        The apps of `anew` have another key of tags, too.
        """
        return (
            self.owner == old.owner
            and self.named == old.named
            and self.fields.keys() == old.fields.keys()
            and all(
                (key == old.fields[place]) != is_anew(place, anew)
                for place, key in self.fields.items()
            )
            and self.apps.keys() == old.apps.keys()
            and all(_is_next(self.apps[app], before) for app, before in old.apps.items())
            and [each.kept for each in self.subjects] == [each.kept for each in old.subjects]
        )


def is_anew(place: FieldKey, anew: Collection[AppId]) -> bool:
    """Return whether a next epoch has another key there: the tags of apps that erased somebody."""
    app, field, _ = place
    return field == TAGS and app in anew


def _is_next(now: HeldApp, before: HeldApp) -> bool:
    is_anew = now.key != before.key and now.version == before.version + 1
    return is_anew and now.base == before.base
