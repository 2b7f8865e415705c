"""A proxy put together for serving: policy, keys, state, planner and gate, for as long as it runs.

- The log is told that it is served, and that it ended; what was used is told before that.
- Everything is taken from the vault at the start. A policy, user or secret that is changed holds
  from the next start on: one process has a vault open at a time.

Source: docs/spec/59-proxy-in-a-vault.md section 6.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final

from sealhold.model.errors import SealholdError, UsageError
from sealhold.net.dial import Server
from sealhold.node.node import Node
from sealhold.node.pgserving import Certificate, PgDoor
from sealhold.node.proxyasking import Provider
from sealhold.node.proxyauditing import Audits, heads_noted
from sealhold.node.proxymigrations import Migrations, under_way
from sealhold.node.proxyplaces import account_of, postgres_of, server_of
from sealhold.protect.columns import Column, Derived, columns_of
from sealhold.protect.guards import tag_rows
from sealhold.protect.migrating.meanwhile import meanwhile
from sealhold.protect.policy import Policy
from sealhold.protect.policyfile import load
from sealhold.protect.sql.names import LOADING, Cells, Names, read_names
from sealhold.protect.sql.plan import Plan
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.session import Site
from sealhold.protect.sql.upstream import Account
from sealhold.protect.sql.views import shown_by
from sealhold.protect.state import State
from sealhold.protect.statemoves import Notes
from sealhold.protect.statetokens import Tokens
from sealhold.vault.core import Core
from sealhold.vault.proxygate import SECONDS, ProxyGate
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxymoves import MovesLog
from sealhold.vault.proxypolicies import Policies
from sealhold.vault.proxysecrets import ProxySecrets
from sealhold.vault.proxystates import ProxyStates
from sealhold.vault.proxyusers import Users

_SECOND: Final = 1_000  # milliseconds
_TURNS: Final = 32  # bits: changes of phases, below the version of the policy

_Columns = Mapping[tuple[str, str], Mapping[str, Column]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """What a listener serves, and what is said about it."""

    door: PgDoor
    policy: str
    version: int
    provider: str  # without a secret
    migrations: Migrations
    audits: Audits


@dataclass(frozen=True, slots=True)
class Planning:
    """The planner as a session asks it, with the names that the provider tells."""

    planner: Planner
    columns: _Columns
    notes: Notes

    @property
    def version(self) -> int:
        """Which policy and which phases of migrations it follows."""
        return (self.planner.policy.version << _TURNS) + self.notes.turn

    @property
    def loading(self) -> Sequence[str]:
        """What is asked of the provider to know its names, each a SELECT."""
        return LOADING

    def names(self, answers: Sequence[Sequence[Cells]]) -> Names:
        """Return the names that the answers to `loading` tell of, in the same order."""
        moving = meanwhile(lambda: under_way(self.notes, self.columns))
        return read_names(answers, self.columns, self.planner.is_listed, shown_by, moving)

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        """Return what is done for each statement of a text."""
        return self.planner.plan(text, oids, names)


@contextmanager
def proxying(
    node: Node,
    environment: Mapping[str, str],
    *,
    policy: str = "",
    certificate: tuple[Path, Path] | None = None,
    renew: bool = False,
) -> Iterator[Proxy]:
    """Lend a proxy that is ready to be served.

    Args:
        node: an open vault.
        environment: where secrets named `env:NAME` stand.
        policy: which one of several in force; empty for the only one.
        certificate: PEM files of a chain and its key; None: no TLS, on this machine alone.
        renew: begin a new state where the one that was is gone or older.

    Raises:
        NotFoundError: no policy is in force, or a key or secret is missing.
        UsageError: the certificate cannot be.
        InvalidPolicyError: the provider's address cannot be.
        ProxyStateLostError: the state is gone or older than it was.
        AuditUnavailableError: the log cannot be written.
        StoreUnavailableError: the disk refuses.
    """
    core = node.parts.core
    active = Policies(core).active(policy)
    read = load(active.text)
    keys, users = ProxyKeys(core), Users(core)
    # THREAT T688: a name that nobody has gets a salt that stays
    strangers = keys.strangers()
    datasets = keys.of({table.dataset for table in read.tables if table.is_protected})
    csp, states = postgres_of(read), ProxyStates(core, node.home)
    server = server_of(csp)
    account = account_of(csp, ProxySecrets(core), environment)
    shown = None if certificate is None else _certificate(*certificate)
    state = states.open(active.name, renew=renew)
    gate = ProxyGate(core, users, read, lambda: core.clock() / _SECOND)
    try:
        planning = _planning(core, read, Derived(datasets.__getitem__), state)
        connect = partial(Provider, server, account, core.entropy)
        audits = Audits.of(core, active, read, planning.columns, (states, state), connect)
        site = Site(
            planner=planning,
            gate=gate,
            rids=state,
            clock=core.clock,
            entropy=core.entropy,
            limits=read.limits,
            verifier=lambda name: users.verifier(name, strangers),
            account=lambda _database: account,
            versions=audits.versions,
            offers_tls=shown is not None,
            demands_tls=shown is not None,
        )
        with _swept(gate), heads_noted(audits):
            yield Proxy(
                door=PgDoor(site, lambda _database: server, shown),
                policy=active.name,
                version=active.version,
                provider=csp.url,
                migrations=_migrations(core, planning, state, server, account),
                audits=audits,
            )
    finally:
        gate.close()
        states.close(active.name, state)


def _planning(core: Core, policy: Policy, keys: Derived, state: State) -> Planning:
    columns = columns_of(
        policy,
        keys,
        core.entropy,
        state.count,
        lambda key: Tokens(state, f"{key.dataset}/{key.domain}"),
    )
    tag_rows(policy, columns, keys)
    return Planning(Planner(policy, columns), columns, Notes(state))


def _migrations(
    core: Core, planning: Planning, state: State, server: Server, account: Account
) -> Migrations:
    return Migrations(
        columns=planning.columns,
        notes=planning.notes,
        planned=planning,
        connect=lambda: Provider(server, account, core.entropy),
        rids=state,
        log=MovesLog(core),
        clock=core.clock,
    )


def _certificate(chain: Path, key: Path) -> Certificate:
    try:
        return Certificate.of(chain, key)
    except (OSError, ValueError) as err:
        raise UsageError("the files are no certificate with its key, in PEM") from err


@contextmanager
def _swept(gate: ProxyGate) -> Iterator[None]:
    """Tell the log of what is over from time to time, also while nobody asks for more."""
    ending = Event()

    def sweep() -> None:
        while not ending.wait(SECONDS):
            with suppress(SealholdError):  # the lease stands in the log as used up
                gate.sweep()

    thread = Thread(target=sweep, name="proxy log", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
