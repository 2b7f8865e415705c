"""Shares in which a program answers, on both sides: what is charged, said, asked and read.

- The owner's side puts a program in force with its share, says in the space what may be asked, and
  gives answers. What cannot be answered now leaves the ask waiting.
- The recipient's side asks by parameter and selection, and reads what comes for it. The manifest
  that is shown is the one whose digest the paper names.

Source: docs/spec/52-share-spaces.md section 10.
"""

from collections.abc import Mapping
from typing import Final

from sealhold.compute.personanswers import PersonAnswers
from sealhold.compute.personprograms import Terms, answer_words, read_program
from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    ConflictError,
    DeniedError,
    ExhaustedError,
    InvalidError,
    InvalidGrantError,
    NotFoundError,
    TamperedError,
    UnavailableError,
)
from sealhold.model.ids import AppId, ContactId, GrantId, Id16, Purpose, RecordId, TaskDigest
from sealhold.model.shown.shares import AnswersView, GivenAnswer, ProgramView
from sealhold.policy import dpv
from sealhold.policy.share import Clauses
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.sight import EVERY_ROW, Said
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.peers import spaces
from sealhold.sharing.peers.answering import Give, key_for_use
from sealhold.sharing.peers.answers import (
    Program,
    Question,
    program_in,
    question,
    read_answer,
    say_program,
    write_answer,
)
from sealhold.sharing.peers.asking import Asking, Wish
from sealhold.sharing.peers.sharepaper import Paper, Record
from sealhold.sharing.peers.usenotes import Ask

AWAY: Final = (UnavailableError, ConflictError)


class ShareAnswers:
    """Programs that answer under the shares of this vault's owner. For one thread."""

    def __init__(self, answers: PersonAnswers) -> None:
        self._answers = answers

    def named(self, text: str) -> tuple[TaskDigest, Purpose]:
        """Return digest and purpose of the program that a name, or a digest, says.

        Raises:
            NotFoundError: no request brought one to this vault.
            InvalidError: several are called so.
        """
        digest, purpose = self._answers.named(text)
        return digest, Purpose(purpose)

    def look(self, clauses: Clauses, grant: GrantId | None = None) -> AnswersView | None:
        """Return what a share can tell; None where no program answers.

        Raises:
            NotFoundError: no request brought the program to this vault.
            InvalidError: a share does not take it, or the clauses do not fit it.
            InvalidFilterError: rows or precision do not fit the dataset.
            LeakExhaustedError: an object would tell more than it ever may.
            BudgetAwayError: another device counts that, and lent too little of it to this one.
        """
        if clauses.tier is not Tier.ANSWER:
            return None
        terms = _terms(clauses)
        _, purpose = self._answers.named(terms.task.hex())
        # THREAT T583: the program is the purpose, so a share for another one gives no answer
        if not any(dpv.narrower(Purpose(purpose), each) for each in clauses.purposes):
            raise InvalidError(f"this program is for `{purpose}`: share it for that")
        return self._answers.look(terms, grant)

    def keep(self, opened: Open, record: Record) -> Mapping[bytes, bytes]:
        """Put the program of a share in force, durably; return the ids of what it may be asked.

        Raises:
            NotFoundError: no request brought the program to this vault.
            InvalidError: a share does not take it.
            LeakExhaustedError: an object would tell more than it ever may.
            UnavailableError: records or budgets are away now.
        """
        terms = _terms(record.clauses)
        barred = frozenset(RecordId(one) for bar in record.clauses.bars for one in bar.ids)
        found = self._answers.allow(record.grant, terms, barred)
        questions = tuple(question(record, terms.task, *each) for each in found.inputs())
        manifest = found.installed.signed.envelope
        say_program(opened, record.grant, Program(manifest=manifest, questions=questions))
        return {each.id: each.id for each in questions}

    def say(self, devices: Devices, opened: Open, record: Record) -> tuple[bool, str]:
        """Say in a space what its program may be asked; return whether that is new, and a trouble.

        Raises:
            AuditUnavailableError: nothing can be written.
        """
        try:
            things = self.keep(opened, record)
        except AuditUnavailableError:
            raise
        except (InvalidError, NotFoundError, ExhaustedError, *AWAY) as err:
            return False, f"`{record.name}` is left as it is: {err}"
        return spaces.say(devices, opened, record, things), ""

    def give(self, opened: Open, record: Record, ask: Ask) -> bytes:
        """Return the answer to what is asked and was decided on, charged once.

        Raises:
            DeniedError: the program ended, or is not asked that.
            ExhaustedError: a budget does not cover it.
            BusyError: it cannot be worked out now.
            AuditUnavailableError: nothing can be written; nothing was answered.
        """
        terms, said = _terms(record.clauses), program_in(opened, record.grant)
        asked = None if said is None else said.asked(ask.thing)
        if asked is None:
            raise DeniedError("the program is not asked that")
        # THREAT T583: the id says what is asked, and by the share's own secret it is that
        if question(record, terms.task, asked.param, asked.selection) != asked:
            raise DeniedError("the program is not asked that")
        try:
            value = self._answers.answer(record.grant, asked.param, asked.selection)
        except AuditUnavailableError:
            raise
        except AWAY as err:
            raise BusyError("the program cannot answer now") from err
        except NotFoundError as err:
            raise DeniedError("the program is not in this vault") from err
        return write_answer(terms.task, asked, value)

    def is_over(self, record: Record) -> bool:
        """Return whether the program of a share answers no more."""
        return record.clauses.tier is Tier.ANSWER and self._answers.is_over(record.grant)

    def end(self, record: Record) -> None:
        """End the program of a share that was taken back, durably."""
        if record.clauses.tier is Tier.ANSWER:
            self._answers.end(record.grant)


