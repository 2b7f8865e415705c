"""The documents of a collection on this device: made, edited, read, cut, erased within.

- Edits are durable when a call returns, and are told to others by the next exchange; edits that
  could not be written are not in the document either.
- A document is loaded when it is first asked for, and follows what comes.
- To be rid of words, a new lineage begins without them and the old one's keys are destroyed; what
  others had written meanwhile, they tell again.

Source: docs/spec/48-documents.md section 11.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import ConflictError, InvalidEditError, NotFoundError
from sealhold.model.ids import ID_BYTES, DeviceId, Id16
from sealhold.sharing.devices.contents import Kind
from sealhold.sharing.devices.devices import Devices, Open, step_of
from sealhold.sharing.devices.docbegun import begin, body, going_on
from sealhold.sharing.devices.docediting import TEXT
from sealhold.sharing.devices.doclineage import (
    Base,
    Lineage,
    covered,
    merged,
)
from sealhold.sharing.devices.docmatching import match
from sealhold.sharing.devices.docops import Place, Value
from sealhold.sharing.devices.docpast import stages
from sealhold.sharing.devices.docrights import may_erase, require_edit, require_own, require_past
from sealhold.sharing.devices.docstages import Stage
from sealhold.sharing.devices.documentbook import has_keys, lineages_of, revive, tell_again
from sealhold.sharing.devices.documents import Document
from sealhold.sharing.devices.documentshelf import DECIDED, DocumentShelf, OpenDocument
from sealhold.sharing.devices.docverdicts import Name, Suggestion, needed
from sealhold.sharing.devices.docversions import Span, Version, agreed, joined, within
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.erasing import erase
from sealhold.sharing.devices.keybag import BagKey
from sealhold.sharing.devices.treeops import ROOT


class Documents:
    """The documents of one open collection, as long as that is open. For one thread."""

    def __init__(self, devices: Devices, opened: Open) -> None:
        self._devices = devices
        self._opened = opened
        self._replica = opened.replica
        is_own = not opened.is_foreign
        self._shelf = DocumentShelf(opened.replica, opened.bodies, takes_states=is_own)
        if is_own:
            tell_again(self._replica)

    # --- making and reading ---

    def new(self, name: str, parent: bytes = ROOT) -> bytes:
        """Begin a document, empty; return its id of 16 bytes.

        Raises:
            DeniedError: another person's collection.
            NoEpochError: there is no epoch that every member has.
        """
        require_own(self._opened)
        return begin(self._opened, name, parent)

    def things(self) -> list[bytes]:
        """Return the documents that are shown, in the order of their ids."""
        state = self._replica.state
        shown = state.tree.shown(state.versions.edited_over_deletes())
        return sorted(thing for thing in shown if self._is_document(thing))

    def document(self, thing: bytes) -> Document:
        """Return a document as it is now, to read.

        Raises:
            NotFoundError: there is no such document.
            CarrierAwayError: what it begins with is not here, and no carrier that has it answers.
        """
        return self._shelf.open(thing).loaded.document

    def text(self, thing: bytes, place: Place = TEXT) -> str:
        """Return a text of a document.

        Raises:
            NotFoundError: there is no such document.
            InvalidEditError: no text at `place`.
        """
        return self.document(thing).text(place)

    def content(self, thing: bytes) -> dict[str, Value]:
        """Return all that a document holds.

        Raises:
            NotFoundError: there is no such document.
        """
        return self.document(thing).content()

    def written_by(self, thing: bytes, place: Place = TEXT) -> list[tuple[DeviceId | None, int]]:
        """Return who wrote a text: device and code points of each stretch, in order.

        Raises:
            NotFoundError: there is no such document.
            InvalidEditError: no text at `place`.
        """
        devices = {author: log.device for author, log in self._shelf.authors().items()}
        found: list[tuple[DeviceId | None, int]] = []
        for author, length in self.document(thing).written_by(place):
            device = devices.get(author)
            who = None if device is None else DeviceId(Id16(device))
            before = found.pop()[1] if found and found[-1][0] == who else 0
            found.append((who, before + length))
        return found

    def device_of(self, author: int) -> bytes:
        """Return which device edits under a number, 16 bytes; nothing if that is not known."""
        return log.device if (log := self._shelf.authors().get(author)) else b""

    def refused(self, thing: bytes) -> list[str]:
        """Return why edits of a document count for nobody.

        Raises:
            NotFoundError: there is no such document.
        """
        return self._shelf.open(thing).loaded.refused()

    def waiting(self, thing: bytes) -> int:
        """Return how many entries of a document wait for others that are not here.

        Raises:
            NotFoundError: there is no such document.
        """
        return self._shelf.open(thing).loaded.waiting

    # --- editing ---

    def edit(self, thing: bytes, make: Callable[[Document], object]) -> None:
        """Edit a document; durable on return, or nothing of it was done.

        Raises:
            NotFoundError: there is no such document.
            InvalidEditError: an edit that does not fit.
            DeniedError: this device may only look.
            NoEpochError: there is no epoch that every member has.
            AuditUnavailableError: nothing can be written.
        """
        require_edit(self._devices, self._opened)
        opened = self._shelf.open(thing)
        document = opened.loaded.document
        try:
            make(document)
            draft = Draft(self._replica)
            for entry in document.outgoing():
                draft.edits(opened.lineage, opened.turn, entry)
            draft.commit()
        except BaseException:
            # INVARIANT: what is shown is durable: edits that were not written go
            self._shelf.close(thing)
            raise

    def write(self, thing: bytes, text: str, base: str | None = None, place: Place = TEXT) -> None:
        """Make a text read `text`; `base` is what who wrote it had before them.

        Raises:
            NotFoundError: there is no such document.
            InvalidEditError: half a character, or no text at `place`.
        """
        self.edit(thing, lambda document: document.write(text, place, base))

    def restore(self, thing: bytes, version: Version) -> None:
        """Make a document hold what it held at a version, by edits of today.

        Raises:
            NotFoundError: there is no such document.
            InvalidEditError: not a version of it.
        """
        content = self.document(thing).content_at(version)
        self.edit(thing, lambda document: match(document, content))

    def remove(self, thing: bytes) -> None:
        """Show a document no more, on all devices; edits that come beside this have it stand again.

        Raises:
            NotFoundError: there is no such document.
        """
        require_own(self._opened)
        self._known(thing)
        draft = Draft(self._replica)
        draft.delete(thing)
        draft.commit()
        self._shelf.close(thing)

    def destroy(self, thing: bytes) -> None:
        """Drop the keys of a document, its past and its name, on all devices.

        Raises:
            NotFoundError: there is no such document.
            DeniedError: this device may not.
        """
        require_own(self._opened)
        self._known(thing)
        erase(self._devices, self._opened, [thing, *self._here(thing)])
        self._shelf.close(thing)

    # --- the past ---

    def past(self, thing: bytes) -> list[Stage]:
        """Return what a document was after each write, oldest first.

        Raises:
            NotFoundError: there is no such document.
        """
        opened = self._shelf.open(thing)
        begun = self._replica.state.versions.standing(thing).shown
        if begun is None:
            raise NotFoundError("no such document here")
        return stages(opened, begun)

    # --- suggestions ---

    def suggestions(self, thing: bytes) -> tuple[Suggestion, ...]:
        """Return the edits that do not count and that nobody decided about.

        Raises:
            NotFoundError: there is no such document.
        """
        opened = self._shelf.open(thing)
        left = {name for name, is_taken in self._shelf.decided(thing).items() if not is_taken}
        found = opened.loaded.judged.suggestions
        return tuple(each for each in found if _name(each) not in left)

    def decide(self, thing: bytes, suggestion: Suggestion, *, take: bool) -> None:
        """Take a suggestion, with all that it needs, or leave it.

        Raises:
            NotFoundError: there is no such document.
        """
        require_own(self._opened)
        found = self._shelf.open(thing).loaded.judged
        names = needed(suggestion, found) if take else frozenset({_name(suggestion)})
        draft = Draft(self._replica)
        for author, start in sorted(names):
            key = fingerprint(b"".join((thing, author.to_bytes(8), start.to_bytes(4))))[:ID_BYTES]
            draft.note(DECIDED, key, [thing, author, start, take])
        draft.commit()
        self._shelf.close(thing)

    # --- new lineages ---

    @property
    def may_erase(self) -> bool:
        """Whether this device may be rid of words on all devices."""
        return may_erase(self._devices, self._opened)

    def require_past(self) -> None:
        """Pass if the past of documents there may be written anew.

        Raises:
            DeniedError: other people are in it.
        """
        require_past(self._opened)

    def erase(self, thing: bytes, spans: Iterable[Span]) -> None:
        """Be rid of what these units inserted, on all devices, in the past of the document too.

        Raises:
            NotFoundError: there is no such document.
            ConflictError: edits wait for others, or are suggestions that nobody decided about.
            DeniedError: this device may not.
            InvalidEditError: the document was cut, so its past is not all kept.
        """
        opened = self._settled(thing)
        gone = merged(opened.gone, spans)
        base = Base(gone, opened.loaded.document.erased(gone), tuple(self.past(thing)))
        self._renew(thing, opened, base)

    def erase_deleted(self, thing: bytes) -> None:
        """Be rid of all that was deleted or gave way.

        Raises:
            As `erase`.
        """
        self.erase(thing, self.document(thing).gone_by())

    def cut(self, thing: bytes) -> bool:
        """Leave out the past that all living devices have; return whether there was any.

        Raises:
            NotFoundError: there is no such document.
            ConflictError: edits wait for others, or are suggestions that nobody decided about.
            DeniedError: this device may not.
        """
        opened = self._settled(thing)
        if len(self._here(thing)) > 1:
            raise ConflictError("two new beginnings of a document are not one yet")
        since = self._agreed(opened)
        if not since:
            return False
        snapshot = opened.loaded.document.snapshot(since)
        self._renew(thing, opened, Base(opened.base.gone, snapshot))
        return True

    def finish(self) -> None:
        """End what was begun; to be called when something came.

        Edits on erased lineages are told again, documents stand again that were deleted beside
        edits, and what an erasure left undone is done, if this device may.

        Raises:
            CarrierAwayError: what a document begins with is not here.
        """
        if self._opened.is_foreign:
            return  # whose documents they are ends what is to be ended
        tell_again(self._replica)
        revive(self._replica)
        if not self.may_erase:
            return
        for thing in self.things():
            _, *others = self._here(thing)
            if not others:
                continue
            opened = self._shelf.open(thing)
            theirs = joined(*(each.version for each in opened.lineages if each.id in others))
            if covered(opened.gone, opened.base.gone) and within(
                theirs, opened.lineages[0].version
            ):
                self._replica.erase(others, self._bag())
                continue
            with suppress(InvalidEditError, ConflictError):  # cut, or somebody has to decide
                self.erase(thing, opened.gone)

    # --- inside ---

    def _known(self, thing: bytes) -> None:
        if thing not in self.things():
            raise NotFoundError("no such document here")

    def _settled(self, thing: bytes) -> OpenDocument:
        """Return a document of which nothing would be lost in a new lineage.

        Raises:
            ConflictError: there are suggestions that nobody decided about.
        """
        require_past(self._opened)
        if self.suggestions(thing):
            raise ConflictError("edits of a removed device wait for a decision")
        return self._shelf.open(thing)

    def _renew(self, thing: bytes, opened: OpenDocument, base: Base) -> None:
        """Have a document go on in a new lineage, and destroy the keys of those before."""
        bag, old = self._bag(), self._here(thing)
        draft = Draft(self._replica)
        lineage = Lineage(draft.lineage(body(self._opened, base)), opened.loaded.document.version())
        heads = self._replica.state.versions.standing(thing).heads
        draft.put(thing, going_on(self._opened, lineage), heads)
        draft.commit()
        self._replica.erase(old, bag)
        self._shelf.close(thing)

    def _here(self, thing: bytes) -> list[bytes]:
        """Return the lineages of a document whose keys are here, that it goes on in first."""
        found = lineages_of(self._replica.state, thing)
        return [each.id for each in found if has_keys(self._replica, each.id)]

    def _agreed(self, opened: OpenDocument) -> dict[int, int]:
        """Return the version that each living device has."""
        own = self._devices.me.id
        living = self._opened.members.state.holders()
        acknowledged = {
            bytes(device): self._shelf.acknowledged(opened, device)
            for device in living
            if device != own
        }
        acknowledged[own] = opened.loaded.document.version()
        return agreed(acknowledged, living)

    def _bag(self) -> BagKey:
        """Return a fresh key of the bag, which the members have by then.

        Raises:
            DeniedError: this device is no admin.
            NoEpochError: the prekey of a member is not known yet.
        """
        members = self._opened.members
        known = set(members.objects)
        bag = self._devices.turn_bag(members, self._devices.time_of(self._opened))
        came = [(name, data) for name, data in members.objects.items() if name not in known]
        self._devices.keeping.save(self._opened.about.id, step_of(members, came))
        return bag

    def _is_document(self, thing: bytes) -> bool:
        state = self._replica.state
        shown = state.versions.standing(thing).shown
        return shown is not None and state.content(shown.id).kind is Kind.DOCUMENT


def _name(suggestion: Suggestion) -> Name:
    return suggestion.entry.author, suggestion.entry.start
