"""What other people share with this vault's owner, as a face asks for it.

- An invitation waits until the owner takes it on: no place is called that nobody said yes to. One
  for a space that is known already renews its tokens, and waits if it names another place.
- What was taken back is closed; what lies here of it is the owner's to delete.

Source: docs/spec/52-share-spaces.md sections 1, 4 and 5.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sealhold.model.errors import (
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    InvalidError,
    NotFoundError,
)
from sealhold.model.ids import ContactId, Id16, Purpose
from sealhold.model.shown.shares import GivenAnswer, ProgramView, ReceivedView
from sealhold.node.devicework import DeviceWork
from sealhold.node.nearby import reach
from sealhold.node.openspaces import is_closed, mine_in
from sealhold.node.shareanswers import SharedAnswers
from sealhold.node.sharewords import line_views, standing_of
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.sharetexts import label
from sealhold.sharing.devices.contents import Kind as Content
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import About, Holds
from sealhold.sharing.peers.admitting import accept, read_invitation
from sealhold.sharing.peers.asking import Asking, Wish
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.letter import Kind, Letter
from sealhold.sharing.peers.letters import Handler
from sealhold.sharing.peers.sharepaper import REVOKED, Paper
from sealhold.sharing.peers.spaces import root_of
from sealhold.sharing.peers.withdrawals import is_withdrawn, withdraw

OFFER_KIND = "offer"  # of notes in the home collection
MAX_OFFERS = 32  # that wait, of one person


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An invitation that waits for the owner's yes."""

    space: bytes
    name: str
    sender: bytes  # root id
    places: tuple[str, ...]
    paper: bytes


def kinds_of_shares(work: DeviceWork) -> Mapping[str, Handler]:
    """Return who takes letters about shares."""
    devices = work.devices

    def invited(known: Known, letter: Letter) -> None:
        about = read_invitation(letter.body)
        if about.root != root_of(known.id):
            raise DeniedError("an invitation by somebody whose space it is not")
        opened = next((each for each in devices.collections() if each.about.id == about.id), None)
        if opened is not None and opened.about.root != about.root:
            raise DeniedError("an invitation into a collection that is known otherwise")
        waiting = [one.space for one in _offers(devices) if one.sender == bytes(known.id)]
        # THREAT T595: what waits of one person is bounded
        if about.id not in waiting and len(waiting) >= MAX_OFFERS:
            raise ExhaustedError(f"{MAX_OFFERS} invitations of one person wait for a yes")
        if opened is not None:
            _renew(devices, opened, about)
        draft = Draft(devices.home.replica)
        draft.note(OFFER_KIND, about.id, [known.id, letter.body])
        draft.commit()

    def withdrawn(known: Known, letter: Letter) -> None:
        withdraw(devices, letter.body, root_of(known.id))

    return {Kind.INVITATION: invited, Kind.WITHDRAWN: withdrawn}


def _renew(devices: Devices, opened: Open, told: About) -> None:
    """Take in, durably, what a newer invitation tells of the places that the owner said yes to."""
    # THREAT T536: a place that was not seen at the yes waits, as in any invitation
    news = {(way.kind, way.address): way for way in told.ways}
    agreed = [(way.kind, way.address) for way in opened.about.ways]
    ways = [news.get(key, way) for key, way in zip(agreed, opened.about.ways, strict=True)]
    if news.keys() <= set(agreed):
        ways = list(told.ways)
    if tuple(ways) != opened.about.ways:
        devices.take_on(replace(opened.about, ways=tuple(ways)))


def _offers(devices: Devices) -> Iterator[Offer]:
    """Yield the invitations that name a place which nobody said yes to."""
    agreed = {
        bytes(each.about.id): {(way.kind, way.address) for way in each.about.ways}
        for each in devices.collections()
    }
    for key, note in devices.home.replica.state.notes(OFFER_KIND):
        match note.told:
            case [bytes(sender), bytes(paper)] if not is_withdrawn(devices, key, sender):
                try:
                    about = read_invitation(paper)
                except InvalidEncodingError:
                    continue
            case _:
                continue
        if key in agreed and {(way.kind, way.address) for way in about.ways} <= agreed[key]:
            continue
        places = tuple(way.address for way in about.ways)
        yield Offer(space=key, name=about.name, sender=sender, places=places, paper=paper)


