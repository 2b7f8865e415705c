"""`sealhold policy list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind
from sealhold.model.shown.dataware import RuleView, ShowingView


def policy_list(context: typer.Context) -> None:
    """List your rules, and what apps hear of by them."""
    session = Session.of(context)
    with reading(session) as node:
        rules = node.dataware.policies.list()
        shown = node.dataware.policies.showing()
    value = {"rules": rules, "shown": shown}
    if not rules:
        emit(session, value, Line("No rules: every request waits for you."))
        return
    emit(session, value, _rules(rules), Line(""), *_showing(shown))


def ruling(rule: RuleView) -> str:
    """Return what a rule says, and that it says nothing while its policy token is away."""
    away = "" if rule.holds else " (its policy token is away)"
    return f"{safe(rule.sentence)}{away}"


def _rules(rules: tuple[RuleView, ...]) -> Table:
    rows = [(short(Kind.POLICY, rule.id), ruling(rule), f"{len(rule.answered)}") for rule in rules]
    return Table((id_("Rule"), Column("Says"), figure("Answered")), rows)


def _showing(shown: tuple[ShowingView, ...]) -> list[Block]:
    rows = [
        (safe(each.app_name), safe(dataset.name), dataset.freshness)
        for each in shown
        for dataset in each.datasets
    ]
    if not rows:
        return [Line("No app hears of any dataset.")]
    return [Table((Column("App"), Column("Hears of"), Column("Freshness")), rows)]
