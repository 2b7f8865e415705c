"""`sealhold proxy status`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.proxies import alarm_table, held_table, policy_facts, user_table
from sealhold.frontends.cli.session import Session
from sealhold.model.shown.proxies import ProxyStatus
from sealhold.node.proxywork import ProxyWork


def proxy_status(context: typer.Context) -> None:
    """Show the policies in force, their datasets, who may log in, and what was found."""
    session = Session.of(context)
    with reading(session) as node:
        found = ProxyWork(node).status()
    emit(session, found, *_blocks(found))


def _blocks(found: ProxyStatus) -> list[Block]:
    blocks: list[Block] = [policy_facts(each) for each in found.policies]
    if not blocks:
        blocks = [
            Line("No policy is in force."),
            Line("`sealhold proxy activate POLICY` puts one in force.", "hint"),
        ]
    if found.datasets:
        rows = [
            (each.name, "is here" if each.has_key else "was destroyed") for each in found.datasets
        ]
        blocks.append(Table((Column("Dataset", whole=True), Column("Its key")), rows))
    blocks.append(user_table(found.users))
    if found.secrets:
        blocks.append(Line("Secrets of providers: " + ", ".join(map(safe, found.secrets)) + "."))
    if found.held:
        blocks += [Line("Held until it is let go of:", "head"), held_table(found.held)]
    if found.alarms:
        blocks += [Line("The newest alarms:", "head"), alarm_table(found.alarms)]
    blocks += [
        Line(f"Secret `{safe(each)}` is missing: `sealhold proxy secret set {safe(each)}`.", "bad")
        for each in found.missing
    ]
    return blocks
