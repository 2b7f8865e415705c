"""Opening a link without the page of its host: pieces are asked for, checked and opened here.

Source: docs/spec/53-link-shares.md sections 3 and 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.crypto.linkseal import LinkKeys, link_keys, open_piece
from sealhold.model.errors import TamperedError
from sealhold.net.relay.calling import Caller
from sealhold.net.relay.linkcalls import Opened, open_link
from sealhold.sharing.links.linkhead import PLAIN, Link, LinkHead, head_in


@dataclass(frozen=True, slots=True)
class Shared:
    """A link that was opened: what it says, and its content."""

    head: LinkHead
    _keys: LinkKeys
    _opened: Opened

    def content(self) -> Iterator[bytes]:
        """Yield the content piece by piece.

        Raises:
            SealBrokenError: a piece is not what was sealed.
            TamperedError: a piece was sealed shorter than it has to be.
            LinkEndedError: it ended meanwhile.
            CarrierAwayError: no answer.
        """
        left = self.head.size
        for number in range(1, self._opened.count):
            plain = _piece(self._opened, self._keys, number)
            if len(plain) < min(left, PLAIN):
                raise TamperedError("a piece of a link share is too short")
            yield plain[: min(left, len(plain))]
            left -= min(left, len(plain))


def opened(caller: Caller, link: Link, passphrase: str = "") -> Shared:
    """Open a link, which its host counts.

    Raises:
        LinkRefusedError: it is not there, or the key or passphrase is wrong.
        LinkEndedError: it opens no more.
        TamperedError: what came is not what was sealed.
        CarrierAwayError: no answer.
    """
    keys = link_keys(link.key, link.id, passphrase if link.asks else "")
    found = open_link(caller, link.id, keys.proof.reveal())
    head = head_in(_piece(found, keys, 0))
    if max(1, -(-head.size // PLAIN)) != found.count - 1:
        raise TamperedError("a link's head is not that of its pieces")
    return Shared(head, keys, found)


def _piece(found: Opened, keys: LinkKeys, number: int) -> bytes:
    return open_piece(keys.content, found.link, number, found.count, found.piece(number))
