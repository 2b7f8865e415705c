"""What lies in a space in which a program answers: its manifest, what it may be asked, an answer.

- Each question has an id in the space, drawn from the share's secret: the paper of the share names
  these ids and no object. What is not among them is not asked.
- An answer names program and question, so the one to another question is told from it.

Source: docs/spec/52-share-spaces.md section 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.model.encoding import pack, unpack
from sealhold.model.errors import InvalidEncodingError, TamperedError
from sealhold.model.ids import ID_BYTES, DeviceId, GrantId, Id16, TaskDigest
from sealhold.sharing.devices.certs import OF_OTHERS
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.peers.mirror import shown_id
from sealhold.sharing.peers.sharepaper import Record

PROGRAM_KIND: Final = "program"  # of notes that the owner's devices write
MAX_MANIFEST: Final = 65_536  # bytes, signed
MAX_QUESTIONS: Final = 500
_DIGEST: Final = 32
_FORM = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that a program may be asked."""

    id: Id16  # in the space
    param: str
    selection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a space says of the program that answers."""

    manifest: bytes  # signed by its author
    questions: tuple[Question, ...]

    def asked(self, thing: bytes) -> Question | None:
        """Return the question that an id means."""
        return next((each for each in self.questions if each.id == thing), None)


def question(record: Record, task: TaskDigest, param: str, selection: str) -> Question:
    """Return a question with its id in the space of a share."""
    thing = shown_id(record, pack([task, param, selection]))
    return Question(id=Id16(thing), param=param, selection=selection)


def say_program(opened: Open, grant: GrantId, program: Program) -> bool:
    """Write into a space which program answers; return whether that is new."""
    told = [_FORM, program.manifest, [[e.id, e.param, e.selection] for e in program.questions]]
    note = opened.replica.state.note(PROGRAM_KIND, grant)
    if note is not None and note.told == told:
        return False
    draft = Draft(opened.replica)
    draft.note(PROGRAM_KIND, grant, told)
    draft.commit()
    return True


def program_in(opened: Open, grant: GrantId) -> Program | None:
    """Return the program that a device of the owner says answers; None if none does so.

    Whether its manifest is the one that the paper names is for whoever reads it.
    """
    note = opened.replica.state.note(PROGRAM_KIND, grant)
    if note is None:
        return None
    member = opened.members.state.members.get(DeviceId(Id16(note.device)))
    # THREAT T585: what a program is and may be asked is its owner's word, not a guest's
    if member is None or member.certificate.role in OF_OTHERS:
        return None
    match note.told:
        case [1, bytes(manifest), list(listed)] if (
            len(manifest) <= MAX_MANIFEST and len(listed) <= MAX_QUESTIONS
        ):
            return Program(manifest=manifest, questions=_questions(listed))
        case _:
            return None


def _questions(listed: Sequence[object]) -> tuple[Question, ...]:
    found: list[Question] = []
    for each in listed:
        match each:
            case [bytes(thing), str(param), str(selection)] if len(thing) == ID_BYTES:
                found.append(Question(id=Id16(thing), param=param, selection=selection))
            case _:
                return ()
    return tuple(found)


def write_answer(task: TaskDigest, asked: Question, value: int) -> bytes:
    """Return an answer as it is sealed to the one-time key of who asked."""
    return pack([_FORM, task, asked.param, asked.selection, value])


def read_answer(given: bytes, task: TaskDigest, asked: Question) -> int:
    """Return the number that a program answered.

    Raises:
        TamperedError: it is no answer, or one of another program or to another question.
    """
    try:
        told = unpack(given)
    except InvalidEncodingError as err:
        raise TamperedError("what was given for a question is no answer") from err
    match told:
        # THREAT T585: an answer says what it is to, so that none stands in the place of another
        case [1, bytes(said), str(param), str(selection), int(value)] if (
            said,
            param,
            selection,
        ) == (task, asked.param, asked.selection) and len(said) == _DIGEST:
            return value
        case _:
            raise TamperedError("the answer is one to another question")
