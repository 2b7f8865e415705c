"""What one proxy plans by: the columns of each table as it lies, and the planner over them.

- Columns follow migrations and turns of keys that are noted; whoever plans asks for the version.

Source: docs/spec/59-proxy-in-a-vault.md section 6; docs/spec/68-turning-column-keys.md section 2.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sealhold.model.errors import SealholdError
from sealhold.node.proxyasking import Provider
from sealhold.node.proxycrowd import Crowd
from sealhold.node.proxyforms import Columns, Forms, Versions
from sealhold.node.proxymigrations import Migrations, under_way
from sealhold.protect.columnkeys import Derived, KeyName
from sealhold.protect.columns import columns_of
from sealhold.protect.guards import tag_rows
from sealhold.protect.migrating.forms import Move
from sealhold.protect.migrating.meanwhile import meanwhile
from sealhold.protect.migrating.standing import KeyOf, Table
from sealhold.protect.policy import Policy
from sealhold.protect.policyfile import load
from sealhold.protect.sql.besides import check_tables
from sealhold.protect.sql.names import LOADING, Cells, Names, Relation, read_names
from sealhold.protect.sql.plan import Plan
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.views import shown_by
from sealhold.protect.state import State
from sealhold.protect.statemoves import Notes
from sealhold.protect.statetokens import Tokens
from sealhold.protect.statewords import WordCounters
from sealhold.vault.core import Core
from sealhold.vault.proxyforms import ProxyForms
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxymoves import MovesLog
from sealhold.vault.proxypolicies import Policies

_TOKEN: Final = "token"  # noqa: S105  # reason: a technique
_TURNS: Final = 32  # bits: changes of phases, below the version of the policy


@dataclass(frozen=True, slots=True)
class Planning:
    """The planner as a session asks it, with the names that the provider tells."""

    planner: Planner
    columns: Forms
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
        return self.read(answers, self.planner.is_listed)

    def read(
        self,
        answers: Sequence[Sequence[Cells]],
        is_listed: Callable[[str, str], bool],
        laid: Callable[[Relation], Relation] = lambda relation: relation,
    ) -> Names:
        """Return the names of the answers; `laid` is told each table, and returns it."""
        moving = meanwhile(lambda: under_way(self.notes, self.columns))
        return read_names(answers, self.columns, is_listed, shown_by, moving, laid)

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        """Return what is done for each statement of a text."""
        return self.planner.plan(text, oids, names)


@dataclass(frozen=True, slots=True)
class Keyed:
    """The planner of the keys of a table, in the form that it just got."""

    planner: Planner
    columns: Mapping[Table, Columns]

    def names(self, answers: Sequence[Sequence[Cells]]) -> Names:
        """Return the names that answers tell of; nothing is under way in them."""
        return read_names(answers, self.columns, self.planner.is_listed, shown_by)

    def plan(self, text: str, oids: Sequence[int], names: Names) -> tuple[Plan, ...]:
        """Return what is done for each statement of a text."""
        return self.planner.plan(text, oids, names)


def planning_of(core: Core, policy: Policy, keys: ProxyKeys, state: State) -> Planning:
    """Return what a proxy plans by under a policy.

    Raises:
        InvalidPolicyError: a column cannot be protected as the policy says.
    """

    def make(whole: Policy, by: Derived) -> Mapping[Table, Columns]:
        made = columns_of(
            whole,
            by,
            core.entropy,
            state.count,
            lambda key: Tokens(state, _place(key)),
            lambda key: WordCounters(state, "/".join(map(str, key))),
        )
        tag_rows(whole, made, by)
        return made

    def under(versions: Versions) -> Derived:
        return Derived(lambda name: keys.of((name,))[name], versions, versions)

    def version(number: int) -> Policy:
        history = Policies(core).history(policy.name)
        return load(next(each.text for each in history if each.version == number))

    def forget(key: KeyOf, number: int) -> None:
        if key[1] == _TOKEN:
            Tokens(state, _place(KeyName(*key, number))).forget()

    known = ProxyForms(core, policy.name)
    forms = Forms(policy, version, under, make, known, forget)
    check_tables(each for table in forms.values() for each in table.values())
    return Planning(Planner(policy, forms), forms, Notes(state))


def migrations_of(
    core: Core, planning: Planning, state: State, connect: Callable[[], Provider], crowd: Crowd
) -> Migrations:
    """Return what a proxy can do about the tables of its policy."""
    forms, policy = planning.columns, planning.planner.policy

    def planned(move: Move) -> Keyed:
        columns = {**forms, move.key: move.after}
        return Keyed(Planner(policy, columns), columns)

    made = Migrations(
        forms=forms,
        notes=planning.notes,
        planned=planned,
        crowd=crowd,
        connect=connect,
        rids=state,
        log=MovesLog(core),
        clock=core.clock,
    )
    with suppress(SealholdError):  # the provider is away: they are looked at another time
        made.absent()
    return made


def _place(key: KeyName) -> str:
    """Return the name of the map of tokens that a key stands for."""
    place = f"{key.dataset}/{key.domain}"
    return place if key.version == 1 else f"{place}/{key.version}"
