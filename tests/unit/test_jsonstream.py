"""JSON that is read as a stream: its edges, with exact values."""

import io
import json

import pytest

from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.spec import Reject, Why
from sealhold.model.errors import UnreadableSourceError


def read(text: str | bytes, *names: str, most: int = 1_000, chunk: int = 64) -> list[Part | Reject]:
    content = text if isinstance(text, bytes) else text.encode()
    return list(parts(io.BytesIO(content), *names, most=most, chunk=chunk))


def whole(text: str, *names: str) -> list[Part]:
    return [one for one in read(text, *names) if isinstance(one, Part)]


def test_a_value_keeps_its_text_and_says_where_it_stands() -> None:
    found = read('{"chats": {"list": [{"name": "A", "messages": [1.50, {"t": 2}]}]}}',
                 "chats.list[].messages[]", "chats.list[].name")  # fmt: skip

    assert found == [
        Part("chats.list[].name", "chats.list 1 name", "A", '"A"'),
        Part("chats.list[].messages[]", "chats.list 1 messages 1", 1.5, "1.50"),
        Part("chats.list[].messages[]", "chats.list 1 messages 2", {"t": 2}, '{"t": 2}'),
    ]


def test_a_document_may_be_a_list_or_an_object() -> None:
    assert [one.where for one in whole("[7]", "[]", "a[]")] == ["1"]
    assert [one.where for one in whole('{"a": [7]}', "[]", "a[]")] == ["a 1"]
    assert [one.where for one in whole("7", "")] == ["document"]


def test_null_is_no_list_and_no_fault_and_another_kind_is_one() -> None:
    assert read('{"a": null}', "a[]") == []

    (fault,) = read('{"a": {"b": 1}, "c": 2}', "a[]")

    assert isinstance(fault, Reject)
    assert (fault.position, fault.why, fault.detail) == (
        "a", Why.MALFORMED, "no list where one must be",
    )  # fmt: skip


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_has_not_is_nothing(number: str) -> None:
    (found,) = read(f"[{number}]", "[]")

    assert isinstance(found, Part)
    assert (found.value, found.text) == (None, number)


def test_a_number_of_thousands_of_digits_is_its_text() -> None:
    digits = "9" * 5_000

    (found,) = read(f'[{{"n": {digits}}}]', "[]", most=10_000)

    assert isinstance(found, Part)
    assert found.value == {"n": digits}


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[1,]", "[1 2]", "[1", '["a', '{"a" 1}', '{"a": 1,}', "{1: 2}", "[1]]", "[1] x"),
        *("[tru]", "[01]", "[1.]", "[-]", '["\\x"]', "[" * 5_000, "[" + '{"a":' * 3_000),
        *('["\x01"]', b"[\xff]", b"\xff\xfe[\x001\x00]\x00", b'["\xc3'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunk", [1, 7, 100_000])
@pytest.mark.parametrize("name", ["[]", "other"])
def test_what_is_no_json_is_refused(text: str | bytes, chunk: int, name: str) -> None:
    with pytest.raises(UnreadableSourceError):
        read(text, name, chunk=chunk)


def test_too_long_a_value_is_a_reject_with_its_beginning() -> None:
    found = read(json.dumps([1, ["x" * 5_000, '\\"'], {"k": [2] * 900}, 3]), "[]", most=500)

    assert [type(one) for one in found] == [Part, Reject, Reject, Part]
    assert isinstance(found[1], Reject)
    assert (found[1].position, found[1].why) == ("2", Why.TOO_LARGE)
    assert found[1].raw.startswith(b'["xxx')


class Pieces(io.BytesIO):
    """A file that remembers how much of it was asked for at once."""

    largest = 0

    def read(self, size: int | None = -1) -> bytes:
        self.largest = max(self.largest, size or 0)
        return super().read(size)


@pytest.mark.threat("T389")
@pytest.mark.parametrize("name", ["[]", "other"])
def test_no_more_is_held_than_a_value_may_have(name: str) -> None:
    most, chunk = 20_000, 4_096
    long = '"' + 'é\\"' * 400_000 + '"'
    deep = '{"a": ' + json.dumps(list(range(50_000))) + "}"
    file = Pieces(f"[{long}, 1, {deep}, {'2, ' * 50_000}3]".encode())

    found = list(parts(file, name, most=most, chunk=chunk))

    # it takes as much again as it holds, so what it holds is at most twice the last that it took
    assert file.largest <= 2 * most
    if name == "[]":
        assert [one.position for one in found if isinstance(one, Reject)] == ["1", "3"]
        assert len(found) == 50_004


def test_an_outline_shows_three_levels_of_what_there_is() -> None:
    head = b'\xef\xbb\xbf [{"title": "x", "mapping": {"id": {"deep": 1}}}, {"more": [[1]]}, {"cu'

    assert outline(head) == {
        "[]",
        "[].title",
        "[].mapping",
        "[].mapping.id",
        "[].more",
        "[].more[]",
    }


@pytest.mark.parametrize(
    "head", [b"", b"x", b"\x00", b"7", b'"a"', b"\xff[", b"{", b"[", b'{"a": 1}\n{"a": 2}\n']
)
def test_what_is_no_json_has_no_outline(head: bytes) -> None:
    assert outline(head) == frozenset()
