"""In which form a table lies at its provider: by which version of a policy, under which keys.

- A policy that is put in force says what a table is to be; until it is brought there, the table is
  used as it lies. So is a table whose keys are turned.
- A table of which nothing is noted lies as the policy in force says, under the newest keys.

Source: docs/spec/68-turning-column-keys.md section 2; ADR 96.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sealhold.protect.columnkeys import KeyName
from sealhold.protect.columns import Column, domain_of
from sealhold.protect.migrating.forms import alike
from sealhold.protect.policy import Policy, TablePolicy

Table = tuple[str, str]  # schema and name
KeyOf = tuple[str, str, str]  # dataset, technique, domain: a key in all its versions
IN_CLEAR: Final = 0  # in the place of a policy's version


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a table."""

    policy: int  # the version that says its columns; 0: it is in the clear
    keys: Mapping[KeyOf, int]  # versions; one that is not named is 1

    def version(self, dataset: str, technique: str, domain: str) -> int:
        """Return the version of a key in this form."""
        return self.keys.get((dataset, technique, domain), 1)

    def under(self, keys: Mapping[KeyOf, int]) -> "Form":
        """Return this form under other versions of some keys."""
        return replace(self, keys={**self.keys, **keys})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is noted of one table."""

    now: Form
    next: Form | None = None  # on its way there


def keys_of(table: TablePolicy) -> list[KeyOf]:
    """Return all keys that a table is protected by."""
    return [
        (table.dataset, technique, domain_of(technique, table, column))
        for column in table.columns
        for technique in column.techniques
    ]


def keys_in(columns: Iterable[Column]) -> dict[KeyOf, int]:
    """Return the keys of columns, and their versions."""
    names: list[KeyName] = [
        key for each in columns for key in (*each.keys.values(), *each.beside.values())
    ]
    return {each[:3]: each.version for each in names}


def is_other(before: TablePolicy, after: TablePolicy | None) -> bool:
    """Whether a table must be made anew at its provider to be as another policy says."""
    if after is None:
        return True
    return _form(before) != _form(after)


def changed(before: Policy, after: Policy) -> list[TablePolicy]:
    """Return the protected tables of a policy that the next one says otherwise."""
    there = {(each.schema, each.name): each for each in after.tables}
    return [
        each
        for each in before.tables
        if each.is_protected and is_other(each, there.get((each.schema, each.name)))
    ]


def same(was: Mapping[str, Column], will: Mapping[str, Column]) -> bool:
    """Whether two forms of a table are one at the provider."""
    return was.keys() == will.keys() and all(alike(was[name], will[name]) for name in was)


def _form(table: TablePolicy) -> tuple[object, ...]:
    columns = {
        each.name: (
            each.type, frozenset(each.techniques), each.domain, each.fold, each.tokens, each.bits,
            each.scale, each.range, each.buckets, each.alphabet, each.null,
        )
        for each in table.columns
        if not each.is_clear
    }  # fmt: skip
    return table.dataset, table.bind, columns
