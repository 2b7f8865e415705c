"""Processings of the sample vault's apps: none, so each door is shut."""

from typing import NoReturn

from sealhold.model.errors import DeniedError
from sealhold.model.ids import FieldName
from sealhold.model.principals import Caller
from sealhold.model.processing import Assessment, NoticeView, ProcessingView, Terms, UseQuestion
from sealhold.model.quantities import Instant


class SampleProcessings:
    """No processing, and a no to all that is asked for."""

    def list(self, caller: Caller) -> tuple[ProcessingView, ...]:
        assert caller.token
        return ()

    def show(self, caller: Caller, id_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {id_text}")

    def register(self, caller: Caller, app_text: str, terms: Terms) -> NoReturn:
        raise DeniedError(f"{caller.role} {app_text} {terms.name}")

    def change(self, caller: Caller, id_text: str, terms: Terms) -> NoReturn:
        raise DeniedError(f"{caller.role} {id_text} {terms.name}")

    def assess(self, caller: Caller, id_text: str, assessment: Assessment) -> NoReturn:
        raise DeniedError(f"{caller.role} {id_text} {assessment.outcome}")

    def activate(self, caller: Caller, id_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {id_text}")

    def retire(self, caller: Caller, id_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {id_text}")

    def notices(self, id_text: str) -> tuple[NoticeView, ...]:
        assert id_text is not None
        return ()

    def add_notice(
        self, caller: Caller, id_text: str, digest: str, language: str, version: str
    ) -> NoReturn:
        raise DeniedError(f"{caller.role} {id_text} {digest} {language} {version}")


class SampleChoices:
    """Nobody whom anything is said of."""

    def choices(self, caller: Caller, person_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {person_text}")

    def choose(
        self, caller: Caller, person_text: str, id_text: str, wish: str, notice: str,
        until: Instant | None,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{caller.role} {person_text} {id_text} {wish} {notice} {until}")

    def withdraw(self, caller: Caller, consent_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {consent_text}")

    def claim(self, caller: Caller, person_text: str, id_text: str, state: str) -> None:
        raise DeniedError(f"{caller.role} {person_text} {id_text} {state}")

    def record(self, caller: Caller, consent_text: str, person_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {consent_text} {person_text}")

    def limits(self, caller: Caller, person_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {person_text}")

    def restrict(self, caller: Caller, person_text: str, *, is_set: bool) -> NoReturn:
        raise DeniedError(f"{caller.role} {person_text} {is_set}")

    def object(
        self, caller: Caller, person_text: str, purpose: str, *, is_raised: bool
    ) -> NoReturn:
        raise DeniedError(f"{caller.role} {person_text} {purpose} {is_raised}")

    def uses(self, caller: Caller, person_text: str, cursor: str, limit: int) -> NoReturn:
        raise DeniedError(f"{caller.role} {person_text} {cursor} {limit}")

    def decide(self, caller: Caller, question: UseQuestion) -> NoReturn:
        raise DeniedError(f"{caller.role} {question.subject}")


class SampleProcessingRuns:
    """No run."""

    def begin_run(self, caller: Caller, id_text: str, code: str, reads: int) -> NoReturn:
        raise DeniedError(f"{caller.role} {id_text} {code} {reads}")

    def begin_get(
        self, caller: Caller, lease: str, person_text: str, purpose: str,
        fields: frozenset[FieldName] | None,
    ) -> NoReturn:  # fmt: skip
        raise DeniedError(f"{caller.role} {len(lease)} {person_text} {purpose} {fields}")

    def people(self, caller: Caller, run_text: str, after: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {run_text} {after}")

    def release(self, caller: Caller, run_text: str, lease: str, output: bytes) -> NoReturn:
        raise DeniedError(f"{caller.role} {run_text} {len(lease)} {len(output)}")

    def end_run(self, caller: Caller, run_text: str) -> NoReturn:
        raise DeniedError(f"{caller.role} {run_text}")

    def run_log(self, caller: Caller, run_text: str, limit: int) -> NoReturn:
        raise DeniedError(f"{caller.role} {run_text} {limit}")
