"""Whether the roles of a policy can be carried out: each mask for its type, each user in one role.

Source: docs/spec/65-roles-and-masks.md section 2, docs/spec/16-protection-policy.md section 4.4.
"""

from collections.abc import Iterator

from sealhold.protect.apartcheck import check_reference, columns_by_name
from sealhold.protect.findings import Findings
from sealhold.protect.masks import FORMS, NOTHING, fits, parse_show
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import HASHED, OTHERS, Mask, Policy, Role
from sealhold.protect.tomllines import Path


def check_roles(policy: Policy, findings: Findings) -> None:
    """Add what is wrong with roles and their masks."""
    names: set[str] = set()
    users: dict[str, str] = {}
    for number, role in enumerate(policy.roles):
        at: Path = ("role", number)
        if role.name in names:
            findings.error(
                "twice", (*at, "name"), f"the role `{role.name}` stands twice", "keep one of them"
            )
        names.add(role.name)
        for user in role.users:
            if users.setdefault(user, role.name) != role.name:
                findings.error(
                    "two-roles",
                    (*at, "users"),
                    f"`{user}` is in `{users[user]}` and in `{role.name}`",
                    "keep them in one role",
                )
        _check_role(policy, role, at, findings)


def shown_more(before: Policy, after: Policy) -> Iterator[str]:
    """Yield who is shown more of which column than by the version before."""
    users = {each for policy in (before, after) for role in policy.roles for each in role.users}
    known = columns_by_name(after)
    for user in sorted(users | {OTHERS}):
        masks = _masks(after, user)
        for column, show in _masks(before, user).items():
            if column in known and masks.get(column) not in {show, NOTHING}:
                who = "who is in no role" if user == OTHERS else f"`{user}`"
                yield f"{who} is shown more of `{column}` than before"


def _masks(policy: Policy, user: str) -> dict[str, str]:
    """Return what a user is shown of each masked column, by its whole name."""
    role = policy.role_of(user)
    known = columns_by_name(policy)
    found: dict[str, str] = {}
    for mask in role.masks if role else ():
        for table, column in known.get(mask.column, ()):
            found[f"{table.schema}.{table.name}.{column.name}"] = mask.show
    return found


def _check_role(policy: Policy, role: Role, at: Path, findings: Findings) -> None:
    if not role.users:
        findings.warning(
            "role-of-nobody",
            (*at, "users"),
            f"nobody has the role `{role.name}`",
            "name its users, or `*` for all who are in no other role",
        )
    for place, name in enumerate(role.tables):
        found = [t for t in policy.tables if name in {t.name, f"{t.schema}.{t.name}"}]
        if len(found) != 1:
            findings.error(
                "unknown-table",
                (*at, "tables", place),
                f"`{name}` is not one `[[table]]`",
                "write it as in `[[table]]`: `table`, or `schema.table`",
            )
    seen: set[str] = set()
    for place, mask in enumerate(role.masks):
        where = (*at, "mask", place)
        if check_reference(mask.column, policy, (*where, "column"), findings):
            _check_mask(policy, mask, where, seen, findings)


def _check_mask(policy: Policy, mask: Mask, at: Path, seen: set[str], findings: Findings) -> None:
    table, column = columns_by_name(policy)[mask.column][0]
    whole = f"{table.schema}.{table.name}.{column.name}"
    if whole in seen:
        findings.error(
            "twice", (*at, "column"), f"`{whole}` is masked twice in one role", "keep one of them"
        )
    seen.add(whole)
    if parse_show(mask.show) is None:
        findings.error(
            "mask",
            (*at, "show"),
            f"`{mask.show}` is nothing that can be shown",
            f"write one of {', '.join(f'`{each}`' for each in FORMS)}, N a number from 1",
        )
        return
    try:
        is_fit = fits(mask.show, named(column.type))
    except TypeRefusedError:
        is_fit = False
    if not is_fit:
        findings.error(
            "mask",
            (*at, "show"),
            f"`{mask.show}` does not fit `{mask.column}`, which is `{column.type}`",
            "section 2 of docs/spec/65-roles-and-masks.md says what is for which types",
        )
    # THREAT T736: who may write values and is shown their hashes looks up those of others
    if mask.show == HASHED and mask.writes:
        findings.error(
            "mask",
            (*at, "writes"),
            f"who writes `{mask.column}` and is shown its hashes can try values until one is found",
            "show something else of it, or leave `writes` out",
        )
