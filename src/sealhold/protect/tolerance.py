"""From what is found to what is done about it: alarms, and what is held until the owner lets go.

- A fault is told by its cause, and where it was found. What is done stands in the policy of its
  table (`reactions`); a guess is told and nothing more.
- What is *held* is a table that is not written, a user or a provider that is shut out, a key that
  is to be rotated. It holds at once, in memory; whoever takes the alarms makes it durable.
- One alarm a minute for one cause at one place.

Source: docs/spec/66-alarms-and-reactions.md sections 1 and 4.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, unique
from threading import Lock
from typing import Final

from sealhold.model.errors import QuarantinedError, TooFastError
from sealhold.protect.detecting import MINUTE, Access
from sealhold.protect.gate import Use
from sealhold.protect.policy import Policy, TablePolicy

RECENT: Final = 4_096  # causes and places of the last minute
ONLY_TOLD: Final = frozenset({"unusual-rows", "unusual-distinct", "decoy-missing"})
ABOUT_USERS: Final = frozenset({"rate", "distinct", "decoy-table"})
ABOUT_PROVIDERS: Final = frozenset({"decoy-changed"})
DECOY_LOGIN: Final = "decoy-login"


@unique
class Kind(StrEnum):
    """What is held."""

    TABLE = "table"  # no writes
    USER = "user"  # shut out
    PROVIDER = "provider"  # shut out: its replica answers, if it has one
    ROTATION = "rotation"  # of a table's keys: it is due, nothing is shut out


@dataclass(frozen=True, slots=True)
class Held:
    """One thing that stays as it is until the owner lets go of it."""

    kind: Kind
    name: str
    cause: str
    at: int = 0  # milliseconds since 1970

    @property
    def mark(self) -> str:
        """How it is called where it is looked for."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that was found, and what follows from it."""

    at: int  # milliseconds since 1970
    cause: str
    table: str = ""  # schema.table
    principal: str = ""
    provider: str = ""
    held: tuple[Held, ...] = ()


