"""Drawing the keys of a column anew: which tables that is about, and the moves that carry it out.

- A key of a domain is of all its columns: the tables of all of them are moved, one by one.
- The new version of the key is durable, and each table on its way, before any table is touched. So
  it can be left there: a proxy that is served goes on with it.

Source: docs/spec/68-turning-column-keys.md sections 1 and 4.
"""

from typing import Final

from sealhold.model.errors import MigrationError, NotFoundError
from sealhold.model.shown.proxies import ProxyMigration, ProxyTurning
from sealhold.node.proxymigrations import BUSY, Migrations
from sealhold.node.proxymoving import Told
from sealhold.protect.columns import Column
from sealhold.protect.guards import guard_among
from sealhold.protect.migrating.forms import Phase
from sealhold.protect.migrating.standing import Form, KeyOf, Table, keys_in

APART: Final = frozenset({"words", "range-hidden", "he-sum", "paillier-sum"})


def turning(
    migrations: Migrations, name: str, technique: str = "", *, is_dry: bool = False
) -> ProxyTurning:
    """Draw the keys of a column anew, durably, or say what that would be about.

    Args:
        migrations: of a proxy.
        name: `table.column` or `schema.table.column`.
        technique: the one of which the key is drawn; empty for all of the column.
        is_dry: nothing is drawn.

    Raises:
        NotFoundError: the policy protects no such column, or not so.
        MigrationError: a table is on its way already, or still has its form from before.
        DatabaseAwayError: the provider is away.
        AuditUnavailableError: the log cannot be written; nothing was drawn.
    """
    forms = migrations.forms
    table, _, column_name = name.rpartition(".")
    column = forms[migrations.key(table)].get(column_name)
    if column is None:
        raise NotFoundError(f"the policy protects no column `{name}`")
    keys = _chosen(column, technique)
    tables = {
        key: forms.standing(key).now
        for key, columns in forms.items()
        if keys.keys() & keys_in(columns.values()).keys()
    }
    there = {key: form for key, form in tables.items() if _is_there(migrations, key)}
    for key in there:
        _check(migrations, key)
    newest = {each: forms.kept.newest(each) + 1 for each in keys}
    if not is_dry:
        forms.turn_keys(newest, {key: _whole(migrations, key, form) for key, form in there.items()})
    return ProxyTurning(
        column=name,
        keys=tuple(f"{each[1]}, version {version}" for each, version in sorted(newest.items())),
        tables=tuple(".".join(key) for key in there),
        is_begun=not is_dry,
    )


def carried_out(migrations: Migrations, told: Told) -> tuple[ProxyMigration, ...]:
    """Bring each table that is on its way to where it goes.

    Raises:
        MigrationError: something is in the way, or the provider refuses a step.
        DatabaseAwayError: the provider is away; it can be run again.
    """
    return tuple(migrations.run(".".join(key), told) for key in migrations.forms.on_their_way())


def _chosen(column: Column, technique: str) -> dict[KeyOf, int]:
    apart = sorted(APART & set(column.beside))
    if technique in APART or (apart and not technique):
        raise MigrationError(
            f"`{technique or apart[0]}` has a table of its own, which is made anew by itself:"
            " name another technique"
        )
    found = {key: version for key, version in keys_in([column]).items() if key[1] not in APART}
    if technique:
        found = {key: version for key, version in found.items() if key[1] == technique}
    if not found:
        others = ", ".join(each for each in column.policy.techniques if each not in APART)
        raise NotFoundError(f"`{column.name}` is not protected by `{technique}`, but by {others}")
    return found


def _check(migrations: Migrations, key: Table) -> None:
    noted = migrations.notes.of(key)
    name = ".".join(key)
    if guard_among(migrations.forms[key]) is not None:
        raise MigrationError(
            f"rows of `{name}` have tags over all that is kept of them: COPY it into a new table"
        )
    if noted is not None and noted.phase in BUSY:
        raise MigrationError(f"`{name}` is on its way already: let that end first")
    if migrations.forms.standing(key).next is not None:
        raise MigrationError(f"`{name}` is on its way already: `proxy migrate` ends that")
    if noted is not None and noted.phase is Phase.SWITCHED:
        raise MigrationError(f"`{name}` still has its form from before: end that with `--finish`")


def _is_there(migrations: Migrations, key: Table) -> bool:
    return bool(migrations.looked(key).columns)


def _whole(migrations: Migrations, key: Table, form: Form) -> Form:
    """Return a form with the versions of all its keys."""
    return form.under(keys_in(migrations.forms[key].values()))
