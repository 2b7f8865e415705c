"""Opening the file of a proxy's state: whether it is the newest that there was.

- The vault remembers the turn of the file when a proxy is served and when it ends. A file that is
  gone, or behind that turn, is not used: what was counted since would be counted anew.
- Row numbers do not depend on it. Who begins a new state says so, and it is in the log.

Source: docs/spec/59-proxy-in-a-vault.md section 2.
"""

from pathlib import Path

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.model.errors import ProxyStateLostError
from sealhold.model.ids import Collection
from sealhold.protect.state import State
from sealhold.stores.spec import Expect
from sealhold.vault.core import Core
from sealhold.vault.home import OWNER_ONLY, Home
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxyrows import ProxyRows, Thing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

SERVED, ENDED = "a proxy is served", "a proxy ended"
RENEWED = "a proxy is served with a new state"


class ProxyStates:
    """Opens the states of one vault's proxies, and remembers how new they were."""

    def __init__(self, core: Core, home: Home) -> None:
        self._core, self._folder = core, home.folder / "proxy"
        self._rows, self._keys = ProxyRows(core), ProxyKeys(core)

    def path(self, proxy: str) -> Path:
        """Return where a proxy keeps its state."""
        return self._folder / f"{proxy}.db"

    def open(self, proxy: str, *, renew: bool) -> State:
        """Return the state of a proxy, a new one if it had none, and tell the log of it.

        Args:
            proxy: the name of its policy.
            renew: begin a new state where the one that was is gone or older than it was.

        Raises:
            ProxyStateLostError: it is gone or older than it was.
            TamperedError: the file is damaged.
            AuditUnavailableError: the log cannot be written.
            StoreUnavailableError: the disk refuses.
        """
        path, key, entropy = self.path(proxy), self._keys.state(proxy), self._core.entropy
        kept = self._rows.get(Thing.STATE, proxy)
        self._folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
        reason = SERVED
        # THREAT T680, T771: a file that is gone, or behind the turn of the vault's row, is not used
        try:
            if kept is None and not path.exists():
                state = State.make(path, key, entropy)
            else:
                turn = 0 if kept is None else int(kept.paper["turn"])
                state = State(path, key, entropy, turn)
        except ProxyStateLostError:
            if not renew:
                raise
            for ending in ("", "-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            state, reason = State.make(path, key, entropy), RENEWED
        try:
            self._note(proxy, state, reason)
        except BaseException:
            state.close()
            raise
        return state

    def close(self, proxy: str, state: State) -> None:
        """Let go of a state, and tell the log that the proxy ended.

        Raises:
            AuditUnavailableError: the log cannot be written; the state is closed.
            StoreUnavailableError: the disk refuses.
        """
        try:
            self._note(proxy, state, ENDED)
        finally:
            state.close()

    # THREAT T720: an older copy of the file than this is refused from here on
    def head(self, proxy: str, state: State, digest: bytes) -> None:
        """Remember how new a state is, and tell the log what stands for all rows in it.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY_HEAD, actor=Actor.VAULT, subject=teller.subject, digest=digest
        )
        self._remember(proxy, state, teller, event)

    def audited(self, table: str, rows: int, found: int, reason: str) -> None:
        """Tell the log of an audit of one table.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY_AUDIT,
            actor=Actor.OWNER,
            outcome=Outcome.FAILED if found else Outcome.DONE,
            subject=teller.subject,
            collection=Collection(table),
            rows_read=rows,
            rows_out=found,
            reason=reason,
        )
        self._core.writer.commit(Work((), (teller.entry(event),), releases=True))

    def _note(self, proxy: str, state: State, reason: str) -> None:
        teller = Teller(self._core.keys)
        event = Event(
            kind=EventKind.PROXY, actor=Actor.OWNER, subject=teller.subject, reason=reason
        )
        self._remember(proxy, state, teller, event)

    def _remember(self, proxy: str, state: State, teller: Teller, event: Event) -> None:
        put = self._rows.put(Thing.STATE, proxy, {"turn": state.turn}, expect=Expect.ANY)
        self._core.writer.commit(Work((put,), (teller.entry(event),), releases=True))
