"""Documents of this device, as a face asks for them: by names, in words, with who wrote what.

- Documents stand in collections of their own. One that is named in several is told apart as
  `COLLECTION/NAME`, or by how its id begins.
- An earlier version is named by its id or by a time. It comes back by edits of today.

Source: docs/spec/48-documents.md section 12.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sealhold.model.errors import (
    CarrierAwayError,
    InvalidError,
    NotFoundError,
    TakenError,
    TamperedError,
)
from sealhold.model.quantities import Instant
from sealhold.model.shown.documents import (
    ContentView,
    DocumentView,
    RedactionView,
    StretchView,
    SuggestionView,
    VersionView,
    WriterView,
)
from sealhold.node.documentnames import DocumentNames, Found, Work, people_of, writer_in
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.docerasing import erase_words, found
from sealhold.sharing.devices.docpast import stage_id
from sealhold.sharing.devices.docstages import Stage
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.docverdicts import Suggestion
from sealhold.sharing.devices.joinpapers import Holds, checked_name

COLLECTION = "documents"  # where a document stands if nothing else is said
MAX_NAME = 255  # bytes
_Value = Any  # reason: a plain value of a document


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What is to be done to a document, in this order.

    `text`: the text anew. `before`: what who wrote it had before them; None: what stands now.
    `append`: behind the text. `put`, `drop`: fields. `take`: items, the first is 1. `add`: behind
    the items.
    """

    text: str | None = None
    before: str | None = None
    append: str = ""
    put: Mapping[str, _Value] = field(default_factory=dict)
    drop: Sequence[str] = ()
    add: Sequence[_Value] = ()
    take: Sequence[int] = ()


