"""A proxy that answers the proxies of others, beside the applications that it serves.

- For each statement: a permit of the vault, a connection at the provider, rows in frames each of
  which is charged before it is sent, and a receipt.
- Who is refused is told a code and a few words. What goes wrong here is told by its kind alone.
- A revocation that came from another process while this one serves lies as a file in the vault's
  folder. It is looked for before each statement and each frame, and each half a second.

Source: docs/spec/67-proxy-to-proxy.md sections 4 and 5.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.model.encoding import Plain, to_json
from sealhold.model.errors import (
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    NotFoundError,
    QueryRefusedError,
    SealholdError,
    WireError,
)
from sealhold.net.dial import Server
from sealhold.net.proxies import frames
from sealhold.net.proxies.serving import ProxyServer, server_of
from sealhold.net.relay.link import STILL, BrokenOffError, Link
from sealhold.node.peerlink import asked
from sealhold.protect.peers.planning import GrantPlanner
from sealhold.protect.peers.receipt import MAX_REQUEST, Ask, answer_hash, read_ask
from sealhold.protect.peers.running import REFUSED, Row, Running, code_of
from sealhold.protect.sql.session import Site
from sealhold.protect.sql.talk import Parts
from sealhold.vault.core import Core
from sealhold.vault.home import Home
from sealhold.vault.home import read as read_home
from sealhold.vault.proxyanswering import Answering, Permit, hash_of
from sealhold.vault.proxyasked import Asked
from sealhold.vault.proxygate import ProxyGate
from sealhold.vault.proxygrants import QueryGrants

BATCH: Final = 500  # rows of a frame at most
FRAME: Final = 131_072  # characters of a frame, of six bytes at most as JSON has them
CELL: Final = 8  # that a value takes beside its text, or NULL
LIMIT: Final = "SH006"
AWAY: Final = "SH005"

Who = bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Peering:
    """What answers other proxies, while a proxy is served."""

    core: Core
    home: Home
    site: Site  # of the applications: the same planner, row numbers and limits
    gate: ProxyGate  # whose users are grants
    server: Server  # the provider
    database: str

    def listening(self, host: str, port: int) -> ProxyServer:
        """Return a server that listens, and does not yet answer.

        Raises:
            UsageError: the address or port cannot be had.
        """
        grants = QueryGrants(self.core)
        answering = Answering(self.core, lambda: read_home(self.home.head))
        answers = _Answers(self, grants, answering, ended_folder(self.home.folder))
        me = Asked(self.core).me()
        return server_of(
            me=me,
            is_guest=answers.lets_in,
            answer=answers.once,
            tend=answers.tend,
            finish=answering.end,
            host=host,
            port=port,
        )


class _Answers:
    """Answers statements; several threads call at once."""

    def __init__(
        self, peering: Peering, grants: QueryGrants, answering: Answering, ended: Path
    ) -> None:
        self._peering, self._grants, self._answering = peering, grants, answering
        self._ended = ended

    def lets_in(self, who: Who) -> bool:
        """Whether somebody holds a grant that is not over; if not, the log is told."""
        if who in self._grants.requesters():
            return True
        self._answering.refused(None, REFUSED)
        return False

    def once(self, link: Link, who: Who) -> bool:
        """Answer one statement; return whether another one may come.

        Raises:
            BrokenOffError: the other end is away.
        """
        ask: Ask | None = None
        try:
            ask = read_ask(frames.asked(link, STILL, MAX_REQUEST))
            self._answered(link, who, ask)
        except (WireError, InvalidEncodingError) as err:
            self._refuse(link, ask, err)
            return False
        except SealholdError as err:
            self._refuse(link, ask, err)
        return True

    def tend(self) -> None:
        """Carry out each revocation that another process asked for."""
        for file in self._ended.glob("*"):
            with suppress(ValueError):  # a file of another name says nothing
                self._end_revoked(bytes.fromhex(file.name))

    def _answered(self, link: Link, who: Who, ask: Ask) -> None:
        self._end_revoked(ask.grant)
        permit = self._answering.permit(ask, who)
        peering = self._peering
        with asked(peering.server, self._maker(permit), ask.sql, ask.values) as found:
            self._stream(link, permit, found.rows(), found.running)

    def _maker(self, permit: Permit) -> Callable[[bytes], Running]:
        peering, site = self._peering, self._peering.site
        planner = GrantPlanner(site.planner, permit.kept.grant.terms)
        parts = Parts(
            planner=planner,
            gate=peering.gate,
            rids=site.rids,
            clock=site.clock,
            limits=site.limits,
            principal=permit.ask.grant.hex(),
            database=peering.database,
            versions=site.versions,
            watch=site.watch,
            sums=site.sums,
            hold=site.hold,
        )
        account = site.account(peering.database)
        return lambda tls: Running(parts, planner, account, site.entropy, tls)

    def _stream(
        self, link: Link, permit: Permit, rows: Iterator[list[Row]], running: Running
    ) -> None:
        hashes: list[bytes] = []
        count = 0

        def send(kind: bytes, said: Plain) -> None:
            body = to_json(said)
            hashes.append(hash_of(body))
            frames.send(link, kind, body)

        def begin() -> None:
            columns = running.columns
            if not hashes and columns is not None:
                send(frames.COLUMNS, {"names": columns.names, "types": columns.types})

        for batch in _batches(rows):
            begin()
            self._end_revoked(permit.ask.grant)
            self._answering.charge(permit, len(batch))
            count += len(batch)
            send(frames.ROWS, batch)
        begin()
        frames.send(link, frames.DONE, self._answering.receipt(permit, count, answer_hash(hashes)))

    def _end_revoked(self, grant: bytes) -> None:
        """Carry out a revocation that another process asked for."""
        # THREAT T760: looked for before each statement and each frame
        file = self._ended / grant.hex()
        if file.exists():
            with suppress(NotFoundError):
                self._grants.revoke(grant)
            file.unlink(missing_ok=True)

    def _refuse(self, link: Link, ask: Ask | None, err: SealholdError) -> None:
        self._answering.refused(None if ask is None else ask.grant, code_of(err))
        code, text = _told(err)
        with suppress(BrokenOffError, WireError):
            frames.send(link, frames.ERROR, to_json({"code": code, "message": text}))


def ended_folder(home: Path) -> Path:
    """Return where revocations lie that a serving proxy is to carry out: a file for each grant."""
    return home / "proxy" / "ended"


def _batches(rows: Iterator[list[Row]]) -> Iterator[Sequence[Row]]:
    """Yield rows in portions that a frame holds."""
    for found in rows:
        batch: list[Row] = []
        size = 0
        for row in found:
            length = sum(len(each or "") + CELL for each in row)
            if batch and (len(batch) >= BATCH or size + length > FRAME):
                yield batch
                batch, size = [], 0
            batch.append(row)
            size += length
        yield batch


def _told(err: SealholdError) -> tuple[str, str]:
    """Return what an asker is told: a code, and words that hold nothing of the provider's."""
    if isinstance(err, QueryRefusedError):
        code, _, text = str(err).partition(": ")
        return code, text
    if isinstance(err, ExhaustedError):
        return LIMIT, str(err)
    if isinstance(err, DeniedError):
        return REFUSED, str(err)
    if isinstance(err, WireError | InvalidEncodingError):
        return "08P01", "not a statement in the form of proxies, or an answer too long for it"
    return AWAY, "the owner's proxy cannot answer now"
