"""`sealhold policy show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_
from sealhold.frontends.cli.policies import rule_facts
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.model.quantities import show_bits


def policy_show(
    context: typer.Context,
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="Its id, from `sealhold policy list`.")
    ],
) -> None:
    """Show one rule, and each request that it answered."""
    session = Session.of(context)
    with reading(session) as node:
        found = node.dataware.policies.show(rule)
    blocks: list[Block] = [*rule_facts(found)]
    if found.answered:
        rows = [
            (
                short(Kind.REQUEST, each.request),
                moment(each.at),
                each.effect,
                show_bits(each.bits),
                each.state.value,
            )
            for each in found.answered
        ]
        columns = (
            id_("Request"),
            Column("When"),
            Column("Said"),
            figure("Bits"),
            Column("State today"),
        )
        blocks += [Line(""), Table(columns, rows)]
    else:
        blocks.append(Line("It answered nothing yet."))
    emit(session, found, *blocks)
