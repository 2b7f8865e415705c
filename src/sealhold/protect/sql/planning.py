"""What a session asks of the planner.

Source: docs/spec/56-postgresql-proxy.md section 4.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from sealhold.protect.sql.plan import Plan

Cells = Sequence[str | None]


class Hold(Protocol):
    """Holds sessions back while what they plan by is changed."""

    @property
    def is_held(self) -> bool:
        """Whether a session that begins something is to wait."""
        ...

    def wait(self) -> None:
        """Wait a little, or until it is over."""
        ...


class NoHold:
    """Holds nobody back."""

    is_held = False

    def wait(self) -> None:
        """Wait for nothing."""


class Planner(Protocol):
    """Makes plans. One serves many sessions; its calls do not wait for anything."""

    @property
    def version(self) -> int:
        """Which policy it follows: another number after each change."""
        ...

    @property
    def loading(self) -> Sequence[str]:
        """What is asked of the provider to know its names, each a SELECT."""
        ...

    def names(self, answers: Sequence[Sequence[Cells]]) -> Any:  # noqa: ANN401  reason: the planner's own
        """Return the names that the answers to `loading` tell of, in the same order."""
        ...

    def plan(self, text: str, oids: Sequence[int], names: Any) -> tuple[Plan, ...]:  # noqa: ANN401  reason: as above
        """Return what is done for each statement of a text; what cannot be done is `Refused`."""
        ...
