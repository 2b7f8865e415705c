"""What somebody at a terminal answers to a preview: each finding, then whether to go on.

Source: docs/spec/49-sharing.md section 7.
"""

from collections.abc import Iterable, Sequence

from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError, VerificationNeededError


def said_yes(
    session: Session, findings: Iterable[tuple[str, str]], signs: Sequence[str], question: str
) -> list[str]:
    """Return the signs that the owner says are meant so, if they go on.

    Args:
        session: of the command.
        findings: the sign of each, and what is asked about it.
        signs: those that were answered already.
        question: asked last.

    Raises:
        VerificationNeededError: nobody is there to ask.
        UsageError: they said no.
    """
    terminal = session.shell.terminal
    if session.as_json or not terminal.is_there():
        raise VerificationNeededError("somebody has to say yes to the preview, or `--yes` does")
    meant = list(signs)
    for sign, asked in findings:
        if sign not in meant:
            _require_yes(session, f"{asked}. Meant so?")
            meant.append(sign)
    _require_yes(session, question)
    return meant


def _require_yes(session: Session, question: str) -> None:
    answer = session.shell.terminal.line(f"{question} yes or no: ")
    if answer.strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was shared")
