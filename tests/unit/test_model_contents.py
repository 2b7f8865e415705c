"""What a record's content may be, and what a merge patch makes of it."""

import json

import pytest

from sealhold.model.contents import MAX_CONTENT, MAX_DEPTH, MAX_NUMBER, read_json, read_object
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import FieldName
from sealhold.model.mergepatch import merged
from sealhold.model.personrecords import FieldKind, FieldType
from sealhold.policy.contents import check_types


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"a": None, "b": [True, False, 0, -1, 0.5, "text", {}]},
        {"most": MAX_NUMBER, "least": -MAX_NUMBER, "small": 5e-324},
        {"[": "{" * 100},
    ],
)
def test_json_is_read_as_it_was_written(value: Plain) -> None:
    assert read_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{} {}",
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1e400}',
        '{"a": -1e400}',
        '{"a": 9007199254740992}',
        '{"a": -9007199254740992}',
        '{"a": 1' + "0" * 5_000 + "}",
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        "[" * 60_000,
        '"' + "x" * MAX_CONTENT + '"',
    ],
)
def test_what_not_all_read_alike_is_refused(text: str) -> None:
    with pytest.raises(InvalidEncodingError):
        read_json(text.encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    for data in (b"\xff", b'{"a": "\xed\xa0\x80"}', "{}".encode("utf-16")):
        with pytest.raises(InvalidEncodingError):
            read_json(data)


def test_as_deep_as_may_be_is_read() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    wide = json.dumps([[]] * 100)

    assert json.dumps(read_json(deepest.encode())) == deepest
    assert read_json(wide.encode()) == [[]] * 100


@pytest.mark.parametrize("text", ["[]", "1", '"a"', "null", "true"])
def test_content_is_an_object(text: str) -> None:
    read_json(text.encode())
    with pytest.raises(InvalidEncodingError):
        read_object(text.encode())


# RFC 7396, appendix A: original, patch, result
PUBLISHED: tuple[tuple[Plain, Plain, Plain], ...] = (
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
)


@pytest.mark.parametrize(("original", "patch", "result"), PUBLISHED)
def test_a_merge_patch_does_as_its_standard_says(
    original: Plain, patch: Plain, result: Plain
) -> None:
    before = json.dumps([original, patch])

    assert merged(original, patch) == result
    assert json.dumps([original, patch]) == before


def test_the_example_of_the_standard_comes_out() -> None:
    target = {
        "title": "Goodbye!",
        "author": {"givenName": "John", "familyName": "Doe"},
        "tags": ["example", "sample"],
        "content": "This will be unchanged",
    }
    patch = {
        "title": "Hello!",
        "phoneNumber": "+01-123-456-7890",
        "author": {"familyName": None},
        "tags": ["example"],
    }

    assert merged(target, patch) == {
        "title": "Hello!",
        "author": {"givenName": "John"},
        "tags": ["example"],
        "content": "This will be unchanged",
        "phoneNumber": "+01-123-456-7890",
    }


KINDS = {
    FieldKind.TEXT: ("", "x"),
    FieldKind.NUMBER: (0, -3, 0.5),
    FieldKind.TRUTH: (True, False),
    FieldKind.LIST: ([], [1]),
    FieldKind.OBJECT: ({}, {"a": 1}),
}


@pytest.mark.parametrize("kind", FieldKind)
def test_a_type_takes_its_values_and_no_others(kind: FieldKind) -> None:
    types = {FieldName("a"): FieldType(kind=kind)}
    for other, values in KINDS.items():
        for value in (*values, None):
            if other is kind and value is not None:
                check_types(types, {"a": value})
            else:
                with pytest.raises(Exception, match="type"):
                    check_types(types, {"a": value})
    check_types(types, {})
