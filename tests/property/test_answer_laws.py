"""Laws of answers of programs under a share: an answer is one to its own question alone."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.errors import TamperedError
from sealhold.model.ids import Id16, TaskDigest
from sealhold.sharing.peers.answers import Question, read_answer, write_answer

NAMES = st.text("abc", min_size=1, max_size=3)
TASKS = st.sampled_from([TaskDigest(bytes([each]) * 32) for each in range(3)])
QUESTIONS = st.builds(Question, id=st.just(Id16(bytes(16))), param=NAMES, selection=NAMES)


@given(TASKS, QUESTIONS, TASKS, QUESTIONS, st.integers(-(2**53), 2**53))
def test_an_answer_is_one_to_its_own_question_alone(
    task: TaskDigest, asked: Question, other: TaskDigest, wanted: Question, value: int
) -> None:
    told = write_answer(task, asked, value)
    is_own = (task, asked) == (other, wanted)
    try:
        assert read_answer(told, other, wanted) == value
        assert is_own
    except TamperedError:
        assert not is_own


@given(TASKS, QUESTIONS, st.integers(0, 100), st.integers(0, 200), st.integers(1, 255))
def test_a_changed_byte_gives_no_answer_or_another_number_and_never_another_error(
    task: TaskDigest, asked: Question, value: int, at: int, mask: int
) -> None:
    told = bytearray(write_answer(task, asked, value))
    told[at % len(told)] ^= mask
    try:
        found = read_answer(bytes(told), task, asked)
    except TamperedError:
        return
    assert found != value
    assert read_answer(write_answer(task, replace(asked), found), task, asked) == found
