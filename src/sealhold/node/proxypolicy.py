"""Protection policies for the faces: judged, brought over, explained, signed.

- All but the signature works on files alone: no vault is opened, no provider is asked.

Source: docs/spec/16-protection-policy.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.model.errors import ErrorKind, NotFoundError, UsageError
from sealhold.node.node import Node
from sealhold.node.world import World
from sealhold.protect.clarus import Converted, convert
from sealhold.protect.explain import Explained, explain_columns, unkeyed, without_key
from sealhold.protect.findings import Finding, has_errors
from sealhold.protect.masking import masked_columns
from sealhold.protect.policy import OTHERS, Policy, Role
from sealhold.protect.policycheck import check, checked
from sealhold.protect.policyfile import MAX_POLICY, digest_of, load, read
from sealhold.protect.policysign import SUFFIX, sign_policy
from sealhold.protect.policytext import write
from sealhold.protect.sql.explaining import ExplainedStatement, explain_statements
from sealhold.vault.proxykeys import ProxyKeys

__all__ = [
    "MAX_POLICY",
    "OTHERS",
    "SUFFIX",
    "Brought",
    "Explained",
    "ExplainedStatement",
    "Report",
    "Role",
    "Signed",
    "bring_over",
    "explain",
    "explain_role",
    "explain_statement",
    "judge",
    "sign",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is wrong or doubtful about a policy."""

    name: str
    version: int
    digest: str
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """Return 0, or 5 if the policy cannot be used so."""
        return ErrorKind.INVALID if has_errors(self.findings) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A policy of CLARUS as ours, with what is missing, and what is wrong with it now."""

    text: bytes
    converted: Converted
    report: Report

    @property
    def exit_code(self) -> int:
        """Return 0, or 5 if a protection was not brought over, or the policy cannot be used."""
        return self.report.exit_code if self.converted.is_whole else ErrorKind.INVALID


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A policy that was signed."""

    policy: Policy
    envelope: bytes


def judge(data: bytes, previous: bytes | None = None, *, accept_weaker: bool = False) -> Report:
    """Return what is wrong or doubtful about the policy in `data`.

    Raises:
        InvalidPolicyError: `previous` is no policy.
    """
    file = read(data)
    before = None if previous is None else load(previous)
    return Report(
        name=file.policy.name if file.policy else "",
        version=file.policy.version if file.policy else 0,
        digest=digest_of(data),
        findings=check(file, before, accept_weaker=accept_weaker),
    )


def bring_over(data: bytes, name: str, tables: Sequence[str]) -> Brought:
    """Return the policy that a file of CLARUS says.

    Raises:
        InvalidPolicyError: it is none.
    """
    converted = convert(data, name=name, tables=tables)
    text = write(converted.policy)
    return Brought(text=text, converted=converted, report=judge(text))


def explain(data: bytes, world: World) -> tuple[Explained, ...]:
    """Return what lies at the provider under a policy, and what the provider learns.

    Raises:
        InvalidPolicyError: the policy has an error.
    """
    policy = checked(data)
    return explain_columns(policy, unkeyed(policy, world.entropy))


def explain_role(data: bytes, name: str) -> Role:
    """Return what a policy says of a role.

    Raises:
        InvalidPolicyError: the policy has an error.
        NotFoundError: it has no such role.
    """
    found = next((each for each in checked(data).roles if each.name == name), None)
    if found is None:
        raise NotFoundError(f"no role `{name}` in the policy")
    return found


def explain_statement(
    data: bytes, text: str, world: World, role: Role | None = None
) -> ExplainedStatement:
    """Return what would become of one statement under a policy, for users of a role.

    Raises:
        InvalidPolicyError: the policy has an error.
        UsageError: the text is none, or several.
    """
    policy = checked(data)
    columns = unkeyed(policy, world.entropy)
    if role is None:
        found = explain_statements(policy, columns, text)
    else:
        masks = masked_columns(policy, role, columns, without_key())
        found = explain_statements(policy, columns, text, role.name, masks)
    if len(found) != 1:
        raise UsageError("`--sql` takes one statement")
    return found[0]


def sign(node: Node, data: bytes) -> Signed:
    """Return a policy that has no error with its envelope, signed by the open vault.

    Raises:
        InvalidPolicyError: it has an error.
    """
    policy = checked(data)
    return Signed(policy=policy, envelope=sign_policy(data, ProxyKeys(node.parts.core).signer()))
