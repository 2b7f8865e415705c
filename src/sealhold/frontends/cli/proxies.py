"""How the commands of proxies show users and policies."""

from collections.abc import Sequence

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, figure, safe
from sealhold.frontends.web.formats import day
from sealhold.model.shown.proxies import ProxyPolicyView, ProxyUserView, ProxyWarning

PASSWORD_VARIABLE = "SEALHOLD_PROXY_PASSWORD"  # noqa: S105  # reason: the name of a variable


def user_facts(user: ProxyUserView) -> Facts:
    """Return what a user may do."""
    return Facts(
        [
            ("User", safe(user.name)),
            ("May", ", ".join(user.rights)),
            ("Tables", ", ".join(map(safe, user.tables)) or "all of the policy"),
            ("Role", _roles(user) or "none: they are shown all that they may read"),
        ]
    )


def user_table(users: Sequence[ProxyUserView]) -> Block:
    """Return a table of users, or a line if there is none."""
    if not users:
        return Line("Nobody may log in.")
    rows = [
        (
            safe(user.name),
            ", ".join(user.rights),
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


def warnings_of(warnings: Sequence[ProxyWarning]) -> list[Block]:
    """Return what is doubtful about a policy, with where it stands."""
    if not warnings:
        return []
    rows = [(str(each.line), each.key, safe(each.message), safe(each.remedy)) for each in warnings]
    columns = (figure("Line"), Column("Key", whole=True), Column("Doubtful"), Column("Instead"))
    return [Line("What is doubtful:", "head"), Table(columns, rows, tall=True)]
