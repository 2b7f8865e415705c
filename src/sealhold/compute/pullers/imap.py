"""Mail on a server, over IMAP.

- Who signs in with an access token brings it: nothing here asks for one or renews it.
- Only looked at: nothing is marked, moved or removed there.
- What is new since the last pull is read; a mail that was removed there stays where it is kept.

Source: docs/spec/37-live.md section 4.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from sealhold.compute.live import calling
from sealhold.compute.pullers.address import COMMON, Scheme, Ways, order_of
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.connectors.sources.mbox import Mbox
from sealhold.model.errors import InvalidError

WAYS_IN = ("password", "token")
SCHEMES: Mapping[str, Scheme] = {
    "imaps": Scheme(port=993, tls="tls"),
    "imap": Scheme(port=143, tls="starttls"),
}


class ImapPuller:
    """Reads mail of a server."""

    kind: ClassVar[str] = "imap"
    about: ClassVar[str] = "Mail on a server, over IMAP: looked at, never touched."
    place: ClassVar[str] = "imaps://alice@mail.example.org"
    options: ClassVar[Mapping[str, str]] = {
        "folders": "which folders, by name, with commas; without it all but junk and trash",
        "auth": "`token`: what is given is an access token (OAuth); a password without it",
        **COMMON,
    }
    is_local: ClassVar[bool] = False
    is_whole: ClassVar[bool] = True
    can_stay: ClassVar[bool] = True

    def __init__(self, names: Mapping[str, list[str]] | None = None) -> None:
        self._ways = Ways(schemes=SCHEMES, names=names or {})

    def check(self, where: Where) -> Health:
        """Look how many mails there are.

        Raises:
            InvalidError: `auth` is no way to sign in.
        """
        if where.settings.get("auth", WAYS_IN[0]) not in WAYS_IN:
            raise InvalidError("`auth` is `password` or `token`")
        found = calling.check(order_of(self.kind, where, self._ways, is_check=True, cursor=None))
        return Health(
            sentence=found.sentence, settings={**where.settings, "datasets": ["messages"]}
        )

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield mails in the form of mbox, folder by folder."""
        order = order_of(self.kind, where, self._ways, is_check=False, cursor=cursor)
        yield from calling.pull(order, (Mbox.name, Mbox.version))
