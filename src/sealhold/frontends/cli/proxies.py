"""How the commands of proxies show users and policies."""

from collections.abc import Sequence

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, figure, safe
from sealhold.frontends.web.formats import day, moment
from sealhold.model.shown.proxies import (
    ProxyAlarm,
    ProxyHeld,
    ProxyPolicyView,
    ProxyUserView,
    ProxyWarning,
)

PASSWORD_VARIABLE = "SEALHOLD_PROXY_PASSWORD"  # noqa: S105  # reason: the name of a variable


def user_facts(user: ProxyUserView) -> Facts:
    """Return what a user may do."""
    return Facts(
        [
            ("User", safe(user.name)),
            ("May", _may(user)),
            ("Tables", ", ".join(map(safe, user.tables)) or "all of the policy"),
            ("Role", _roles(user) or "none: they are shown all that they may read"),
        ]
    )


def _may(user: ProxyUserView) -> str:
    return "nothing: a decoy" if user.is_decoy else ", ".join(user.rights)


def user_table(users: Sequence[ProxyUserView]) -> Block:
    """Return a table of users, or a line if there is none."""
    if not users:
        return Line("Nobody may log in.")
    rows = [
        (
            safe(user.name),
            _may(user),
            ", ".join(map(safe, user.tables)) or "all",
            _roles(user) or "none",
        )
        for user in users
    ]
    columns = (Column("User", whole=True), Column("May"), Column("Tables"), Column("Role"))
    return Table(columns, rows)


def _roles(user: ProxyUserView) -> str:
    """Return the role that a user has under each policy."""
    return ", ".join(f"{each.role} ({safe(each.policy)})" for each in user.roles)


def policy_facts(policy: ProxyPolicyView) -> Facts:
    """Return which version is in force."""
    return Facts(
        [
            ("Policy", f"{policy.name}, version {policy.version}"),
            ("Digest", policy.digest),
            ("In force since", day(policy.at)),
            ("Protects", _counted(policy)),
            ("Providers", ", ".join(map(safe, policy.providers))),
        ]
    )


def _counted(policy: ProxyPolicyView) -> str:
    columns = "1 column" if policy.protected == 1 else f"{policy.protected:,} columns"
    return f"{columns} of " + ("1 table" if policy.tables == 1 else f"{policy.tables:,} tables")


def held_table(found: Sequence[ProxyHeld]) -> Block:
    """Return a table of what is held, or a line if nothing is."""
    if not found:
        return Line("Nothing is held.")
    rows = [
        (moment(each.at), f"{each.kind} {safe(each.name)}", safe(each.cause), safe(each.undo))
        for each in found
    ]
    columns = (Column("Since"), Column("Held", whole=True), Column("Cause"), Column("Let go by"))
    return Table(columns, rows, tall=True)


def alarm_table(found: Sequence[ProxyAlarm]) -> Block:
    """Return a table of alarms, or a line if there is none."""
    if not found:
        return Line("No alarm.")
    rows = [
        (
            moment(each.at),
            safe(each.cause),
            safe(each.place),
            safe(each.user),
            ", ".join(map(safe, each.held)),
        )
        for each in found
    ]
    columns = (Column("When"), Column("Cause"), Column("Where", whole=True), Column("User"))
    return Table((*columns, Column("Held since")), rows, tall=True)


def warnings_of(warnings: Sequence[ProxyWarning]) -> list[Block]:
    """Return what is doubtful about a policy, with where it stands."""
    if not warnings:
        return []
    rows = [(str(each.line), each.key, safe(each.message), safe(each.remedy)) for each in warnings]
    columns = (figure("Line"), Column("Key", whole=True), Column("Doubtful"), Column("Instead"))
    return [Line("What is doubtful:", "head"), Table(columns, rows, tall=True)]
