"""What a program that pushes is told.

Source: docs/spec/37-live.md section 7.
"""

from dataclasses import dataclass

from sealhold.model.shown import RejectView


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A job, and what is no row by its form; nothing of what was known already."""

    job: str
    rejected: int  # lines that are no row
    rejects: tuple[RejectView, ...]  # the first 20 of them
