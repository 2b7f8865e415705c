"""What a user of a proxy may do: the rights and tables they have, no more than their role has.

Source: docs/spec/59-proxy-in-a-vault.md section 3, docs/spec/65-roles-and-masks.md section 1.
"""

from typing import Final

from sealhold.protect.gate import Use
from sealhold.protect.policy import Policy, Role
from sealhold.vault.proxyusers import Right, User

READS: Final = frozenset({"SELECT", "COPY TO", "DECLARE", "FETCH", "VALUES"})
WRITES: Final = frozenset({
    "INSERT", "UPDATE", "DELETE", "MERGE", "COPY FROM", "TRUNCATE", "LOCK",
})  # fmt: skip
FREE: Final = frozenset({"SHOW", "SET"})  # of no table


def refusal(user: User, use: Use, policy: Policy, role: Role | None) -> str:
    """Return why a user may not do something; empty if they may."""
    wanted = {Right.READ} if use.opens or use.reads else set()
    if use.verb in READS:
        wanted.add(Right.READ)
    elif use.verb in WRITES:
        wanted.add(Right.WRITE)
    elif use.verb not in FREE:  # what is not known is the most that there is
        wanted.add(Right.DEFINE)
    has = user.rights & frozenset(map(Right, role.may)) if role and role.may else user.rights
    missing = sorted(wanted - has)
    if missing:
        return f"the user may not {missing[0]}"
    for tables in (user.tables, _tables(policy, role)):
        beyond = sorted(set(use.tables) - tables) if tables else ()
        if beyond:
            return f"the user has nothing to do with table `{beyond[0]}`"
    return ""


def _tables(policy: Policy, role: Role | None) -> frozenset[str]:
    named = frozenset(role.tables) if role else frozenset[str]()
    return frozenset(
        f"{table.schema}.{table.name}"
        for table in policy.tables
        if named & {table.name, f"{table.schema}.{table.name}"}
    )
