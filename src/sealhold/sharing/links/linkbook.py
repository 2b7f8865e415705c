"""The links that a person made, as their vault keeps them; each change with its entry in the log.

- A row is durable, with its entry, before the first byte goes out.
- What the host tells of openings is written down once it is heard.

Source: docs/spec/53-link-shares.md section 6.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Final

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError, NotFoundError, TamperedError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.net.relay.linkspec import End, LinkTold
from sealhold.stores.spec import Put, Row
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.linkrows import LINKS
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

BEGUN: Final = "begun"  # and not everything is there
OPEN: Final = "open"
GONE: Final = "gone"  # the host knows it no more
OVER: Final = frozenset({*map(str, End), GONE} - {End.FILLING, End.READY})
LEAST_DIGITS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLink:
    """A link, as its owner knows it."""

    id: bytes  # 16
    host: str
    token: str  # of the account there
    name: str
    kind: str  # `file` or `record`
    sender: str
    size: int
    until: int
    most: int  # 0: any number
    asks: bool  # for a passphrase
    made: int
    state: str = BEGUN
    opened: int = 0
    wrong: int = 0
    times: tuple[int, ...] = ()


class LinkBook:
    """The rows of links, written through the vault's one writer."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._teller = Teller(core.keys)

    def every(self) -> list[KeptLink]:
        """Return all links, the newest first."""
        found = [self._read(found.row) for found in scan_all(self._core.store, LINKS)]
        return sorted(found, key=lambda each: (-each.made, each.id))

    def find(self, text: str) -> KeptLink:
        """Return the link whose id begins so.

        Raises:
            NotFoundError: none does.
            InvalidError: several do.
        """
        asked = text.lower()
        found = [each for each in self.every() if each.id.hex().startswith(asked)]
        if not found or len(asked) < LEAST_DIGITS:
            raise NotFoundError("no link of that id")
        if len(found) > 1:
            raise InvalidError("several links begin so: say more of the id")
        return found[0]

    def begin(self, link: KeptLink) -> None:
        """Keep a link before anything of it leaves.

        Raises:
            AuditUnavailableError: nothing can be written; so nothing may leave.
        """
        self._write(link, BEGUN)

    def become(self, link: KeptLink, state: str, reason: str) -> KeptLink:
        """Keep that a link is in another state; return it."""
        found = replace(link, state=state)
        self._write(found, reason)
        return found

    def hear(self, link: KeptLink, told: LinkTold) -> KeptLink:
        """Keep what the host tells of a link; return it."""
        state = {End.READY: OPEN, End.FILLING: BEGUN}.get(told.end, told.end.value)
        times = tuple(map(int, told.times))
        came = max(0, told.opened - link.opened)
        found = replace(link, state=state, opened=told.opened, wrong=told.wrong, times=times)
        if found == link:
            return link
        if came:
            # THREAT T558: what the host counted stands in the owner's own log from then on
            self._write(found, "opened", came)
        if state != link.state or not came:
            self._write(found, state if state in OVER else "heard")
        return found

    def _write(self, link: KeptLink, reason: str, came: int = 0) -> None:
        paper = {name: value for name, value in asdict(link).items() if name != "id"}
        paper["times"] = list(link.times)
        sealed = self._core.papers.seal(LINKS.name, (link.id,), paper)
        event = Event(
            kind=EventKind.LINK,
            actor=Actor.OUTSIDER if came else Actor.OWNER,
            subject=self._teller.subject,
            records=self._teller.tag(Id16(link.id)),
            rows_out=came,
            reason=reason,
        )
        row = Put(LINKS.name, (link.id, sealed))
        entries = (self._teller.entry(event),)
        # what is begun leaves next, so the log's head is written beside the rows first
        self._core.writer.submit([Work((row,), entries, releases=reason == BEGUN)]).result()

    def _read(self, row: Row) -> KeptLink:
        id_, sealed = row
        paper = self._core.papers.open(LINKS.name, (id_,), sealed)
        names = {each.name for each in fields(KeptLink)} - {"id"}
        if not isinstance(paper, Mapping) or paper.keys() != names:
            raise TamperedError("the row of a link is not what was written")
        told: dict[str, Plain] = {**paper, "times": tuple(paper["times"])}
        return KeptLink(id=id_, **told)


def left(link: KeptLink, now: Instant) -> bool:
    """Return whether a link may still be opened, as far as its owner knows."""
    return link.state in {BEGUN, OPEN} and now < link.until
