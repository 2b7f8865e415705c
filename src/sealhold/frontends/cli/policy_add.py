"""`sealhold policy add`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, id_, safe
from sealhold.frontends.cli.policies import rule_facts
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_bits, short
from sealhold.model.ids import Kind
from sealhold.model.quantities import MicroBits
from sealhold.model.shown.dataware import RuleDraft, RuleLook

_Names = list[str] | None


def policy_add(  # noqa: PLR0913  # reason: each narrows what the rule is about
    context: typer.Context,
    *,
    effect: Annotated[
        str, typer.Argument(metavar="EFFECT", help="`allow`, `deny`, `ask` or `show`.")
    ],
    app: Annotated[_Names, typer.Option(metavar="APP", help="For this app; once for each.")] = None,
    processor: Annotated[
        _Names,
        typer.Option(metavar="APP", help="For all apps that sign with the key of this one."),
    ] = None,
    purpose: Annotated[
        _Names, typer.Option(metavar="PURPOSE", help="For this purpose and narrower ones.")
    ] = None,
    dataset: Annotated[_Names, typer.Option(metavar="NAME", help="Of this dataset.")] = None,
    column: Annotated[_Names, typer.Option(metavar="NAME", help="Of this column.")] = None,
    bits: Annotated[
        str | None,
        typer.Option(metavar="BITS", help="With `allow`: the most that it tells in a month."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what the rule would have done so far.")
    ] = False,
) -> None:
    """Write a rule that answers requests in your place.

    `deny` and `ask` take hold if any part of what is asked is theirs, `allow` only if all of it
    is; a no outweighs a question, and a question a yes. What no rule answers waits for you.
    `show` lets an app hear that a dataset is there. A rule takes hold of the next request.
    """
    session = Session.of(context)
    draft = RuleDraft(
        effect=effect,
        apps=tuple(app or ()),
        processors=tuple(processor or ()),
        purposes=tuple(purpose or ()),
        datasets=tuple(dataset or ()),
        columns=tuple(column or ()),
        bits=MicroBits(0) if bits is None else read_bits(bits),
    )
    if preview:
        with reading(session) as node:
            look = node.dataware.policies.look(draft)
        emit(session, look, *_looked(look))
        return
    with deciding(session) as (node, passphrase):
        rule = node.dataware.policies.add(draft, passphrase)
    emit(session, rule, Line("Written.", "head"), *rule_facts(rule))


def _looked(look: RuleLook) -> list[Block]:
    blocks: list[Block] = [
        Line("Nothing was changed: a preview.", "head"),
        Line(safe(look.sentence)),
    ]
    if not look.matches:
        return [*blocks, Line("No request so far would have been its own.")]
    rows = [
        (
            short(Kind.REQUEST, each.request),
            safe(each.asker),
            safe(each.label),
            each.state.value,
            each.then,
            "" if each.grant is None else short(Kind.GRANT, each.grant),
        )
        for each in look.matches
    ]
    columns = (
        id_("Request"),
        Column("App"),
        Column("What"),
        Column("State"),
        Column("By the rules"),
        id_("Grant in force"),
    )
    return [*blocks, Table(columns, rows)]
