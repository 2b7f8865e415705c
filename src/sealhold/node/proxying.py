"""A proxy put together for serving: policy, keys, state, planner and gate, for as long as it runs.

- The log is told that it is served, and that it ended; what was used is told before that.
- Everything is taken from the vault at the start. A policy, user or secret that is changed holds
  from the next start on: one process has a vault open at a time.

Source: docs/spec/59-proxy-in-a-vault.md section 6.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from sealhold.model.errors import SealholdError, UsageError
from sealhold.node.node import Node
from sealhold.node.peering import Peering
from sealhold.node.pgserving import Certificate, PgDoor
from sealhold.node.proxyasking import Provider
from sealhold.node.proxyauditing import Audits, heads_noted
from sealhold.node.proxycrowd import Crowd
from sealhold.node.proxymigrations import Migrations
from sealhold.node.proxypairs import PairKeeper, kept_up
from sealhold.node.proxyplaces import postgres_of
from sealhold.node.proxyplanning import Planning, migrations_of, planning_of
from sealhold.node.proxysumming import Summing
from sealhold.node.proxywatching import Watching, baits_of, watching_of
from sealhold.protect.columnkeys import Derived
from sealhold.protect.policy import Policy
from sealhold.protect.policyfile import load
from sealhold.protect.sql.guarding import Guarded
from sealhold.protect.sql.roleplanning import RolePlanning, roled
from sealhold.protect.sql.session import Site
from sealhold.protect.state import State
from sealhold.protect.tolerance import Tolerance
from sealhold.vault.core import Core
from sealhold.vault.proxygate import SECONDS, ProxyGate
from sealhold.vault.proxygrants import GrantUsers
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxypolicies import Activated, Policies
from sealhold.vault.proxystates import ProxyStates
from sealhold.vault.proxyusers import Users

if TYPE_CHECKING:
    from sealhold.node.proxyfolding import Folder

_SECOND: Final = 1_000  # milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """What a listener serves, and what is said about it."""

    door: PgDoor
    policy: str
    version: int
    provider: str  # without a secret
    migrations: Migrations
    audits: Audits
    watching: Watching
    peering: Peering
    folder: "Folder | None" = None  # of sums at agents


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What one proxy is made of, once its state is open."""

    core: Core
    active: Activated
    policy: Policy
    keys: Derived
    state: State
    states: ProxyStates
    gate: ProxyGate
    others: ProxyGate  # of grants
    watching: Watching
    planning: Planning
    connect: Callable[[], Provider]
    audits: Audits
    crowd: Crowd

    def site(self, users: Users, keys: ProxyKeys, *, has_tls: bool) -> Site:
        """Return what all sessions share."""
        core, tolerance = self.core, self.watching.tolerance
        # THREAT T688: a name that nobody has gets a salt that stays
        strangers = keys.strangers()
        roles = roled(self.policy, self.planning, self.planning.columns, self.keys)
        return Site(
            planner=Guarded(self.planning, tolerance),
            planners=lambda user: _guarded(roles(user), tolerance),
            gate=self.gate,
            rids=self.state,
            clock=core.clock,
            entropy=core.entropy,
            limits=self.policy.limits,
            versions=self.audits.versions,
            verifier=lambda name: users.verifier(name, strangers, tolerance.tried),
            watch=tolerance,
            account=lambda _database: self.watching.providers[0].account,
            hold=self.crowd,
            offers_tls=has_tls,
            demands_tls=has_tls,
        )

    def door(self, site: Site, shown: Certificate | None) -> PgDoor:
        """Return what the listener is given."""
        server = self.watching.providers[0].server
        door = PgDoor(site, lambda _database: server, shown, self.watching)
        self.crowd.sessions = door.sessions
        return door

    def peering(self, node: Node, site: Site) -> Peering:
        """Return what answers the proxies of others."""
        first = self.watching.providers[0]
        return Peering(
            core=self.core,
            home=node.home,
            site=site,
            gate=self.others,
            server=first.server,
            database=first.account.database,
        )


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
    watching = watching_of(core, active.name, read, environment)
    shown = None if certificate is None else _certificate(*certificate)
    users, keys = Users(core), ProxyKeys(core)
    datasets = keys.of(read.keyed)
    states = ProxyStates(core, node.home)
    state = states.open(active.name, renew=renew)
    gate, others = (
        ProxyGate(core, each, read, lambda: core.clock() / _SECOND, watching.tolerance)
        for each in (users, GrantUsers(core))
    )
    try:
        planning = planning_of(core, read, keys, state)
        first = watching.providers[0]
        connect = partial(Provider, first.server, first.account, core.entropy)
        watching.baits = baits_of(read, planning.columns, state)
        parts = _Parts(
            core=core,
            active=active,
            policy=read,
            keys=Derived(datasets.__getitem__),
            state=state,
            states=states,
            gate=gate,
            others=others,
            watching=watching,
            planning=planning,
            connect=connect,
            audits=Audits.of(core, active, read, planning.columns, (states, state), connect),
            crowd=Crowd(clock=core.clock),
        )
        site = parts.site(users, keys, has_tls=shown is not None)
        with _lent(node, parts, site, shown, environment) as proxy:
            yield proxy
    finally:
        others.close()
        gate.close()
        states.close(active.name, state)


@contextmanager
def _lent(
    node: Node,
    parts: _Parts,
    site: Site,
    shown: Certificate | None,
    environment: Mapping[str, str],
) -> Iterator[Proxy]:
    """Lend a proxy with all that goes on beside its sessions."""
    columns = parts.planning.columns
    every = [each for table in columns.values() for each in table.values()]
    migrations = migrations_of(parts.core, parts.planning, parts.state, parts.connect, parts.crowd)
    summing = Summing(parts.policy, columns, parts.keys, parts.state, environment)
    with (
        _swept(parts.gate),
        _swept(parts.others),
        kept_up(PairKeeper(every, parts.connect, parts.gate)),
        heads_noted(parts.audits),
        summing.lent(parts.core, migrations) as (sums, folder),
    ):
        whole = replace(site, sums=sums)
        yield Proxy(
            door=parts.door(whole, shown),
            policy=parts.active.name,
            version=parts.active.version,
            provider=postgres_of(parts.policy).url,
            migrations=migrations,
            audits=parts.audits,
            watching=parts.watching,
            peering=parts.peering(node, whole),
            folder=folder,
        )


def _certificate(chain: Path, key: Path) -> Certificate:
    try:
        return Certificate.of(chain, key)
    except (OSError, ValueError) as err:
        raise UsageError("the files are no certificate with its key, in PEM") from err


def _guarded(planner: RolePlanning | None, tolerance: Tolerance) -> Guarded | None:
    return None if planner is None else Guarded(planner, tolerance)


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