def giver(answers: ShareAnswers, devices: Devices) -> Give:
    """Return what gives a permitted use the key of a version, or an answer."""

    def give(record: Record, ask: Ask, number: int) -> bytes:
        if record.clauses.tier is not Tier.ANSWER:
            return key_for_use(record, ask, number)
        opened = spaces.space_of(devices, record)
        if opened is None:
            raise BusyError("the space of this share has not come yet")
        return answers.give(opened, record, ask)

    return give


def asked_words(opened: Open, grant: GrantId, thing: bytes) -> str:
    """Return what a program was asked by an id, in words; empty if that is no question."""
    found = program_in(opened, grant)
    asked = None if found is None else found.asked(thing)
    return "" if asked is None else f"{asked.param}, {asked.selection}"


def require_same_program(before: Clauses, after: Clauses) -> None:
    """Return if a change leaves alone what a program answers, and what it was charged for.

    Raises:
        InvalidError: it does not.
    """
    # THREAT T583: what was charged and frozen was so under the clauses of before
    if _answered(before) != _answered(after):
        raise InvalidError(
            "of a share in which a program answers, end and count change alone: take it back and"
            " make another one"
        )


def _answered(clauses: Clauses) -> tuple[object, ...]:
    if clauses.tier is not Tier.ANSWER:
        return ()
    rules = (clauses.what, clauses.precision, clauses.omit, frozenset(clauses.bars))
    return (clauses.task, clauses.purposes, *rules)


def _terms(clauses: Clauses) -> Terms:
    """Return what a share says of its program.

    Raises:
        InvalidGrantError: it names no program, no dataset, or not one person.
    """
    if clauses.task is None or clauses.what.dataset is None or len(clauses.who) != 1:
        raise InvalidGrantError("a program answers one person, over one dataset")
    (who,) = clauses.who
    return Terms(
        task=clauses.task,
        person=person_of(who),
        dataset=clauses.what.dataset,
        said=Said(clauses.what.rows or EVERY_ROW, clauses.precision),
        omit=clauses.omit,
    )


def person_of(who: ContactId) -> AppId:
    """Return a person as budgets and the log call who is answered."""
    return AppId(Id16(bytes(who[:16])))


# --- at who gets answers ---


class SharedAnswers:
    """A share by another person in which a program answers. For one thread."""

    def __init__(self, devices: Devices, opened: Open, paper: Paper) -> None:
        """Look at a share.

        Raises:
            InvalidError: no program answers in it.
        """
        if paper.clauses.tier is not Tier.ANSWER or paper.clauses.task is None:
            raise InvalidError("no program answers in this share: open what is in it")
        self._devices, self._opened, self._paper = devices, opened, paper
        self._task = paper.clauses.task

    def view(self) -> ProgramView | None:
        """Return the program as its manifest says; None if it has not come, or is another."""
        found = program_in(self._opened, self._paper.grant)
        if found is None:
            return None
        try:
            shown = read_program(found.manifest)
        except (InvalidError, TamperedError):
            return None
        # THREAT T583: the program that is shown is the one whose digest the owner signed
        return shown if shown.task == self._task.hex() else None

    def ask(self, param: str, selection: str, purpose: str) -> GivenAnswer | None:
        """Return the answer to a question; None: the owner's device has not answered yet.

        A question that waits already is gone on with, and no second one is asked.

        Raises:
            NotFoundError: the program has not come, or is not asked that.
            DeniedError: it is not permitted, or was taken back.
            InvalidError: say for what purpose, as there are several.
            TamperedError: the answer is not what must be.
        """
        found, shown = program_in(self._opened, self._paper.grant), self.view()
        if found is None or shown is None:
            raise NotFoundError("the program of this share has not come yet")
        asked = _chosen(found, param, selection)
        asking = Asking(self._devices, self._opened)
        wish = self._wish(asked, purpose)
        waiting = next((key for key, each in asking.waiting() if each == wish), None)
        key = asking.ask(wish) if waiting is None else waiting
        came = asking.answered(key, lambda given: self._read(found, given, asked))
        if came is None:
            return None
        number, value = came
        return GivenAnswer(
            number=number,
            param=asked.param,
            selection=asked.selection,
            value=value,
            reads=answer_words(found.manifest, value),
        )

    def _read(self, found: Program, given: bytes, asked: Question) -> int:
        value = read_answer(given, self._task, asked)
        try:
            answer_words(found.manifest, value)
        except InvalidError as err:
            raise TamperedError("the program gives no such answer") from err
        return value

    def _wish(self, asked: Question, purpose: str) -> Wish:
        known = self._paper.clauses.purposes
        if not purpose and len(known) != 1:
            raise InvalidError("say what for: this share has several purposes")
        return Wish(
            grant=self._paper.grant,
            thing=asked.id,
            action=Action.COMPUTE,
            purpose=Purpose(purpose) if purpose else next(iter(known)),
        )


def _chosen(found: Program, param: str, selection: str) -> Question:
    """Return the question of these names; the first of the program's where none is said.

    Raises:
        NotFoundError: the program is not asked that.
    """
    for each in found.questions:
        if param in {"", each.param} and selection in {"", each.selection}:
            return each
    raise NotFoundError("the program is not asked that: it has no such parameter or selection")
