"""What a face may ask of the vault about processings: a part of the contract in `seam.py`.

Source: docs/spec/26-processings.md section 9.
"""

from typing import Protocol

from sealhold.model.ids import FieldName
from sealhold.model.people import ProfileView
from sealhold.model.principals import Caller
from sealhold.model.processing import (
    Assessment,
    ChoiceMade,
    ChoiceView,
    LeaseView,
    LimitsView,
    NoticeView,
    Permitting,
    ProcessingView,
    ResultView,
    RunEnded,
    Terms,
    UseLine,
    UseQuestion,
    UsesPage,
    Verdict,
)
from sealhold.model.quantities import Instant
from sealhold.model.underway import Underway


class Processings(Protocol):
    """What apps do with their people's data by programs, and what people say to it.

    An app or a person learns an answer or `DeniedError`; ids and values of another form, and what
    a person cannot say now, are explained.
    """

    def list(self, caller: Caller) -> tuple[ProcessingView, ...]:
        """Return the processings that the caller may see, by name."""
        ...

    def show(self, caller: Caller, id_text: str) -> ProcessingView:
        """Return one processing."""
        ...

    def register(self, caller: Caller, app_text: str, terms: Terms) -> ProcessingView:
        """Keep a new processing of the calling app, or for the owner of the one that is named."""
        ...

    def change(self, caller: Caller, id_text: str, terms: Terms) -> ProcessingView:
        """Keep another version of a processing."""
        ...

    def assess(self, caller: Caller, id_text: str, assessment: Assessment) -> ProcessingView:
        """Record how the assessment of a processing ended."""
        ...

    def activate(self, caller: Caller, id_text: str) -> ProcessingView:
        """Let a processing be run on whoever permits it.

        Raises:
            NotAssessedError: an assessment is needed, and none ended well.
        """
        ...

    def retire(self, caller: Caller, id_text: str) -> ProcessingView:
        """End a processing for good."""
        ...

    def notices(self, id_text: str) -> tuple[NoticeView, ...]:
        """Return the texts that people may be shown for a processing."""
        ...

    def add_notice(
        self, caller: Caller, id_text: str, digest: str, language: str, version: str
    ) -> NoticeView:
        """Note a text that people may be shown for a processing."""
        ...


class Choices(Protocol):
    """What people say to processings and to all uses of their data; to each, of each alone."""

    def choices(self, caller: Caller, person_text: str) -> tuple[ChoiceView, ...]:
        """Return each processing as a person sees it."""
        ...

    def choose(  # what a person says, and to what
        self,
        caller: Caller,
        person_text: str,
        id_text: str,
        wish: str,
        notice: str,
        until: Instant | None,
    ) -> ChoiceMade:
        """Keep what a person says to a processing.

        Raises:
            UnsayableError: what they saw is not what applies now, or there is no yes to end.
        """
        ...

    def withdraw(self, caller: Caller, consent_text: str) -> ChoiceMade:
        """Take a consent of the calling person back."""
        ...

    def claim(self, caller: Caller, person_text: str, id_text: str, state: str) -> None:
        """Take what an app says of a person's consent: it asks, or what it claims is unknown."""
        ...

    def record(self, caller: Caller, consent_text: str, person_text: str) -> bytes:
        """Return a signed consent record; for the owner and officers of the person named."""
        ...

    def limits(self, caller: Caller, person_text: str) -> LimitsView:
        """Return what a person set to all uses."""
        ...

    def restrict(self, caller: Caller, person_text: str, *, is_set: bool) -> LimitsView:
        """Restrict all uses of a person's data, or lift that."""
        ...

    def object(
        self, caller: Caller, person_text: str, purpose: str, *, is_raised: bool
    ) -> LimitsView:
        """Raise or take back an objection."""
        ...

    def uses(self, caller: Caller, person_text: str, cursor: str, limit: int) -> UsesPage:
        """Return who did what with a person's data, the newest first."""
        ...

    def decide(self, caller: Caller, question: UseQuestion) -> Verdict:
        """Return whether a use would be permitted now."""
        ...


class ProcessingRuns(Protocol):
    """The runs of processings: whoever holds an app's token and a lease reads by it."""

    def begin_run(self, caller: Caller, id_text: str, code: str, reads: int) -> LeaseView:
        """Begin a run, and return its lease, said once."""
        ...

    def begin_get(
        self,
        caller: Caller,
        lease: str,
        person_text: str,
        purpose: str,
        fields: frozenset[FieldName] | None,
    ) -> Underway[ProfileView]:
        """Return fields of a profile to a run, in steps."""
        ...

    def people(self, caller: Caller, run_text: str, after: str) -> Permitting:
        """Return people who permit a run."""
        ...

    def release(self, caller: Caller, run_text: str, lease: str, output: bytes) -> ResultView:
        """Release the result of a run, if all its people still permit, and end it."""
        ...

    def end_run(self, caller: Caller, run_text: str) -> RunEnded:
        """End a run without a result."""
        ...

    def run_log(self, caller: Caller, run_text: str, limit: int) -> tuple[UseLine, ...]:
        """Return what a run did; to a person, what it did with their data."""
        ...