class DocumentSteps:
    """The documents of one device. For one thread."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._names = DocumentNames(work)

    # --- which there are ---

    def create(self, name: str, collection: str = COLLECTION) -> DocumentView:
        """Begin a document, empty; also its collection, if there is none of that name.

        Raises:
            InvalidError: this cannot be a name.
            TakenError: a document is called so, or a collection of something else.
            DeniedError: this device may not begin a collection.
        """
        _check_name(name)
        devices = self._work.devices
        own = (each for each in self._names.collections() if each.about.holds is Holds.DOCUMENTS)
        opened = next((each for each in own if each.about.name == collection), None)
        if opened is None:
            if any(each.about.name == collection for each in devices.collections()):
                raise TakenError("a collection of something else is called so")
            opened = devices.create(Holds.DOCUMENTS, checked_name(collection))
        if name in self._names.names(opened).values():
            raise TakenError("a document is called so already")
        documents = self._names.documents(opened)
        return self._shown(Found(opened, documents, documents.new(name), name))

    def every(self) -> list[DocumentView]:
        """Return all documents, by collection and name."""
        views = [
            self._shown(Found(opened, self._names.documents(opened), thing, name))
            for opened in self._names.collections()
            for thing, name in self._names.names(opened).items()
        ]
        return sorted(views, key=lambda each: (each.collection, each.name, each.id))

    # --- reading ---

    def show(self, name: str, at: str | Instant = "", *, authors: bool = False) -> ContentView:
        """Return what a document holds, now or at an earlier version or time.

        Args:
            name: of the document.
            at: id of a version, or a time; nothing is now.
            authors: also who wrote which part of the text that stands now.

        Raises:
            NotFoundError: there is no such document or version.
            CarrierAwayError: what it begins with is at a place that does not answer.
        """
        here = self._names.find(name)
        document = here.work.document(here.thing)
        stage = self._stage(here, at)
        content = document.content_at(stage.version) if at else document.content()
        return ContentView(
            id=here.thing.hex(),
            name=here.name,
            collection=here.opened.about.name,
            version=stage.id,
            at=Instant(stage.time.ms),
            text=content["text"],
            fields=content["map"],
            items=tuple(content["list"]),
            written=tuple(self._written(here)) if authors and not at else (),
        )

    def named(self, name: str) -> DocumentView:
        """Return a document as a list shows it.

        Raises:
            NotFoundError: there is no such document.
        """
        return self._shown(self._names.find(name))

    def history(self, name: str) -> list[VersionView]:
        """Return the versions of a document, oldest first.

        Raises:
            NotFoundError: there is no such document.
        """
        here = self._names.find(name)
        return [
            VersionView(
                version=stage.id,
                at=Instant(stage.time.ms),
                by=self._writer(here.opened, stage.device),
                why=stage.why,
                inserted=stage.inserted,
                deleted=stage.deleted,
                values=stage.values,
            )
            for stage in here.work.past(here.thing)
        ]

    # --- editing ---

    def edit(self, name: str, edits: Edits) -> DocumentView:
        """Edit a document; durable on return, or nothing of it was done.

        Raises:
            NotFoundError: there is no such document.
            InvalidEditError: an edit that does not fit; nothing was done.
        """
        here = self._names.find(name)
        here.work.edit(here.thing, lambda document: _edit(document, edits))
        return self._shown(here)

    def restore(self, name: str, at: str | Instant) -> DocumentView:
        """Make a document hold what it held then; what was written since stays in its past.

        Raises:
            NotFoundError: there is no such document or version.
        """
        here = self._names.find(name)
        here.work.restore(here.thing, self._stage(here, at).version)
        return self._shown(here)

    def redact(self, name: str, words: str, *, really: bool = True) -> RedactionView:
        """Be rid of words wherever a document says or said them, on all devices.

        Args:
            name: of the document.
            words: what is to go; no words are all that was deleted or gave way.
            really: false only tells what would go.

        Raises:
            NotFoundError: there is no such document, or it never said them.
            DeniedError: this device may not.
            ConflictError: edits of a removed device wait for a decision.
            InvalidEditError: its past is not all kept.
        """
        here = self._names.find(name)
        if words:
            act = erase_words if really else found
            spans, keys = act(here.work, here.thing, words)
        else:
            here.work.require_past()
            spans, keys = here.work.document(here.thing).gone_by(), frozenset()
            if really:
                here.work.erase(here.thing, spans)
        return RedactionView(
            name=here.name,
            units=sum(end - first for _, first, end in spans),
            keys=tuple(sorted(keys)),
            is_done=really,
        )

    def remove(self, name: str, *, destroy: bool = False) -> DocumentView:
        """Take a document out of all lists; return what it was.

        Args:
            name: of the document.
            destroy: its keys are destroyed on all devices, and nothing opens it any more.

        Raises:
            NotFoundError: there is no such document.
            DeniedError: this device may not destroy keys.
        """
        here = self._names.find(name)
        shown = self._shown(here)
        if destroy:
            here.work.destroy(here.thing)
        else:
            here.work.remove(here.thing)
        return shown

    # --- suggestions ---

    def suggestions(self, name: str) -> list[SuggestionView]:
        """Return the edits that do not count and that nobody decided about.

        Raises:
            NotFoundError: there is no such document.
        """
        here = self._names.find(name)
        return [
            SuggestionView(
                id=stage_id(each.entry),
                by=self._author(here, each.entry.author),
                why=each.why.value,
                text=each.text,
            )
            for each in here.work.suggestions(here.thing)
        ]

    def decide(self, name: str, suggestion: str, *, take: bool) -> DocumentView:
        """Take a suggestion with all that it needs, or leave it.

        Raises:
            NotFoundError: there is no such document or suggestion.
        """
        here = self._names.find(name)
        waiting = here.work.suggestions(here.thing)
        here.work.decide(here.thing, _named(waiting, suggestion), take=take)
        return self._shown(here)

    # --- inside ---

    def _stage(self, here: Found, at: str | Instant) -> Stage:
        """Return the version that an id or a time says, or the newest one.

        Raises:
            NotFoundError: none.
            InvalidError: several.
        """
        past = here.work.past(here.thing)
        if at == "":
            return past[-1]
        if isinstance(at, int):
            then = [each for each in past if each.time.ms <= at]
            if not then:
                raise NotFoundError("nothing is known of the document at that time")
            return then[-1]
        hits = [each for each in past if each.id == at]
        if not hits:
            raise NotFoundError("no such version of the document")
        if len(hits) > 1:
            raise InvalidError("several versions are called so: say a time")
        return hits[0]

    def _shown(self, here: Found) -> DocumentView:
        first = here.opened.replica.state.versions.standing(here.thing).shown
        device, at, version, size, is_here = b"", Instant(0), "", 0, True
        waiting, refused, left = 0, tuple[str, ...](), 0
        if first is not None:
            device, at = first.device, Instant(first.time.ms)
        try:
            self._names.load(here)
        except CarrierAwayError:
            is_here = False
        except TamperedError as err:
            is_here, refused = False, (str(err),)
        else:
            last = here.work.past(here.thing)[-1]
            device, at, version = last.device, Instant(last.time.ms), last.id
            size = len(here.work.text(here.thing))
            waiting, refused = here.work.waiting(here.thing), tuple(here.work.refused(here.thing))
            left = len(here.work.suggestions(here.thing))
        return DocumentView(
            id=here.thing.hex(),
            name=here.name,
            collection=here.opened.about.name,
            is_here=is_here,
            size=size,
            version=version,
            at=at,
            by=self._writer(here.opened, device),
            waiting=waiting,
            refused=refused,
            suggestions=left,
        )

    def _written(self, here: Found) -> Iterable[StretchView]:
        for device, length in here.work.written_by(here.thing):
            yield StretchView(by=self._writer(here.opened, device or b""), length=length)

    def _author(self, here: Found, author: int) -> WriterView:
        return self._writer(here.opened, here.work.device_of(author))

    def _writer(self, opened: Open, device: bytes) -> WriterView:
        devices = self._work.devices
        people = people_of(devices) if opened.about.holds is Holds.SHARE else {}
        return writer_in(opened, devices.names(), device, people)


def _edit(document: Document, edits: Edits) -> None:
    if edits.text is not None:
        document.write(edits.text, base=edits.before)
    if edits.append:
        document.insert(len(document.text()), edits.append)
    for key, value in edits.put.items():
        document.put(key, value)
    for key in edits.drop:
        document.drop(key)
    for at in sorted(set(edits.take), reverse=True):
        document.remove(at - 1)
    for value in edits.add:
        document.add(len(document.content()["list"]), value)


def _named(waiting: Sequence[Suggestion], text: str) -> Suggestion:
    for each in waiting:
        if stage_id(each.entry) == text:
            return each
    raise NotFoundError("no suggestion is called so")


def _check_name(name: str) -> None:
    fits = name.strip() == name and name.isprintable() and "/" not in name
    if not fits or not 0 < len(name.encode(errors="replace")) <= MAX_NAME:
        raise InvalidError("a document is called by 1 to 255 bytes on one line, without a slash")