class Tolerance:
    """Takes what is found, reacts as the policy says, and tells. Several threads may call."""

    def __init__(
        self,
        policy: Policy,
        clock: Callable[[], int],
        tell: Callable[[Alarm], None],
        held: Iterable[Held] = (),
    ) -> None:
        """Begin with what is held already.

        Args:
            policy: whose tables say what is done.
            clock: milliseconds since 1970.
            tell: takes each alarm; it must not wait.
            held: what was not let go of since.
        """
        self._clock, self._tell = clock, tell
        self._tables = _by_name(policy)
        self._replicated = {each.replica_of for each in policy.csps if each.replica_of}
        self._turn = Lock()
        self._access = Access()
        self._recent: dict[tuple[str, str], int] = {}
        self._held: dict[str, Held] = {}
        self.out: frozenset[str] = frozenset()
        self.unwritable: frozenset[str] = frozenset()
        self.turn = 0  # counts each change of what is held
        self._hold(tuple(held))

    @property
    def held(self) -> tuple[Held, ...]:
        """What is held now."""
        return tuple(self._held.values())

    @property
    def is_crowded(self) -> bool:
        """Whether some users are counted as one, since there are so many."""
        return self._access.is_crowded

    # --- what sessions tell ---

    def opened(self, principal: str, table: str, keys: Sequence[int]) -> None:
        """Count rows of a table that are about to be shown to a user.

        Raises:
            TooFastError: more rows than the policy lets one user see in a minute, or more
                different ones than in an hour. None of these may be shown.
        """
        known = self._tables.get(table)
        if known is None or not keys:
            return
        rows, distinct = known.rows_per_minute, known.distinct_per_hour
        with self._turn:
            now = self._clock() / 1_000
            causes = self._access.saw(principal, table, keys, now, rows=rows, distinct=distinct)
        for cause in causes:
            self._alarm(cause, table=table, principal=principal)
        if "distinct" in causes:
            raise TooFastError(f"{distinct} different rows of table `{table}` in an hour")
        if "rate" in causes:
            raise TooFastError(f"{rows} rows of table `{table}` in a minute")

    def found(self, kind: str, table: str, principal: str = "", replica: str = "") -> None:
        """Take in that a provider, or this replica of it, gave something wrong of tables."""
        for each in table.split(", "):
            self._alarm(kind, table=each, principal=principal, provider=replica)

    # --- what the gate tells ---

    def used(self, use: Use) -> None:
        """Look at a kind of statement before it is admitted.

        Raises:
            QuarantinedError: its user is shut out.
        """
        # THREAT T746: nobody has a reason to touch a table that is there to be touched by thieves
        for each in use.tables:
            known = self._tables.get(each)
            if known is not None and known.bait:
                self._alarm("decoy-table", table=each, principal=use.principal)
        if f"{Kind.USER}:{use.principal}" in self.out:
            raise QuarantinedError("this user is quarantined")

    def recorded(self, kind: str, table: str) -> None:
        """Take in what the gate records of tables, unless a session has told of it just now."""
        for each in table.split(", "):
            known = self._tables.get(each)
            name = f"{known.schema}.{known.name}" if known is not None else each
            with self._turn:
                last = self._recent.get((kind, name))
                is_told = last is not None and self._clock() - last < MINUTE * 1_000
            if not is_told:
                self._alarm(kind, table=each)

    def too_fast(self, use: Use) -> None:
        """Take in that a user asks for more rows than the policy gives in a minute."""
        for each in use.tables:
            known = self._tables.get(each)
            if known is not None and known.rows_per_minute:
                self._alarm("rate", table=each, principal=use.principal)

    def tried(self, principal: str) -> None:
        """Take in that somebody logs in as a user that nobody is."""
        self._alarm(DECOY_LOGIN, principal=principal)

    # --- what is looked for ---

    def decoy_changed(self, table: str, provider: str) -> None:
        """Take in that a decoy table is not what was written into it."""
        self._alarm("decoy-changed", table=table, provider=provider)

    def decoy_missing(self, table: str) -> None:
        """Take in that a decoy table cannot be made."""
        self._alarm("decoy-missing", table=table)

    def _alarm(
        self, cause: str, *, table: str = "", principal: str = "", provider: str = ""
    ) -> None:
        now = self._clock()
        known = self._tables.get(table)
        name = f"{known.schema}.{known.name}" if known is not None else table
        where = principal if cause in ABOUT_USERS or not name else name
        with self._turn:
            held = self._reaction(cause, known, principal, provider, now)
            new = tuple(each for each in held if each.mark not in self._held)
            last = self._recent.get((cause, where))
            # THREAT T749: a fault that comes a thousand times a second is one alarm a minute
            if not new and last is not None and now - last < MINUTE * 1_000:
                return
            if len(self._recent) >= RECENT:
                self._recent.clear()
            self._recent[cause, where] = now
            self._hold(new)
        self._tell(
            Alarm(at=now, cause=cause, table=name, principal=principal, provider=provider, held=new)
        )

    def _reaction(
        self, cause: str, table: TablePolicy | None, principal: str, provider: str, now: int
    ) -> tuple[Held, ...]:
        """Return what is to be held, as the policy of the table says."""
        # THREAT T745: by a guess nobody is shut out
        if table is None or cause in ONLY_TOLD:
            return ()
        first = table.csps[0] if table.csps else ""
        place, name = provider or first, f"{table.schema}.{table.name}"
        has_another = first in self._replicated
        found = []
        if "quarantine" in table.reactions:
            if cause in ABOUT_USERS:
                found.append(Held(Kind.USER, principal, cause, now))
            elif cause in ABOUT_PROVIDERS:
                found.append(Held(Kind.PROVIDER, place, cause, now))
            else:
                found.append(Held(Kind.TABLE, name, cause, now))
        if "failover" in table.reactions and cause not in ABOUT_USERS and has_another:
            found.append(Held(Kind.PROVIDER, place, cause, now))
        if "rotate" in table.reactions:
            found.append(Held(Kind.ROTATION, name, cause, now))
        return tuple({each.mark: each for each in found}.values())

    def _hold(self, new: tuple[Held, ...]) -> None:
        if not new:
            return
        self._held = self._held | {each.mark: each for each in new}
        shut = (Kind.USER, Kind.PROVIDER)
        self.out = frozenset(mark for mark, each in self._held.items() if each.kind in shut)
        self.unwritable = frozenset(
            each.name for each in self._held.values() if each.kind is Kind.TABLE
        )
        self.turn += 1


def _by_name(policy: Policy) -> dict[str, TablePolicy]:
    """Return the tables, by each name that they are called by."""
    found = {each.name: each for each in policy.tables if each.schema == "public"}
    return found | {f"{each.schema}.{each.name}": each for each in policy.tables}
