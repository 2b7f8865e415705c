"""Laws of JSON that is read as a stream: it says what the standard library says of the whole."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.spec import Reject, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError

WORDS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ['"', "\\", '\\"', "é\u2028😀", "a]b}", "\\u00e9", "\n\t"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
FORMS = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "indent": st.none() | st.integers(0, 3)}
)
SOME = settings(max_examples=60)
CHUNKS = st.integers(1, 40)


def read(content: bytes, *names: str, chunk: int, most: int = 10_000) -> list[Part | Reject]:
    return list(parts(io.BytesIO(content), *names, chunk=chunk, most=most))


def values(found: list[Part | Reject]) -> list[Plain]:
    return [one.value for one in found if isinstance(one, Part)]


@SOME
@given(st.lists(TREES, max_size=6), FORMS, CHUNKS)
def test_elements_are_those_of_the_whole(
    tree: list[Plain], form: dict[str, Plain], chunk: int
) -> None:
    content = json.dumps(tree, **form).encode()

    found = read(content, "[]", chunk=chunk)

    assert values(found) == tree
    assert [json.loads(one.text) for one in found if isinstance(one, Part)] == tree
    assert [one.where for one in found if isinstance(one, Part)] == [
        str(number + 1) for number in range(len(tree))
    ]


@SOME
@given(st.lists(TREES, max_size=4), TREES, TREES, FORMS, CHUNKS)
def test_what_lies_around_is_skipped_whatever_it_is(
    tree: list[Plain], before: Plain, after: Plain, form: dict[str, Plain], chunk: int
) -> None:
    outer = {"x": before, "a": [{"b": before, "c": tree}, {"c": []}, {"c": tree}], "y": after}
    content = b"\xef\xbb\xbf" + json.dumps(outer, **form).encode() + b" \n"

    found = read(content, "a[].c[]", chunk=chunk)

    assert values(found) == tree + tree
    assert [one.where for one in found if isinstance(one, Part)][: len(tree)] == [
        f"a 1 c {number + 1}" for number in range(len(tree))
    ]


@SOME
@given(TREES, FORMS, CHUNKS)
def test_a_document_that_is_not_wanted_is_gone_through_to_its_end(
    tree: Plain, form: dict[str, Plain], chunk: int
) -> None:
    content = json.dumps({"skipped": tree}, **form).encode()

    assert read(content, "other[]", chunk=chunk) == []
    with pytest.raises(UnreadableSourceError):
        read(content + b" 1", "other[]", chunk=chunk)


@SOME
@given(st.lists(TREES, min_size=1, max_size=4), st.data(), CHUNKS)
def test_a_cut_file_is_broken_and_gives_its_beginning(
    tree: list[Plain], data: st.DataObject, chunk: int
) -> None:
    content = json.dumps(tree).encode()
    end = data.draw(st.integers(0, len(content) - 1))
    found: list[Part | Reject] = []

    with pytest.raises(UnreadableSourceError):
        found.extend(parts(io.BytesIO(content[:end]), "[]", chunk=chunk))

    assert values(found) == tree[: len(found)]


@SOME
@given(st.binary(max_size=60), CHUNKS)
def test_any_bytes_are_read_or_refused(content: bytes, chunk: int) -> None:
    try:
        found = read(content, "[]", "a[]", chunk=chunk)
    except UnreadableSourceError:
        return
    whole = json.loads(content.decode("utf-8-sig"))

    assert values(found) == (whole if isinstance(whole, list) else values(found))


@SOME
@given(st.lists(st.text(st.sampled_from('ab"\\[]{}é😀'), max_size=60), max_size=6), FORMS, CHUNKS)
def test_what_is_too_long_is_told_and_the_rest_read(
    texts: list[str], form: dict[str, Plain], chunk: int
) -> None:
    form["indent"] = None
    tree = [[text, {"k": text}] for text in texts]
    most = 40
    lengths = [len(json.dumps(one, **form)) for one in tree]

    found = read(json.dumps(tree, **form).encode(), "[]", chunk=chunk, most=most)

    assert [isinstance(one, Part) for one in found] == [length <= most for length in lengths]
    assert values(found) == [
        one for one, length in zip(tree, lengths, strict=True) if length <= most
    ]
    assert all(one.why is Why.TOO_LARGE for one in found if isinstance(one, Reject))


@SOME
@given(st.dictionaries(st.sampled_from("abc"), TREES, max_size=3), TREES)
def test_the_outline_shows_the_members_of_a_whole_document(
    tree: dict[str, Plain], other: Plain
) -> None:
    shown = outline(json.dumps({**tree, "list": [{"inner": other}]}).encode())

    assert {name for name in shown if "." not in name and "[" not in name} >= tree.keys()
    assert {"list", "list[]", "list[].inner"} <= shown
