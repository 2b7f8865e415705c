"""Lines of a bulk load: those of the most frequent form are read quickly, and like all others."""

from collections.abc import Iterator

import pytest

from sealhold.compute.bulkdoor import LINE_BYTES, BulkDoor
from sealhold.model.errors import SealholdError
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.personrecords import KeptLine
from sealhold.vault.personrecords import At
from tests.unit.people_vault import SERVICE
from tests.unit.records_vault import NOTES, Shelf, rid, shelf

SLOWLY = b'"version":null,'  # says nothing, and is of no frequent form
ID = canonical(rid(1)).encode()
CONTENTS = (
    b'{"a":1,"b":"two","c":true,"d":null}',
    b"{}",
    b'{"text":"at 12:30"}',
    b'{"text":"\\":\\u0022:"}',
    b'{ "a" : 1 , "b" : -0 }',
    b'{"caf\xc3\xa9":"\\u00e9"}',
    b'{"a":9007199254740991}',
    b'{"a":9007199254740992}',
    b'{"a":-9007199254740992}',
    b'{"a":123456789012345678901234567890}',
    b'{"a":1.5,"b":1e3}',
    b'{"a":1e999}',
    b'{"a":NaN}',
    b'{"a":1,"a":2}',
    b'{"a" :1,"a":2}',
    b'{"a":1,"\\u0061":2}',
    b'{"a":":","a":2}',
    b'{"a":{"b":[1,2]}}',
    b'{"a":[1,"x"]}',
    b'{"a":{"b":1,"b":2}}',
    b'{"a":"\\ud800"}',
    b'{"a":"\xff"}',
    b'{"a":"\x01"}',
    b"[]",
    b"null",
    b"1",
    b'{"a":"' + b"x" * LINE_BYTES + b'"}',
)


@pytest.fixture(scope="module")
def kept() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


@pytest.fixture(scope="module")
def ada(kept: Shelf) -> SubjectId:
    return kept.many.person()


def came(kept: Shelf, lines: bytes) -> list[object]:
    """Return what came of each line: what is kept then, or the error."""
    many = kept.many
    door = BulkDoor(kept.bulk, many.principals, many.vault.core.entropy)
    found: list[object] = []
    for view in door.load(many.tokens[0], None, lines, SERVICE):
        match view.came:
            case KeptLine(subject, record, version):
                shown = kept.records.get(kept.asking(subject), At(NOTES, record)).wait()
                found.append((version, shown.content))
            case SealholdError() as err:
                found.append((type(err), str(err).lstrip("0123456789")))
    return found


@pytest.mark.parametrize("content", CONTENTS, ids=lambda each: repr(each[:40]))
def test_a_line_of_the_frequent_form_comes_to_the_same_as_any_other(
    kept: Shelf, ada: SubjectId, content: bytes
) -> None:
    who = canonical(ada).encode()
    quick = b'{"subject":"%b","collection":"notes","content":%b}' % (who, content)
    slow = b'{%b"subject":"%b","collection":"notes","content":%b}' % (SLOWLY, who, content)

    one, other = came(kept, quick + b"\n" + slow)

    assert one == other


@pytest.mark.parametrize(
    "head",
    [
        b'"subject":null,',
        b"",
        b'"subject":7,',
        b'"subject":"nobody",',
        b'"subject":"%b","subject":"%b",',
        b'"subject":"%b","id":"x",',
        b'"subject":"%b","id":7,',
        b'"subject":"%b","more":1,',
    ],
)
def test_a_head_that_does_not_fit_is_told_alike(kept: Shelf, ada: SubjectId, head: bytes) -> None:
    who = canonical(ada).encode()
    head = head.replace(b"%b", who)
    quick = b'{%b"collection":"notes","content":{"a":1}}' % head
    slow = b'{%b%b"collection":"notes","content":{"a":1}}' % (SLOWLY, head)

    one, other = came(kept, quick + b"\n" + slow)

    assert one == other
    assert isinstance(one, tuple)
    assert issubclass(one[0], SealholdError)


def test_a_record_that_is_there_is_stale_for_a_line_that_names_it(
    kept: Shelf, ada: SubjectId
) -> None:
    who = canonical(ada).encode()
    line = b'{"subject":"%b","collection":"notes","id":"%b","content":{"a":1}}' % (who, ID)

    first, again = came(kept, line + b"\n" + line)

    assert first == (1, {"a": 1})
    assert isinstance(again, tuple)
    assert issubclass(again[0], SealholdError)
