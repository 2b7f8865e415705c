"""The protected columns of each table as it lies at its provider, and where it goes from there.

- A mapping that changes while it is used: whoever plans by it asks which version it is.
- What a table is on its way to stands in the vault before anything of it is made.

Source: docs/spec/68-turning-column-keys.md sections 2 and 3; ADR 96.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from sealhold.model.errors import MigrationError
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import Column
from sealhold.protect.migrating.forms import Move, Phase, Way, move_back, move_in, turn
from sealhold.protect.migrating.standing import (
    IN_CLEAR,
    Form,
    KeyOf,
    Standing,
    Table,
    keys_in,
    keys_of,
    same,
)
from sealhold.protect.policy import Policy, TablePolicy
from sealhold.protect.statemoves import Noted
from sealhold.vault.proxyforms import ENDED, ProxyForms

Columns = Mapping[str, Column]
Make = Callable[[Policy, Derived], Mapping[Table, Columns]]
Versions = Callable[[str, str, str], int]
Forget = Callable[[KeyOf, int], None]  # a version of a key by which nothing stands any more
CLEAR: Final = Form(IN_CLEAR, {})


@dataclass(slots=True)
class Forms(Mapping[Table, Columns]):
    """What one proxy knows of its tables. One thread changes it, any thread reads it."""

    policy: Policy  # in force
    version: Callable[[int], Policy]  # an older version of it
    under: Callable[[Versions], Derived]  # the keys of columns, in these versions
    make: Make
    kept: ProxyForms
    forget: Forget
    _standing: dict[Table, Standing] = field(default_factory=dict)
    _now: dict[Table, Columns] = field(default_factory=dict)
    _made: dict[tuple[Table, str], Columns] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._standing = self.kept.all()
        self._look()

    def __getitem__(self, key: Table) -> Columns:
        return self._now[key]

    def __iter__(self) -> Iterator[Table]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)

    def standing(self, key: Table) -> Standing:
        """Return where a table stands: as was noted, or as the policy says."""
        return self._standing.get(key) or Standing(self.wanted(key))

    def wanted(self, key: Table) -> Form:
        """Return the form that the policy in force asks for, under the newest keys."""
        table = _table(self.policy, key)
        if table is None or not table.is_protected:
            return CLEAR
        return Form(self.policy.version, {each: self.kept.newest(each) for each in keys_of(table)})

    def columns(self, key: Table, form: Form) -> Columns:
        """Return the protected columns of a table in a form; none if it is in the clear."""
        if form.policy == IN_CLEAR:
            return {}
        said = key, repr((form.policy, sorted(form.keys.items())))
        found = self._made.get(said)
        if found is None:
            is_now = form.policy == self.policy.version
            whole = self.policy if is_now else self.version(form.policy)
            table = _table(whole, key)
            one = replace(whole, tables=() if table is None else (table,))
            made = self.make(one, self.under(form.version))
            found = self._made[said] = made.get(key, {})
        return found

    def is_due(self, key: Table) -> bool:
        """Whether a table lies otherwise than it should, or is on its way."""
        noted = self._standing.get(key)
        if noted is None or noted.now.policy == IN_CLEAR:
            return False
        wanted = noted.next or self.wanted(key)
        return not same(self.columns(key, noted.now), self.columns(key, wanted))

    def on_their_way(self) -> list[Table]:
        """Return the tables for which another form is noted."""
        return [key for key, each in self._standing.items() if each.next is not None]

    def set_out(self, key: Table, way: Way) -> Move:
        """Note where a table goes, durably, and return the move.

        Raises:
            MigrationError: a form that no migration leads to.
            AuditUnavailableError: the log cannot be written.
        """
        standing = self.standing(key)
        # THREAT T765: where a table goes is durable before anything of it is made
        if way is Way.IN:
            self._put(key, Standing(CLEAR, self.wanted(key)))
        elif way is Way.TURN and standing.next is None:
            then = self.wanted(key)
            _check_way(self.columns(key, standing.now), self.columns(key, then), key)
            self._put(key, replace(standing, next=then))
        return self.move(key, Noted(Phase.FILLING, way))

    def move(self, key: Table, noted: Noted) -> Move:
        """Return the migration of a table that is, or is to be, under way."""
        standing = self.standing(key)
        now = self.columns(key, standing.now)
        then = self.columns(key, standing.next or standing.now)
        if noted.way is Way.TURN:
            made = turn(*key, now, then)
        elif noted.way is Way.BACK:
            made = move_back(*key, now.values())
        else:
            made = move_in(*key, (then or self.columns(key, self.wanted(key))).values())
        return replace(made, is_switching=noted.phase is Phase.SWITCHING)

    def has_arrived(self, key: Table, way: Way) -> bool:
        """Whether what a migration leads to is noted as what there is."""
        noted = self._standing.get(key)
        if noted is None:
            return False
        is_clear = noted.now.policy == IN_CLEAR
        return is_clear if way is Way.BACK else noted.next is None and not is_clear

    def arrive(self, key: Table, way: Way) -> None:
        """Note that a table has its new form; keys that nothing stands by any more are ended.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        if self.has_arrived(key, way):
            return
        before = self.standing(key)
        after = Standing(CLEAR if way is Way.BACK else before.next or self.wanted(key))
        ended = self._ended(key, before.now, after.now) if way is Way.TURN else {}
        for each, version in ended.items():
            self.forget(each, version)
        if ended:
            self.kept.tell(ENDED, [key], self.kept.ops({key: after}))
            self._standing[key] = after
            self._look()
        else:
            self._put(key, after)

    def turn_keys(self, keys: Mapping[KeyOf, int], tables: Mapping[Table, Form]) -> None:
        """Draw keys anew for tables that lie in these forms, durably.

        Raises:
            AuditUnavailableError: the log cannot be written; nothing changed.
        """
        found = {
            key: Standing(
                form, form.under({k: v for k, v in keys.items() if k in self._keys(key, form)})
            )
            for key, form in tables.items()
        }
        self.kept.turn(keys, found)
        self._standing |= found
        self._look()

    def drop(self, key: Table) -> None:
        """Note that a table is not at the provider: one that is made there is as the policy says.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        self.kept.drop(key)
        self._standing.pop(key, None)
        self._look()

    def stale(self) -> list[Table]:
        """Return the tables that lie otherwise than the policy in force says."""
        return [key for key in self._standing if self.is_due(key)]

    def _keys(self, key: Table, form: Form) -> Mapping[KeyOf, int]:
        return keys_in(self.columns(key, form).values())

    def _ended(self, key: Table, was: Form, now: Form) -> dict[KeyOf, int]:
        """Return the versions of keys that a table had and that no table has any more."""
        others = [self._keys(each, self.standing(each).now) for each in self._now if each != key]
        used = {pair for keys in (*others, self._keys(key, now)) for pair in keys.items()}
        return {name: v for name, v in self._keys(key, was).items() if (name, v) not in used}

    def _put(self, key: Table, standing: Standing) -> None:
        self.kept.put({key: standing})
        self._standing[key] = standing
        self._look()

    def _look(self) -> None:
        """Have what is used in planning follow what is noted."""
        newest = partial(_newest, self.kept)
        found = dict(self.make(self.policy, self.under(newest)))
        # THREAT T772: a table is used as it lies, whatever the policy in force says of it
        for key, standing in self._standing.items():
            columns = self.columns(key, standing.now)
            if columns and not same(columns, found.get(key, {})):
                found[key] = columns
        kept = {key: each for key, each in self._now.items() if same(each, found.get(key, {}))}
        self._now = {**found, **{key: each for key, each in kept.items() if key in found}}


def _newest(kept: ProxyForms, dataset: str, technique: str, domain: str) -> int:
    return kept.newest((dataset, technique, domain))


def _table(policy: Policy, key: Table) -> TablePolicy | None:
    return next((each for each in policy.tables if (each.schema, each.name) == key), None)


def _check_way(was: Columns, will: Columns, key: Table) -> None:
    if not will:
        raise MigrationError(
            f"nothing of `{key[1]}` is protected by the policy in force: write it out, drop it,"
            " and make it anew, so that columns keep their order"
        )
    beside = {name: set(each.beside) for name, each in was.items()}
    if any(set(each.beside) - beside.get(name, set()) for name, each in will.items()):
        raise MigrationError(
            f"`{key[1]}` would get a technique with a table of its own, which this does not fill"
        )
