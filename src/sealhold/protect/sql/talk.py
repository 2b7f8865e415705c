"""What the parts of one session share: the line to the provider, names, statements, jobs.

- A message of the client is done at once, or by a *job*: a generator that says what it waits for.
  While one waits, the client's next messages wait too, so order is never lost.
- Names are read from the provider before the first plan, and anew after whatever may change them.
- A statement that was prepared under other names or another policy is planned anew before use.

Source: docs/spec/56-postgresql-proxy.md sections 3 and 4.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sealhold.model.clock import Clock
from sealhold.model.errors import SealholdError
from sealhold.model.pgsteps import Call
from sealhold.protect.gate import Gate, Rids
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.policy import Limits
from sealhold.protect.sql.alike import Alike, Common
from sealhold.protect.sql.asked import Asked
from sealhold.protect.sql.ending import Ending
from sealhold.protect.sql.errors import (
    ABORTED,
    SWITCHED,
    UNDEFINED,
    error,
    is_switched,
    relayed,
    sqlstate,
)
from sealhold.protect.sql.line import IDLE, Line, Swallowed
from sealhold.protect.sql.parsing import cstring
from sealhold.protect.sql.plan import (
    Control,
    Plan,
    Query,
    Refused,
    Relay,
    Rewrite,
    SumPlan,
    Touch,
)
from sealhold.protect.sql.planning import Hold, NoHold, Planner
from sealhold.protect.sql.settings import learned
from sealhold.protect.sql.wire import (
    HEAD,
    build_bind,
    build_execute,
    build_parse,
    build_target,
)
from sealhold.protect.sumspec import Sums
from sealhold.protect.versions import Versions
from sealhold.protect.watching import UNWATCHED, Watch

Wait = Call | Callable[[], bool]
Job = Generator[Wait, Any, None]
MAX_TEXT: Final = 16_777_216  # bytes of a statement that is planned
_COMES_AGAIN: Final = 65_536  # bytes: longer ones seldom do
_RUN: Final = (Query, Rewrite, SumPlan)  # all are bound here, and one may become another
_ASKING: Final = b"_sh_ask"
OURS: Final = b"_sh_"  # how names of our own statements and portals begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a session is given."""

    planner: Planner
    gate: Gate
    rids: Rids
    clock: Clock
    limits: Limits
    principal: str
    database: str
    versions: Versions | None = None  # of rows that are tagged
    is_masked: bool = False  # the user's role is shown masks
    watch: Watch = UNWATCHED
    sums: Sums | None = None  # at an agent
    hold: Hold = field(default_factory=NoHold)
    alike: Alike = field(default_factory=Alike)  # with other sessions of the planner


@dataclass(slots=True)
class Statement:
    """A prepared statement of the client, by Parse or PREPARE."""

    name: bytes
    text: str
    oids: tuple[int, ...]
    plan: Plan
    epoch: int
    is_relayed: bool
    is_gone: bool = False  # its Parse failed
    before: "Statement | None" = None  # the one of that name, should this one fail
    portal: "Portal | None" = None  # of all its executions, if it is relayed
    is_by_sql: bool = False  # by PREPARE; its text is that whole statement


@dataclass(slots=True)
class Cursor:
    """A cursor on protected columns."""

    portal: bytes  # at the provider
    opening: Any


@dataclass(slots=True)
class Portal:
    """A statement with its values."""

    statement: Statement
    is_relayed: bool
    results: tuple[int, ...] = ()  # formats that the client wants
    answer: Any = None  # how its rows are opened


