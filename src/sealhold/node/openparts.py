"""The parts of an open vault: each is built once, from the parts that it needs.

Source: docs/architecture.md section 3.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, partial
from threading import Thread
from typing import TYPE_CHECKING

from sealhold import plugins
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute import memo
from sealhold.compute.asking import Requests
from sealhold.compute.capping import Budgets
from sealhold.compute.confinement import Confinement
from sealhold.compute.erasing import Erasing
from sealhold.compute.evidence import Attester
from sealhold.compute.granted import Apps, Grants
from sealhold.compute.office import Office
from sealhold.compute.outside import Outside
from sealhold.compute.personanswers import PersonAnswers
from sealhold.compute.products import Products
from sealhold.compute.proving import Prover
from sealhold.compute.pullers import puller_of
from sealhold.compute.pushdown import FilePushdown
from sealhold.compute.replay import Replay
from sealhold.compute.retrieve import Retrieval
from sealhold.compute.running import Runs
from sealhold.compute.shelf import Shelf
from sealhold.compute.supply import Resources
from sealhold.compute.warmcell import WarmCell
from sealhold.config import Settings, settings
from sealhold.model.errors import SealholdError, TamperedError
from sealhold.model.quantities import DAY
from sealhold.node.places import places_of
from sealhold.node.service import Service
from sealhold.node.starttoken import mind_copies
from sealhold.node.world import World
from sealhold.stores.spec import TableSpec
from sealhold.vault.attachments import ATTACHMENTS
from sealhold.vault.backups import Backups
from sealhold.vault.budget import Budget
from sealhold.vault.components import COMPONENTS, PENDING
from sealhold.vault.consents import Consents
from sealhold.vault.core import Core
from sealhold.vault.deciding import scan_all
from sealhold.vault.epochs import Epochs
from sealhold.vault.federation import Federation
from sealhold.vault.firewall import Firewall
from sealhold.vault.grants import Grants as GrantRows
from sealhold.vault.holdrows import HOLDS, KEEPINGS, is_any_over
from sealhold.vault.home import Home
from sealhold.vault.index import Index
from sealhold.vault.ledger import Ledger
from sealhold.vault.minting import Minting
from sealhold.vault.objects import Objects
from sealhold.vault.opening import Opened
from sealhold.vault.personrows import OLDER as OLDER_RECORDS
from sealhold.vault.personrows import RECORDS as PERSON_RECORDS
from sealhold.vault.policytokenrows import NO_BONDS, has_tokens
from sealhold.vault.programs import Programs
from sealhold.vault.pulling import Looking
from sealhold.vault.quotas import LOOKED
from sealhold.vault.reading import Records
from sealhold.vault.registry import Registry
from sealhold.vault.requests import Requests as RequestRows
from sealhold.vault.schemas import Schemas
from sealhold.vault.sourcing import Sources
from sealhold.vault.standing import Standing
from sealhold.vault.stories import STORIES
from sealhold.vault.strays import Strays
from sealhold.vault.subjects import is_leaving
from sealhold.vault.telling import Teller
from sealhold.vault.turnsdue import has_turns_due
from sealhold.vault.writer import Work

if TYPE_CHECKING:
    from sealhold.compute.dataware import Dataware
    from sealhold.compute.dispatch import Dispatch
    from sealhold.compute.logindoor import Logins
    from sealhold.compute.openings import Proofs
    from sealhold.compute.policies import Policies
    from sealhold.compute.rotating import Rotating
    from sealhold.model.shown.statement import Odd
    from sealhold.node.mediaparts import MediaParts
    from sealhold.node.peopleparts import PeopleParts
    from sealhold.vault.pushing import Pushing
    from sealhold.vault.snapshotviews import Snapshots
    from sealhold.vault.statements import Statements
    from sealhold.vault.steering import Steering


class OpenParts:
    """The parts of an open vault, built once."""

    proven: int | None = None  # when the owner typed what opens it, in ms; None: they did not

    def __init__(
        self, vault: Opened, home: Home, world: World, verify: Callable[[str], bool]
    ) -> None:
        self.vault = vault
        self.core = core = vault.core
        self._home, self._world = home, world
        mind_copies(core, home.folder, world.outside)
        self.is_near = not places_of(home).records
        self.objects = Objects(core.store, core.objects, core.keys, core.entropy)
        self.objects.sweep()
        self.index = Index(core.store, core.keys, core.entropy)
        self.warm, self.pushdown = WarmCell(), FilePushdown()
        pullers = partial(puller_of, clock=core.clock)
        looking = Looking(core, self.warm, pullers, plugins.is_per_file)
        self.firewall = firewall = Firewall(
            core, self.objects, Federation(core, looking), self.pushdown
        )
        registry, schemas = _registry(core), Schemas(core)
        chosen = settings(home.folder)
        self.audit = Ledger(core, vault.appender, registry, home, self.objects)
        self.records = Records(core, self.index, firewall, self.audit, time.perf_counter)
        per_file, clock = plugins.is_per_file, time.perf_counter
        self.sources = Sources(
            core, self.index, self.objects, world.reader, per_file, clock, self._steering
        )
        self.standing = Standing(
            core, self.index, self.objects, looking, pullers, self.sources.turn
        )
        products = Products(home.compiled, core.keyring.named("token"), core.entropy)
        self.confinement = Confinement(core, chosen.isolation, memo.MEMO, products)
        self._prover = Prover(core.keyring.named("proof-sign"), _attester(home, chosen))
        office = self._office(firewall, registry, world, verify)
        shelf = Shelf(core.store, core.papers)
        self.requests = Requests(office, shelf)
        self.grants = Grants(office, shelf)
        self.apps = Apps(office, self.grants, shelf)
        self.runs, turn = Runs(office, shelf), self.requests.turn
        self.answers, self._of_proofs = PersonAnswers(office, shelf, turn), (office, shelf)
        self._of_turns = schemas, registry, verify, chosen.retention_days * DAY
        self.resources, self.budgets = Resources(office), Budgets(office)
        self.erasing = Erasing(office, shelf, self.index)
        self.keys = Epochs(core, vault.sets, verify)
        self.outside = Outside(office, self.runs, shelf, _in_background, self._policies)
        self.strays = Strays(core)
        self._ground = core, registry, schemas, office, chosen, verify
        if is_leaving(core):
            self.crowd.finish_erasures()
        self.end_holds()
        self.standing.came_back = self.tell_sources
        self.tell_sources()

    def tell_sources(self) -> None:
        """Tell the sources that are there of grants that ended while they were away."""
        if any(row.row[2] == PENDING for row in self.core.deciding.all(COMPONENTS.name)):
            with suppress(SealholdError):  # it is told once more another time
                self.dispatch.deliver()

    @cached_property
    def backups(self) -> Backups:
        """Copies for the day that the vault is lost."""
        return Backups(self.core, self.vault.appender, self._home)

    @cached_property
    def service(self) -> Service:
        """How the service does, and its backups."""
        return Service(self.core, self.keys, self.backups, self._home, self._world)

    @cached_property
    def pushing(self) -> "Pushing":
        """The door for programs that push; loaded with the first."""
        from sealhold.vault.pushing import Pushing  # noqa: PLC0415  # reason: few vaults have any

        return Pushing(self.core, self.index, self.objects, self.warm, self.sources.turn)

    @cached_property
    def crowd(self) -> "PeopleParts":
        """What serves apps and their people; loaded with the first who calls."""
        from sealhold.node.peopleparts import (  # noqa: PLC0415  # reason: many vaults have none
            Ground,
            PeopleParts,
        )

        core, registry, schemas, office, chosen, verify = self._ground
        return PeopleParts(
            Ground(
                core=core,
                registry=registry,
                schemas=schemas,
                office=office,
                chosen=chosen,
                verify=verify,
                speak=self._world.speak,
            )
        )

    @cached_property
    def dispatch(self) -> "Dispatch":
        """What grants let each source run; loaded with the first of them."""
        from sealhold.compute.dispatch import Dispatch  # noqa: PLC0415  # reason: as it says
        from sealhold.compute.liveruns import LiveRuns  # noqa: PLC0415  # reason: the same

        return Dispatch(self.core, LiveRuns(), self._of_proofs[1].last_run)

    def _steering(self) -> "Steering":
        """Return what the owner does about sources; loaded with the first page of them."""
        from sealhold.compute.pullers import kinds  # noqa: PLC0415  # reason: seldom needed
        from sealhold.vault.steering import Steering  # noqa: PLC0415  # reason: the same

        core, verify = self._ground[0], self._ground[5]
        every = cache(partial(kinds, core.clock))
        files = self.sources
        return Steering(
            core, self.standing, every, verify, _in_background, files.undo, files.recognise
        )

    def _policies(self) -> "Policies":
        return self.dataware.policies

    @cached_property
    def dataware(self) -> "Dataware":
        """Rules written ahead and the inbox; loaded with the first of them."""
        from sealhold.compute.dataware import Dataware  # noqa: PLC0415  # reason: seldom needed

        return Dataware(self._of_proofs[0], self.requests, lambda: self.media.door)

    @property
    def has_terms(self) -> bool:
        """Whether something of people's records has been kept as long as it may be."""
        end = (self.core.clock() + 1,)
        return any(
            self.core.store.scan(table.name, "due", (1,), end, limit=1).rows
            for table in (PERSON_RECORDS, OLDER_RECORDS, ATTACHMENTS)
        )

    def end_holds(self) -> None:
        """End the holds whose day has come; what cannot be ended now is tried again later."""
        if is_any_over(self.core):
            with suppress(SealholdError):
                self.crowd.holds.end_over()

    @cached_property
    def statements(self) -> "Statements":
        """What a month came to; loaded with the first of them."""
        from sealhold.vault.statements import Statements  # noqa: PLC0415  # reason: seldom needed

        appender, openers = self.vault.appender, self.audit.openers
        return Statements(self.core, appender, openers, self._ground[1])

    @property
    def login_names(self) -> tuple[str, ...]:
        """The providers through which somebody may sign in."""
        return tuple(self._ground[4].logins)

    @cached_property
    def logins(self) -> "Logins":
        """Sign-ins through providers; loaded with the first of them."""
        from sealhold.compute.logindoor import Logins  # noqa: PLC0415  # reason: few vaults have any

        core, *_, chosen, verify = self._ground
        refused = self.crowd.principals.refused
        return Logins(core, chosen.logins, self._world.speak, refused, verify)

    @cached_property
    def media(self) -> "MediaParts":
        """What grants hang on; loaded with the first of them."""
        from sealhold.node.mediaparts import MediaParts  # noqa: PLC0415  # reason: few have any

        return MediaParts(*self._ground[3:5], self.confinement.cut)

    @cached_property
    def snapshots(self) -> "Snapshots":
        """What the vault was set to, at each time; loaded with the first look."""
        from sealhold.vault.snapshotviews import Snapshots  # noqa: PLC0415  # reason: as it says

        return Snapshots(self.core)

    @cached_property
    def proofs(self) -> "Proofs":
        """What the owner shows of answers; loaded with the first of them."""
        from sealhold.compute.openings import Proofs  # noqa: PLC0415  # reason: few ever need it

        return Proofs(*self._of_proofs)

    @property
    def has_holds_over(self) -> bool:
        """Whether the end of a duty to keep waits to be carried out."""
        return is_any_over(self.core)

    def holds(self) -> tuple[int, int]:
        """Return how many duties to keep stand, and of how many erased people something is held."""
        count = sum(1 for _ in self.core.deciding.all(HOLDS.name))
        return count, sum(1 for _ in scan_all(self.core.store, KEEPINGS)) if count else 0

    def overdue(self) -> tuple[str, ...]:
        """Return a sentence for each register in which something is overdue."""
        return self.crowd.rights.overdue() if self._has_any(STORIES) else ()

    def odd(self) -> "tuple[Odd, ...]":
        """Return what is odd about the uses of apps; without one, nothing is read."""
        with suppress(TamperedError):  # an entry that does not open: named when the log is checked
            return self.statements.alerts() if self.apps.list() else ()
        return ()

    def alarms(self) -> tuple[str, ...]:
        """Return a sentence for each app that looks people up as often as it may."""
        return tuple(self.crowd.callers.alarms()) if self._has_any(LOOKED) else ()

    def _has_any(self, table: TableSpec) -> bool:
        return next(self.core.deciding.all(table.name), None) is not None

    @cached_property
    def rotation(self) -> "Rotating":
        """What turns keys over; loaded with the first job."""
        from sealhold.compute.rotating import Rotating  # noqa: PLC0415  # reason: seldom needed
        from sealhold.vault.rotation import Rotation  # noqa: PLC0415  # reason: the same

        schemas, registry, verify, retention = self._of_turns
        rotation = Rotation(self.core, schemas, retention, time.perf_counter)
        return Rotating(self.core, rotation, registry, verify, _in_background)

    def tell_rest(self) -> None:
        """Tell the log what was counted and not told yet, before the vault is locked."""
        with suppress(SealholdError):  # the log cannot be written: so it was, too
            self.outside.tell_rest()
            if "crowd" in self.__dict__:
                self.crowd.principals.refused.tell_rest()

    def close(self) -> None:
        """Tell what is left to tell, end what is kept running, and drop the keys."""
        self.tell_rest()
        self.warm.close()
        self.pushdown.close()
        self.vault.close()

    def note_new_passphrase(self) -> None:
        """Write into the log that the passphrase was changed."""
        teller = Teller(self.core.keys)
        told = Event(
            kind=EventKind.KEY,
            actor=Actor.OWNER,
            subject=teller.subject,
            reason="passphrase_changed",
        )
        self.core.writer.commit(Work((), (teller.entry(told),)))

    def turn_due(self) -> None:
        """Begin to go on with jobs that turn keys over, and to destroy what is over, if need be."""
        if has_turns_due(self.core):
            _in_background(self.rotation.go_on)

    def _office(
        self, firewall: Firewall, registry: Registry, world: World, verify: Callable[[str], bool]
    ) -> Office:
        core, log = self.core, self.audit
        return Office(
            core=core,
            firewall=firewall,
            budget=Budget(core.deciding, core.keys),
            registry=registry,
            requests=RequestRows(core.deciding, core.papers, Programs(core)),
            grants=GrantRows(core.deciding, core.papers, core.keyring.signer("grant-sign")),
            consents=Consents(core.deciding, core.entropy),
            replay=Replay(core, firewall, self.confinement.recording),
            retrieval=Retrieval(core, self.objects, world.fetch),
            teller=Teller(core.keys),
            prover=self._prover,
            log_origin=log.origin,
            broker=self.confinement.broker,
            isolation=self.confinement.sentence(),
            isolation_mode=self.confinement.claim().value,
            bonds=lambda: self.media.tokens.look() if has_tokens(core.deciding) else NO_BONDS,
            verify=verify,
            count=self.records.count,
            leaf_hash=log.leaf_hash,
            size_after=log.size_after,
            dispatch=lambda: self.dispatch,
        )


def _registry(core: Core) -> Registry:
    minting = Minting(core.keyring, core.deciding)
    return Registry(core.deciding, core.papers, minting, core.clock, core.entropy)


def _attester(home: Home, chosen: Settings) -> Attester | None:
    """Return what vouches for proofs besides a key of the device, if the owner chose it."""
    if chosen.producer == "sw":
        return None
    from sealhold.compute.tpmvouching import Tpm  # noqa: PLC0415  # reason: no other vault needs it

    return Tpm(home.folder / "tpm", chosen.tcti)


def _in_background(work: Callable[[], None]) -> None:
    def quietly() -> None:
        with suppress(SealholdError):  # refused: in the log; failed: still owed, so done next time
            work()

    Thread(target=quietly, name="run", daemon=True).start()
