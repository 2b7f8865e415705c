"""`sealhold status`."""

from typing import Annotated, Literal

import typer

from sealhold.frontends.cli.key_list import epoch_words
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import (
    Block,
    Column,
    Facts,
    Line,
    Table,
    emit,
    fields_of,
    figure,
    safe,
)
from sealhold.frontends.cli.rootwords import KEPT_IN, OPENED_BY, WORTH
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import bits, moment
from sealhold.model.errors import TamperedError
from sealhold.model.shown import LogState, Meter, Status
from sealhold.model.shown.backups import DrillView
from sealhold.model.shown.happened import COUNTED
from sealhold.node import backing

TRIED = {
    "seal_and_open": "seal and open",
    "erase_a_canary": "erase a person who never was",
    "restore_the_newest_backup": "restore the newest backup",
}


def status(
    context: typer.Context,
    self_test: Annotated[
        bool,
        typer.Option(
            "--self-test",
            help="Read and recompute everything that is kept, and try what a bad day asks for.",
        ),
    ] = False,
) -> None:
    """Tell how the vault is.

    Raises:
        TamperedError: the self-test found something that is not what was written.
        Exit: the same, for a program that has read it already.
    """
    session = Session.of(context)
    with reading(session) as node:
        checked = node.audit.verify() if self_test else None
        shown, meters = node.status(), node.budgets.meters()
        tried = backing.drill(node) if self_test else None
    value = {**fields_of(shown), "budgets": meters}
    if tried is not None:
        value["drill"] = tried
    emit(session, value, *_blocks(shown, meters, checked), *_drill_blocks(tried))
    failed = [
        f"{each.name}: {each.about}"
        for each in (tried.tried if tried else ())
        if each.outcome == "failed"
    ]
    if checked is not None and (failed or not checked.whole):
        if session.as_json:
            raise typer.Exit(TamperedError.kind.value)
        raise TamperedError("; ".join((*checked.faults, *failed)))


def _drill_blocks(tried: DrillView | None) -> list[Block]:
    if tried is None:
        return []
    looks: dict[str, Literal["good", "bad", "hint"]] = {
        "held": "good",
        "failed": "bad",
        "missing": "hint",
    }
    return [
        Line(f"Drill: {TRIED[each.name]}: {each.outcome}; {safe(each.about)}", looks[each.outcome])
        for each in tried.tried
    ]


def _blocks(shown: Status, meters: tuple[Meter, ...], checked: LogState | None) -> list[Block]:
    log = shown.log
    counts = ", ".join(f"{number:,} {name}" for name, number in sorted(shown.by_collection.items()))
    facts = [
        ("Version", shown.version),
        ("Folder", safe(shown.home)),
        *((part.capitalize(), safe(place)) for part, place in sorted(shown.elsewhere.items())),
        ("Decided", "headless" if shown.headless else "at a terminal or in the browser"),
        (
            "Opened by",
            OPENED_BY[shown.root] + (", or its recovery secret" if shown.recovery else ""),
        ),
        ("Epoch's key", f"wrapped {KEPT_IN[shown.slots]}"),
        ("A destroyed key", WORTH[shown.root_strength]),
        ("Items", f"{shown.items:,}" + (f": {counts}" if counts else "")),
        *_of_apps(shown),
        ("Epoch", epoch_words(shown.epoch, shown.close_by)),
        *([("Duties to keep", _holds(shown))] if shown.holds else []),
        ("Log", f"{counted(log.size, 'entry', 'entries')}, newest {moment(log.at)}"),
        ("Log root", log.root),
        ("Log key", log.key_digest),
        ("Confined by", shown.isolation),
        ("Not seen", shown.rollback_note),
    ]
    blocks: list[Block] = [Facts(facts), Line(""), *budget_table(meters)]
    blocks += [Line(f"Warning: {each}", "bad") for each in shown.warnings]
    if checked is None:
        blocks.append(Line("Check everything: sealhold status --self-test", "hint"))
    elif checked.whole:
        blocks.append(Line("Self-test: everything that is kept is what was written.", "good"))
    return blocks


def _of_apps(shown: Status) -> list[tuple[str, str]]:
    """Return what is kept for apps, if there is one."""
    if not shown.apps and not shown.people:
        return []
    people, records = (
        f"{number:,}{' or more' if number >= COUNTED else ''}"
        for number in (shown.people, shown.records)
    )
    return [("Apps", f"{shown.apps:,}"), ("People", people), ("Their records", records)]


def _holds(shown: Status) -> str:
    of = counted(shown.held, "erased person", "erased people")
    return f"{counted(shown.holds, 'hold', 'holds')}; something of {of} is held"


def budget_table(meters: tuple[Meter, ...]) -> list[Block]:
    """Return the budgets of the year as a table."""
    rows = [
        (safe(each.label), bits(each.used), bits(each.pending), bits(each.cap)) for each in meters
    ]
    columns = (Column("Told this year"), figure("Told"), figure("Waiting"), figure("At most"))
    return [Table(columns, rows)]
