"""`sealhold audit alerts`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import moment
from sealhold.frontends.web.sheets import odd_words
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Id16, Kind, show
from sealhold.model.shown import RequestState
from sealhold.model.shown.statement import Odd
from sealhold.node import Node


def audit_alerts(context: typer.Context) -> None:
    """Tell what is odd about uses of your data, and how to stop it.

    By rules that are written down: the first use of a column, a new hour, many more uses than in
    the months before, refusals in a row, a budget that is about to end. An odd use is no wrong one.
    """
    session = Session.of(context)
    with reading(session) as node:
        alerts = node.statements.alerts()
        blocks = _blocks(node, alerts)
    emit(session, alerts, *blocks)


def _blocks(node: Node, alerts: tuple[Odd, ...]) -> list[Block]:
    if not alerts:
        return [Line("Nothing odd in the last 30 days.", "good")]
    rows = [
        (moment(each.at), safe(odd_words(each, _name(node, each.app))), _entries(each))
        for each in alerts
    ]
    apps = dict.fromkeys(each.app for each in alerts if each.app)
    stops = [f"sealhold app suspend {show(Kind.APP, Id16(bytes.fromhex(app)))}" for app in apps]
    found = dict.fromkeys(filter(None, map(node.statements.grant_of, alerts)))
    held = {each.id: each for each in node.grants.list() if each.state is RequestState.ALLOWED}
    pauses = [
        f"To pause {safe(held[each].label)}: sealhold grant pause {show(Kind.GRANT, each)}"
        for each in found
        if each in held
    ]
    return [
        Table((Column("When", whole=True), Column("What"), Column("Entries", whole=True)), rows),
        *map(Line, pauses),
        *(Line(f"To stop {safe(_name(node, app))}: {stop}")
          for app, stop in zip(apps, stops, strict=True)),
    ]  # fmt: skip


def _name(node: Node, app: str) -> str:
    if not app:
        return ""
    id_text = show(Kind.APP, Id16(bytes.fromhex(app)))
    try:
        return node.apps.show(id_text).name
    except NotFoundError:
        return id_text


def _entries(odd: Odd) -> str:
    low, high = odd.indices[0], odd.indices[-1]
    return f"{low}" if low == high else f"{low}-{high}"
