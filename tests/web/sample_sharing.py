"""People and shares of the sample vault, as pages show them; nothing is given."""

from sealhold.model.errors import NotADeviceError, NotFoundError, WrongPassphraseError
from sealhold.model.shown.circle import (
    CardLook,
    OfferView,
    ReceivedPage,
    ShareChoices,
    SharePage,
    ShareWish,
    SharingView,
)
from sealhold.model.shown.contacts import ContactView, LetterView, OwnCardView
from sealhold.model.shown.shares import (
    EffectView,
    FindingView,
    LineView,
    PreviewView,
    ReceivedView,
    RevokedView,
    ShareView,
    UseView,
)
from tests.web.sample_data import NOW
from tests.web.sample_state import PASSPHRASE, SampleState

SHARE, TAKEN, BEN = "0c" * 16, "0d" * 16, "0e" * 32
WORDS = ("copper", "violin", "harbour", "meadow", "ticket", "raven") * 2
LINES = (
    LineView(says="for Ben", holds="agreed; their own program sees to it"),
    LineView(says="until 1 Jan 2027", holds="later versions are not sent any more"),
)
LABEL = "T1: agreed, not enforced"
ODD = FindingView(sign="no_end", fix="set_end", objects=("papers/letter.txt",))


def contact(stranger: str) -> ContactView:
    return ContactView(
        id=BEN,
        name=f"Ben{stranger}",
        calls_themselves=f"Benjamin{stranger}",
        standing="paused",
        words=WORDS,
        other_words=WORDS[::-1],
        devices=2,
        hosts=("relay.example",),
        new_hosts=("other.example",),
        number=1,
    )


class SampleSharing:
    """Ben, a share to him, and one from him."""

    def __init__(self, state: SampleState) -> None:
        self._state = state

    def look(self) -> SharingView:
        self._state.need_open()
        if not self._state.item_lines:
            raise NotADeviceError("this vault is no device yet")
        return SharingView(
            name="Alice",
            words=WORDS,
            contacts=(contact(self._state.stranger),),
            letters=(
                LetterView(
                    way="in",
                    person="",
                    kind="card",
                    why="they are not known",
                    sender=BEN,
                    words=WORDS,
                    size=900,
                ),
            ),
            shares=(self._given(),),
            offers=(
                OfferView(
                    id="05" * 16,
                    name=f"album{self._state.stranger}",
                    owner="Ben",
                    places=("https://relay.example",),
                ),
            ),
            received=(self._taken(),),
        )

    def _given(self) -> ShareView:
        return ShareView(
            id=SHARE,
            name="letters",
            people=("Ben",),
            label=LABEL,
            standing="in force",
            lines=LINES,
            objects=2,
            uses=3,
            most=5,
            receipts=2,
            odd=("gap at 2",),
            silent=("3",),
            unconfirmed=("phone",),
        )

    def _taken(self) -> ReceivedView:
        name = f"holiday{self._state.stranger}"
        return ReceivedView(
            id=TAKEN,
            name=name,
            owner="Ben",
            label=LABEL,
            standing="in force",
            lines=LINES,
            objects=("day one.txt", name),
            waiting=1,
        )

    def card(self, name: str = "") -> OwnCardView:
        self._state.need_open()
        return OwnCardView(
            id="06" * 32,
            name=name or "Alice",
            words=WORDS,
            short="S",
            text="CARD",
            devices=1,
            hosts=(),
            troubles=(),
        )

    def read(self, text: str) -> CardLook:
        self._state.need_open()
        return CardLook(name=text[:20], words=WORDS, devices=1, hosts=("relay.example",))

    def add(self, text: str, name: str, passphrase: str) -> str:
        assert text
        assert name
        self._need(passphrase)
        return BEN

    def verify(self, contact: str, words: str, passphrase: str) -> None:
        assert contact
        assert words
        self._need(passphrase)

    def allow(self, contact: str, passphrase: str) -> None:
        assert contact
        self._need(passphrase)

    def forget(self, contact: str) -> None:
        raise NotFoundError(f"no contact {contact}")

    def choices(self) -> ShareChoices:
        self._state.need_open()
        if not self._state.item_lines:
            return ShareChoices(contacts=(), collections=(), purposes=(), tiers=())
        return ShareChoices(
            contacts=(contact(self._state.stranger),),
            collections=("papers",),
            purposes=(("ServiceProvision", "provide a service"),),
            tiers=(("T1", LABEL),),
        )

    def preview(self, wish: ShareWish) -> PreviewView:
        self._state.need_open()
        effect = EffectView(
            person="Ben",
            tier="T1",
            appears=wish.objects,
            goes=(),
            changed=(),
            unchanged=0,
            types=(),
        )
        return PreviewView(
            label=LABEL,
            lines=LINES,
            effects=(effect,),
            findings=(ODD,),
            would_add=((30, 1),),
            digest="07" * 32,
        )

    def make(self, wish: ShareWish, digest: str, meant: tuple[str, ...], passphrase: str) -> str:
        assert wish.people
        assert digest
        assert meant
        self._need(passphrase)
        return SHARE

    def share(self, id_text: str) -> SharePage:
        self._state.need_open()
        if id_text != SHARE:
            raise NotFoundError("no such share")
        use = UseView(
            number=1,
            at=int(NOW),
            person="Ben",
            action="view",
            purpose="ServiceProvision",
            object="letter.txt",
            permitted=True,
            signed="by both",
        )
        told = RevokedView(stops="new keys", given="2 objects", asked="to close", unknown="copies")
        return SharePage(view=self._given(), uses=(use,), revocation=told)

    def revoke(self, id_text: str) -> RevokedView:
        return self.share(id_text).revocation

    def accept(self, offer_text: str, passphrase: str) -> None:
        assert offer_text
        self._need(passphrase)

    def received(self, id_text: str) -> ReceivedPage:
        self._state.need_open()
        if id_text != TAKEN:
            raise NotFoundError("no such share")
        return ReceivedPage(
            view=self._taken(),
            actions=("export", "view"),
            purposes=(("A", "provide a service"), ("B", "sell something")),
            is_asked=True,
            is_answer=False,
        )

    def open(self, id_text: str, path: str, action: str, purpose: str) -> bytes | None:
        self.received(id_text)
        return f"{path} {action} {purpose}".encode()

    def _need(self, passphrase: str) -> None:
        if passphrase != PASSPHRASE:
            raise WrongPassphraseError
