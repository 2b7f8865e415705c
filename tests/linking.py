"""Links for tests: made at a relay without a vault, and a relay that changes what it gives out."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sealhold.crypto.digest import sha256
from sealhold.crypto.linkseal import link_keys, seal_piece
from sealhold.crypto.secret import Secret
from sealhold.model.ids import Id16
from sealhold.model.quantities import DAY, Instant
from sealhold.net.relay.linkcalls import LinkOwner
from sealhold.net.relay.linkspec import LinkTerms, LinkTold
from sealhold.net.relay.spec import Stored
from sealhold.policy.shareterms import Tier
from sealhold.policy.sharetexts import label
from sealhold.sharing.hosting.linkshelf import LinkShelf
from sealhold.sharing.links.linkhead import Link, LinkHead, padded, terms_of
from tests.relaying import NOW, Running, entropy

PHRASE = "correct horse"
UNTIL = Instant(NOW + 7 * DAY)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A link, and what its owner has."""

    link: Link
    owner: LinkOwner
    head: LinkHead
    terms: LinkTerms

    @property
    def text(self) -> str:
        """What is sent to somebody."""
        return self.link.text()


def made(
    relay: Running,
    content: bytes,
    *,
    name: str = "note.txt",
    sender: str = "Ada",
    passphrase: str = "",
    most: int = 0,
    until: Instant = UNTIL,
    seed: bytes = b"",
) -> Made:
    """Make a link to `content` at a relay."""
    fresh = sha256(seed or entropy(16))
    id_, key = Id16(fresh[:16]), Secret(sha256(fresh), "link key")
    host = f"http://{relay.address.host}:{relay.address.port}"
    link = Link(host, id_, key, bool(passphrase))
    keys = link_keys(key, id_, passphrase)
    head = LinkHead(
        name=name, size=len(content), sender=sender, until=until, label=label(Tier.COPY)
    )
    terms = terms_of(len(content), sha256(keys.proof.reveal()), until, most)
    owner = LinkOwner(relay.caller(), relay.place.account_token(), id_)
    owner.begin(terms)
    plains = [head.told(), *padded([content], len(content))]
    for number, plain in enumerate(plains):
        owner.put(number, seal_piece(keys.content, id_, number, len(plains), plain))
    owner.ready()
    return Made(link=link, owner=owner, head=head, terms=terms)


Change = Callable[[Id16, int, bytes], bytes]


@dataclass(slots=True)
class LyingShelf:
    """Keeps link shares, and gives out what `change` makes of them."""

    shelf: LinkShelf
    change: Change = lambda _link, _number, data: data
    counts: Callable[[int], int] = lambda count: count
    proofs: list[bytes] = field(default_factory=list)  # that it was shown

    def begin(self, account: Id16, link: Id16, terms: LinkTerms) -> Stored:
        return self.shelf.begin(account, link, terms)

    def put(self, account: Id16, link: Id16, number: int, data: bytes | bytearray) -> Stored:
        return self.shelf.put(account, link, number, data)

    def ready(self, account: Id16, link: Id16) -> bool:
        return self.shelf.ready(account, link)

    def told(self, account: Id16, link: Id16) -> LinkTold:
        return self.shelf.told(account, link)

    def end(self, account: Id16, link: Id16) -> None:
        self.shelf.end(account, link)

    def open(self, link: Id16, proof: bytes) -> tuple[bytes, int]:
        self.proofs.append(proof)
        ticket, count = self.shelf.open(link, proof)
        return ticket, self.counts(count)

    def piece(self, ticket: bytes, link: Id16, number: int) -> bytes:
        return self.change(link, number, self.shelf.piece(ticket, link, number))