@dataclass(slots=True)
class Talk:
    """The shared state of one session that is past its login."""

    parts: Parts
    line: Line = field(default_factory=lambda: Line(ABORTED))
    ending: Ending = field(init=False)  # of transactions
    statements: dict[bytes, Statement] = field(default_factory=dict)
    closing: dict[bytes, Statement] = field(default_factory=dict)  # their Close is not answered
    portals: dict[bytes, Portal] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    common: Common = field(default_factory=lambda: Common(None))  # names, and plans under them
    epoch: int = 0  # of names and policy
    version: int = -1  # of the policy that the epoch follows
    again: bytes | None = None  # the text for which names are read anew
    is_dirty: bool = True  # names are to be read before anything is planned
    changed_here: bool = False  # names changed within the transaction
    since: int = 0  # which changes of versions were known before the transaction began
    is_held: bool = False  # it waits until what it plans by is changed
    job: Job | None = None
    waits: Wait | None = None
    quick: dict[bytes, tuple[bytes, Touch | None]] = field(default_factory=dict)  # that go on
    on_forget: list[Callable[[], None]] = field(default_factory=list)
    on_epoch: list[Callable[[], None]] = field(default_factory=list)
    on_refused: Callable[[Refused], None] = lambda _plan: None

    def __post_init__(self) -> None:
        self.ending = Ending(self.line)
        self.line.on_idle = self._idle
        self.line.on_setting = self._set
        self.line.mapped = self._mapped

    # --- plans ---

    @property
    def is_current(self) -> bool:
        """Whether names and plans may be used as they are."""
        return not self.is_dirty and self.version == self.parts.planner.version

    @property
    def is_lost(self) -> bool:
        """Whether names could not be brought up to date, since the transaction failed."""
        return not self.is_current and self.line.status == ord("E")

    def plans(self, text: bytes, oids: tuple[int, ...] = ()) -> tuple[Plan, ...]:
        """Return what is done for each statement of a text, under the names of now."""
        key = (text, oids) if oids else text
        if (found := self.common.plans(key)) is not None:
            return found
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            return (Refused("22021", 'invalid byte sequence for encoding "UTF8"'),)
        if len(text) > MAX_TEXT:
            return (Refused("54001", "a statement of more than 16 MiB"),)
        try:
            found = self.parts.planner.plan(decoded, oids, self.common.names)
        except PgValueError as err:  # of a constant
            found = (Refused(err.sqlstate, err.message),)
        if len(text) <= _COMES_AGAIN:
            self.common.keep(key, found)
        return found

    def looks_again(self, text: bytes, *plans: Plan) -> bool:
        """Whether names are read anew, as a statement is refused that others may have made right.

        That is done once for a statement: whoever plans it again after that sets `again` to None.
        """
        was, self.again = self.again, None
        if was == text or self.line.status == ord("E"):
            return False
        if not any(isinstance(each, Refused) and each.code in _BY_NAMES for each in plans):
            return False
        self.is_dirty = True
        self.again = text
        return True

    def one_plan(self, text: bytes, oids: tuple[int, ...]) -> Plan:
        """Return what is done for a text of one statement, as Parse takes it."""
        plans = self.plans(text, oids)
        if len(plans) > 1:
            return Refused("42601", "cannot insert multiple commands into a prepared statement")
        return plans[0] if plans else Relay("")

    def renewed(self, statement: Statement) -> bytes | None:
        """Plan a statement anew that was prepared under other names; return an error if it may not.

        It is refused if it has become another kind: what was bound to it would go another way.
        """
        if statement.epoch == self.epoch:
            return None
        plan = self.one_plan(statement.text.encode(), statement.oids)
        if statement.is_by_sql and isinstance(plan, Control) and plan.inner is not None:
            plan = plan.inner
        # THREAT T644: a statement of before a change must not carry values past the new policy
        if isinstance(plan, Refused):
            self.on_refused(plan)
            return error(plan.code, plan.message, plan.hint)
        is_other = type(plan) is not type(statement.plan) and not (
            isinstance(plan, _RUN) and isinstance(statement.plan, _RUN)
        )
        if is_other or (statement.is_relayed and plan != statement.plan):
            return error("0A000", "cached plan must not change what it protects")
        statement.plan = plan
        statement.epoch = self.epoch
        return None

    def current(self) -> Job:
        """Bring names up to date; nothing is outstanding then."""
        yield from self.drained()
        if self.line.status == ord("E"):
            return  # nothing can be asked now: what is planned meets the failed transaction
        yield from self._held()
        planner = self.parts.planner
        version = planner.version  # what changes while names are read has them read once more
        answers = []
        for text in planner.loading:
            rows = yield from self.asked(text)
            if rows is None:
                return
            answers.append(rows)
        self.common = self.parts.alike.under(version, answers, planner.names)
        self.version = version
        self.is_dirty = False
        self.epoch += 1
        self.quick.clear()
        for each in self.on_epoch:
            each()

    def _held(self) -> Job:
        """Wait while sessions are held back; whoever is in a transaction goes on."""
        line, hold = self.line, self.parts.hold
        while line.status == IDLE and not line.unsynced and hold.is_held:
            self.is_held = True
            try:
                yield Call(hold.wait)
            finally:
                self.is_held = False

    def asked(self, text: str) -> Generator[Wait, Any, list[Sequence[str | None]] | None]:
        """Ask the provider something of our own; None if it does not answer."""
        line = self.line
        asked = Asked()
        is_alone = not line.unsynced
        line.ask(build_parse(_ASKING, text.encode(), ()), Swallowed())
        line.ask(build_bind(_ASKING, _ASKING, (), (), ()), Swallowed())
        line.ask(build_execute(_ASKING), asked)
        line.ask(build_target(b"C", b"P", _ASKING), Swallowed())
        line.ask(build_target(b"C", b"S", _ASKING), Swallowed())
        if is_alone:
            line.sync_unheard()
        else:
            line.flush()
        yield lambda: asked.is_over and not line.owed
        if asked.found is None:
            line.skipping = True  # the client was told
        return asked.found

    def forget_statements(self) -> None:
        """Forget what was prepared: it is gone at the provider, also what we prepared there."""
        self.statements.clear()
        for each in self.on_forget:
            each()
        self.names_change()

    def names_change(self) -> None:
        """Note that a statement was sent that may change names."""
        self.is_dirty = True
        self.changed_here = True

    # --- jobs ---

    def start(self, job: Job) -> None:
        """Do a job as far as it goes now. A job may start another one as the last thing it does."""
        self.job = job
        self.go_on(None)

    def go_on(self, value: object) -> None:
        """Go on with the job whose wait is over, until it waits again or ends."""
        job = self.job
        if job is not None:
            self._step(job, lambda: job.send(value))

    def throw(self, err: SealholdError) -> None:
        """Go on with the job whose call failed."""
        job = self.job
        if job is not None:
            self._step(job, lambda: job.throw(err))

    def _step(self, job: Job, step: Callable[[], Wait]) -> None:
        self.waits = None
        try:
            waits = step()
            while not isinstance(waits, Call) and waits():
                waits = job.send(None)
        except StopIteration:
            if self.job is job:  # else it has started another one, which goes on
                self.job = None
            return
        if isinstance(waits, Call):
            self.line.steps.append(waits)
        self.waits = waits

    def look(self) -> None:
        """Go on with the job if what it waits for has come."""
        waits = self.waits
        if waits is not None and not isinstance(waits, Call) and waits():
            self.go_on(None)

    def drained(self) -> Job:
        """Wait until nothing is owed."""
        self.line.flush()
        yield lambda: not self.line.owed

    def room(self) -> Job:
        """Wait until less is owed than a client may have pending."""
        self.line.flush()
        yield lambda: len(self.line.owed) < self.parts.limits.pending

    # --- refusals ---

    def refused_whole(self, said: bytes) -> Job:
        """Refuse a message that ends what was asked before it, as a Query does."""
        yield from self.drained()
        if self.line.skipping:
            return  # as the provider does: up to the Sync nothing is done
        self.line.refuse(said)
        self.line.sync()

    def refuse(self, plan: Refused) -> None:
        """Answer by a refusal in place of what the client asked."""
        self.on_refused(plan)
        self.line.refuse(error(plan.code, plan.message, plan.hint, position=plan.position))

    # --- what the line tells ---

    def _idle(self) -> None:
        if self.changed_here:
            self.changed_here = False
            self.is_dirty = True
        if not self.line.owed:
            if self.portals:
                self.portals.clear()
            if self.cursors:
                self.cursors.clear()

    def _set(self, message: bytes) -> None:
        name, at = cstring(message, HEAD)
        self.learn(name.decode(), cstring(message, at)[0].decode("utf-8", "replace"))

    def learn(self, name: str, value: str) -> None:
        """Take in a setting that changes how values are written.

        Raises:
            WireError: one that changes what a text means.
        """
        self.settings = learned(self.settings, name, value)

    def _mapped(self, kind: bytes, message: bytes) -> bytes:
        if kind == b"E" and sqlstate(message) in UNDEFINED:
            self.is_dirty = True
            if is_switched(message):
                return SWITCHED
        return relayed(kind, message, is_bare=self.parts.is_masked)


_BY_NAMES: Final = frozenset(("42P01", "42703", "SH001"))
