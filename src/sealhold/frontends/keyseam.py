"""What a face may ask of the vault about turning keys over: a part of the contract in `seam.py`.

Source: docs/spec/28-rotation.md section 6.
"""

from collections.abc import Sequence
from typing import Protocol

from sealhold.model.shown.jobs import JobDetails, JobView


class Rotating(Protocol):
    """Begins, shows and steers the jobs that turn keys over, for the owner alone."""

    def plan(self, kind: str, scope: str) -> JobView:
        """Return what a job would cover; nothing changes.

        Raises:
            InvalidError: no such kind, or no scope of it.
        """
        ...

    def begin(
        self, kind: str, scope: str, passphrase: str, *, compromised: bool, throttle: int
    ) -> JobView:
        """Begin a job; it runs once `run` or `start` is called.

        Raises:
            InvalidError: no such kind, or no scope of it.
            WrongPassphraseError: the owner is not proven.
            ConflictError: a job is under way that could meet it.
        """
        ...

    def run(self, id_text: str) -> JobView:
        """Run a job in this thread, until it is over, paused or cancelled."""
        ...

    def start(self, id_text: str) -> None:
        """Run a job in the background."""
        ...

    def jobs(self) -> tuple[JobView, ...]:
        """Return every job, the newest first."""
        ...

    def show(self, id_text: str) -> JobDetails:
        """Return a job and the rows that it left."""
        ...

    def pause(self, id_text: str) -> JobView:
        """Stop a job between two steps.

        Raises:
            ConflictError: it is not under way.
        """
        ...

    def resume(self, id_text: str) -> JobView:
        """Let a job go on; it runs once `run` or `start` is called.

        Raises:
            ConflictError: it was neither paused nor failed.
        """
        ...

    def cancel(self, id_text: str) -> JobView:
        """End a job for good.

        Raises:
            ConflictError: it is over.
        """
        ...

    def give_up(self, id_text: str, numbers: Sequence[int], passphrase: str) -> JobDetails:
        """Say of rows that did not open that the keys they lie under may be destroyed.

        Raises:
            WrongPassphraseError: the owner is not proven.
        """
        ...
