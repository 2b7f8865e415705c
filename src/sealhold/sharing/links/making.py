"""Making a link: its row, then its pieces, then the word that all are there.

- What goes out is compared with what was looked at; if it is other, the link is ended again.

Source: docs/spec/53-link-shares.md section 6.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sealhold.crypto.digest import Sha256, equal, sha256
from sealhold.crypto.linkseal import KEY_BYTES, LinkKeys, link_keys, seal_piece
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.errors import CarrierRefusedError, InvalidError, TamperedError
from sealhold.model.ids import Id16, random_id
from sealhold.model.quantities import Instant
from sealhold.net.relay.calling import Caller
from sealhold.net.relay.linkcalls import LinkOwner
from sealhold.sharing.links.linkbook import OPEN, KeptLink, LinkBook
from sealhold.sharing.links.linkhead import Link, LinkHead, padded, terms_of

Tell = Callable[[int, int], None]  # bytes that went, of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a link is to be."""

    head: LinkHead
    content: Callable[[], Iterable[bytes]]
    digest: bytes  # SHA-256 of the content that was looked at
    kind: str
    host: str
    token: str
    most: int
    passphrase: str


def make(
    book: LinkBook, caller: Caller, wanted: Wanted, now: Instant, entropy: Entropy, tell: Tell
) -> tuple[KeptLink, Link]:
    """Make a link and return it; its key is nowhere else.

    Raises:
        AuditUnavailableError: nothing can be written here; nothing left.
        TamperedError: what is shared is not as it was written; the link was ended again.
        TooLargeError: it is more than a link may hold.
        InvalidError: what is shared changed while it was read; the link was ended again.
        CarrierRefusedError: the token is of no account there.
        CarrierFullError: the account has no room.
        CarrierAwayError: no answer; the link stands in the list, and can be ended.
    """
    link = Link(
        wanted.host,
        random_id(entropy),
        Secret(entropy(KEY_BYTES), "link key"),
        bool(wanted.passphrase),
    )
    head = wanted.head
    keys = link_keys(link.key, link.id, wanted.passphrase)
    terms = terms_of(head.size, sha256(keys.proof.reveal()), head.until, wanted.most)
    kept = _kept(link, wanted, now)
    # THREAT T559: the owner's row and the entry in the log first; else nothing goes out
    book.begin(kept)
    owner = LinkOwner(caller, wanted.token, link.id)
    try:
        owner.begin(terms)
    except CarrierRefusedError:
        book.become(kept, "revoked", "refused")
        raise
    try:
        for number, piece in enumerate(_pieces(link, keys, wanted, terms.pieces)):
            owner.put(number, piece)
            tell(min(number * len(piece), head.size), head.size)
        owner.ready()
    except (InvalidError, TamperedError):
        owner.end()
        book.become(kept, "revoked", "revoked")
        raise
    return book.become(kept, OPEN, "made"), link


def end(book: LinkBook, caller: Caller, kept: KeptLink) -> KeptLink:
    """Have a link open no more.

    Raises:
        CarrierAwayError: no answer; it may have ended.
        CarrierRefusedError: the token is of no account there any more.
    """
    LinkOwner(caller, kept.token, Id16(kept.id)).end()
    return book.become(kept, "revoked", "revoked")


def _pieces(link: Link, keys: LinkKeys, wanted: Wanted, count: int) -> Iterator[bytes]:
    seen = Sha256()

    def watched() -> Iterator[bytes]:
        for part in wanted.content():
            seen.update(part)
            yield part

    yield seal_piece(keys.content, link.id, 0, count, wanted.head.told())
    for number, plain in enumerate(padded(watched(), wanted.head.size), 1):
        yield seal_piece(keys.content, link.id, number, count, plain)
    # THREAT T559: what was not looked at is opened to nobody
    if not equal(seen.digest(), wanted.digest):
        raise InvalidError("what is shared changed while it was read")


def _kept(link: Link, wanted: Wanted, now: Instant) -> KeptLink:
    head = wanted.head
    return KeptLink(
        id=bytes(link.id),
        host=wanted.host,
        token=wanted.token,
        name=head.name,
        kind=wanted.kind,
        sender=head.sender,
        size=head.size,
        until=head.until,
        most=wanted.most,
        asks=link.asks,
        made=now,
    )