class SharedWithMe:
    """What other people share. For one thread."""

    def __init__(self, work: DeviceWork, names: Mapping[bytes, str]) -> None:
        """Begin; `names` are what the owner calls people, by their root ids."""
        self._work, self._devices, self._names = work, work.devices, names

    def offers(self) -> list[Offer]:
        """Return the invitations that wait."""
        return list(_offers(self._devices))

    def take(self, offer: Offer) -> Open:
        """Take an invitation on, durably; its places are called from now on.

        Raises:
            DeniedError: it is not of whose space it is.
        """
        return accept(self._devices, offer.paper, root_of(ContactId(offer.sender)))

    def spaces(self) -> Iterator[tuple[Open, Paper]]:
        """Yield what is shared: each space with the paper of a share in it."""
        for opened in self._devices.collections():
            if opened.is_foreign and opened.about.holds is Holds.SHARE:
                for paper in mine_in(self._devices, opened):
                    yield opened, paper

    def every(self) -> list[ReceivedView]:
        """Return all shares as they are shown."""
        return [self.view(opened, paper) for opened, paper in self.spaces()]

    def named(self, text: str) -> tuple[Open, Paper]:
        """Return the share that a name, or the beginning of an id, says.

        Raises:
            NotFoundError: none.
            InvalidError: several.
        """
        found = [
            (opened, paper)
            for opened, paper in self.spaces()
            if opened.about.name == text or (text and paper.grant.hex().startswith(text))
        ]
        if not found:
            raise NotFoundError("nobody shares anything under that name")
        if len(found) > 1:
            raise InvalidError("several shares are called so: say the id")
        return found[0]

    def object(self, opened: Open, path: str) -> Id16:
        """Return the object of a space that a path names.

        Raises:
            NotFoundError: there is none.
        """
        for thing, shown in opened.replica.state.tree.shown().items():
            if "/".join(shown.path) == path and not shown.is_folder:
                return Id16(thing)
        raise NotFoundError("nothing of that name is shared")

    def open(self, opened: Open, paper: Paper, wish: Wish) -> Iterator[bytes] | None:
        """Return content, by the way of its tier; None: the owner's device has not answered yet.

        An ask that waits for the same wish is gone on with, and no second one is made.

        Raises:
            DeniedError: it is not permitted, or was taken back.
            NotFoundError: nothing stands under that object.
            InvalidError: it is a document.
        """
        if self.is_closed(opened, paper):
            raise DeniedError
        standing = opened.replica.state.versions.standing(wish.thing).shown
        if standing and opened.replica.state.content(standing.id).kind is Content.DOCUMENT:
            raise InvalidError("a document is read as a document, not opened as a file")
        reach(self._work, opened)
        asking = Asking(self._devices, opened)
        if paper.clauses.tier < Tier.KEY_PER_USE:
            return asking.opened(wish)
        waiting = next((key for key, each in asking.waiting() if each == wish), None)
        return asking.used(asking.ask(wish) if waiting is None else waiting)

    def ask(
        self, opened: Open, paper: Paper, param: str, selection: str, purpose: str
    ) -> GivenAnswer | None:
        """Return what a program of its owner's answers; None: it has not answered yet.

        Raises:
            DeniedError: it is not permitted, or was taken back.
            NotFoundError: the program has not come, or is not asked that.
            InvalidError: no program answers in this share, or several purposes are possible.
            TamperedError: the answer is not what must be.
        """
        if self.is_closed(opened, paper):
            raise DeniedError
        return SharedAnswers(self._devices, opened, paper).ask(param, selection, purpose)

    def wish(self, paper: Paper, thing: Id16, action: str, purpose: str) -> Wish:
        """Return what is wished; without a purpose the only one that there is.

        Raises:
            InvalidError: several purposes are possible, or no such action.
        """
        if not purpose and len(paper.clauses.purposes) != 1:
            raise InvalidError("say what for: this share has several purposes")
        if action not in tuple(Action):
            raise InvalidError("no such action")
        what_for = Purpose(purpose) if purpose else next(iter(paper.clauses.purposes))
        return Wish(grant=paper.grant, thing=thing, action=Action(action), purpose=what_for)

    def is_closed(self, opened: Open, paper: Paper) -> bool:
        """Return whether a share was taken back, or this vault was let go."""
        return is_closed(self._devices, opened, paper)

    def view(self, opened: Open, paper: Paper) -> ReceivedView:
        """Return a share as it is shown."""
        names = {each: self._names.get(bytes(each), each.hex()[:16]) for each in paper.clauses.who}
        names[ContactId(self._devices.me.root)] = "you"
        shown = opened.replica.state.tree.shown()
        is_closed = self.is_closed(opened, paper)
        return ReceivedView(
            id=paper.grant.hex(),
            name=opened.about.name,
            owner=self._names.get(bytes(paper.owner), paper.owner.hex()[:16]),
            label=label(paper.clauses.tier),
            standing="taken back" if is_closed else standing_of(paper.clauses, self._devices.now()),
            lines=line_views(paper.clauses, names),
            objects=tuple(
                sorted("/".join(each.path) for each in shown.values() if not each.is_folder)
            ),
            waiting=len(Asking(self._devices, opened).waiting()),
            program=self._program(opened, paper),
        )

    def _program(self, opened: Open, paper: Paper) -> ProgramView | None:
        if paper.clauses.tier is not Tier.ANSWER or paper.epoch == REVOKED:
            return None
        return SharedAnswers(self._devices, opened, paper).view()
