"""`sealhold key list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, figure
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import moment
from sealhold.model.quantities import Instant
from sealhold.model.shown.keys import ClosedView, KeysView

KINDS = {
    "epoch": "epoch",
    "app": "app",
    "field": "field",
    "subject": "person",
    "hold": "held",
    "vault": "the vault's own",
}


def key_list(context: typer.Context) -> None:
    """List the keys: what they are for, how old, how many lie under them.

    Shown are ids, versions and counts; no byte of a key leaves the vault this way or another. An
    epoch is the time in which one key stood above all others.
    """
    session = Session.of(context)
    with reading(session) as node:
        keys = node.keys.list()
    emit(session, keys, *_blocks(keys))


def epoch_words(epoch: int, due: Instant | None) -> str:
    """Return which epoch it is, and by when it must be closed."""
    by = f"; something was erased, so it is to be closed by {moment(due)}" if due else ""
    return f"{epoch}{by}"


def _blocks(keys: KeysView) -> list[Block]:
    columns = (
        Column("Key"),
        Column("Of", whole=True),
        figure("Version"),
        Column("State"),
        figure("Keys under it"),
    )
    rows = [
        (KINDS[key.kind], key.name, str(key.version), key.state, f"{key.wraps:,}")
        for key in keys.keys
    ]
    facts = Facts(
        [
            ("Epoch", epoch_words(keys.epoch, keys.due)),
            ("Written", f"{keys.generation:,} times since the vault was made"),
        ]
    )
    hint = [Line("Close it now: sealhold key close-epoch", "hint")] if keys.due else []
    return [facts, Line(""), Table(columns, rows), *_closed(keys.closed), *hint]


def _closed(closed: tuple[ClosedView, ...]) -> list[Block]:
    if not closed:
        return []
    columns = (
        figure("Epoch"),
        Column("Closed", whole=True),
        figure("Erased in it"),
        Column("Its slot"),
        Column("Worth"),
    )
    rows = [
        (str(each.epoch), moment(each.at), f"{each.erased:,}", each.method, each.strength)
        for each in closed
    ]
    return [Line(""), Table(columns, rows)]
