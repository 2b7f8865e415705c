"""What is said of a policy: a fault or a doubt, with its key, its line and what to do about it.

Source: docs/spec/16-protection-policy.md section 4.
"""

from dataclasses import dataclass
from enum import StrEnum, unique

from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.tomllines import Lines, Path


@unique
class Severity(StrEnum):
    """Whether a policy can be used as it is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or doubtful."""

    code: str  # what programs match on: `unknown-key`
    severity: Severity
    key: str  # as it is nested, without numbers: `table.column.protect`
    line: int  # from 1
    message: str
    remedy: str


class Findings:
    """Gathers what is found in one text."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._found: list[Finding] = []

    def error(self, code: str, path: Path, message: str, remedy: str) -> None:
        """Add what must be put right before the policy can be used."""
        self._add(Severity.ERROR, code, path, message, remedy)

    def warning(self, code: str, path: Path, message: str, remedy: str) -> None:
        """Add what may be meant so."""
        self._add(Severity.WARNING, code, path, message, remedy)

    def _add(self, severity: Severity, code: str, path: Path, message: str, remedy: str) -> None:
        key = ".".join(each for each in path if isinstance(each, str))
        line = self._lines.of(path)
        self._found.append(
            Finding(
                code=code, severity=severity, key=key, line=line, message=message, remedy=remedy
            )
        )

    def all(self) -> tuple[Finding, ...]:
        """Return what was found, in the order of the text."""
        return tuple(sorted(self._found, key=lambda each: (each.line, each.key, each.code)))


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """Return whether the policy cannot be used."""
    return any(each.severity is Severity.ERROR for each in findings)


def refuse(findings: tuple[Finding, ...]) -> None:
    """Refuse a policy with faults, telling the first.

    Raises:
        InvalidPolicyError: one of `findings` is an error.
    """
    errors = [each for each in findings if each.severity is Severity.ERROR]
    if errors:
        first = errors[0]
        more = f"; {len(errors) - 1} more" if len(errors) > 1 else ""
        raise InvalidPolicyError(f"line {first.line}, `{first.key}`: {first.message}{more}")
