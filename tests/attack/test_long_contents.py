"""Apps that send a megabyte made to take long, to nest without end, or to grow in memory."""

import time
from collections.abc import Callable, Iterator

import pytest

from sealhold.model.contents import MAX_CONTENT, read_object
from sealhold.model.errors import InvalidError
from sealhold.model.ids import SubjectId
from sealhold.vault.personrecords import packed_content
from tests.unit.records_vault import Shelf, shelf

SECONDS = 4.0  # of processor time to read and to pack: what is widest takes a tenth of that
REFUSED: dict[str, bytes] = {
    "nested without end": b'{"a":' + b"[" * 1_000_000,
    "nested and closed": b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}",
    "members nested": b'{"a":' * 150_000 + b"1" + b"}" * 150_000,
    "a number of a million digits": b'{"a":' + b"7" * 1_000_000 + b"}",
    "one name many times": b"{" + b",".join([b'"a":1'] * 150_000) + b"}",
    "a text without end": b'{"a":"' + b"x" * 1_000_000,
    "half characters": b'{"a":"' + b"\\ud800" * 150_000 + b'"}',
    "numbers that are longer as they are kept": b'{"a":[' + b",".join([b"1.1"] * 260_000) + b"]}",
}
TAKEN: dict[str, bytes] = {
    "empty objects": b'{"a":[' + b",".join([b"{}"] * 340_000) + b"]}",
    "whole numbers": b'{"a":[' + b",".join([b"0"] * 500_000) + b"]}",
    "many members": b"{" + b",".join(b'"%d":0' % n for n in range(90_000)) + b"}",
    "as deep as may be": b'{"a":[' + b",".join([b"[" * 30 + b"]" * 30] * 16_000) + b"]}",
    "a fraction of a million digits": b'{"a":0.' + b"1" * 1_000_000 + b"}",
    "escapes": b'{"a":"' + b"\\u00e9" * 170_000 + b'"}',
}


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


@pytest.fixture(scope="module")
def ada(kept: Shelf) -> SubjectId:
    return kept.newcomer()


def seconds(run: Callable[[], object]) -> float:
    """Return how much of a processor's time something takes."""
    begun = time.thread_time()
    run()
    return time.thread_time() - begun


@pytest.mark.threat("T435")
@pytest.mark.parametrize("name", REFUSED)
def test_a_megabyte_that_is_no_content_is_refused_soon(name: str) -> None:
    data = REFUSED[name]
    assert len(data) <= MAX_CONTENT

    def read() -> None:
        with pytest.raises(InvalidError) as told:
            packed_content(read_object(data))
        assert len(str(told.value)) < 200

    assert seconds(read) < SECONDS


@pytest.mark.threat("T435")
@pytest.mark.parametrize("name", TAKEN)
def test_a_megabyte_of_the_widest_content_is_read_packed_and_given_back(
    kept: Shelf, ada: SubjectId, name: str
) -> None:
    content = read_object(TAKEN[name])
    number = list(TAKEN).index(name)

    assert seconds(lambda: kept.put(ada, number, content)) < SECONDS

    assert kept.get(ada, number) == content
