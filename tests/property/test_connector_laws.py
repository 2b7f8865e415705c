"""Laws of what connectors are made of, for any input."""

import csv as csv_module
import io
import json
import math
from decimal import Decimal
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sealhold.connectors.amounts import parse_amount
from sealhold.connectors.batches import Group, in_batches, reject, write_cursor
from sealhold.connectors.contentlines import parse_line, split_value, unescape, unfolded
from sealhold.connectors.frames import Deframer, Portion, decode, encode
from sealhold.connectors.geo import GAP, Point, distance, metres, speeds, trips_of
from sealhold.connectors.proof import ColumnProof, Form, converter, decide
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.spec import Batch, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.quantities import Instant, rfc3339

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4)
)
POINTS = st.builds(
    Point,
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.none(),
    st.none() | st.integers(0, 10**10).map(lambda at: When(Instant(at), None)),
)


def item(fields: dict[str, Plain], position: str = "1") -> Item:
    return Item(dataset="x", fields=fields, raw=None, original_id=None, position=position)


@given(st.dictionaries(WORDS, TREES | st.binary(max_size=20), max_size=4), st.integers(1, 50))
def test_any_plain_value_crosses_in_frames_of_any_pieces(
    fields: dict[str, Plain], size: int
) -> None:
    frame = Portion(Batch(items=[item(fields)], rejects=[], cursor="1:1"), 3)
    sent = encode(frame) * 2
    deframer = Deframer()

    got = [f for at in range(0, len(sent), size) for f in deframer.feed(sent[at : at + size])]

    assert got == [frame, frame]


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(1, 9))
def test_batches_hold_all_in_order_and_never_tear_a_group(sizes: list[int], rows: int) -> None:
    groups: list[Group] = [
        ([item({}, f"{n}.{k}") for k in range(size)], write_cursor(n))
        for n, size in enumerate(sizes)
    ]

    batches = list(in_batches(groups, rows))

    together = [one.position for batch in batches for one in batch.items]
    assert together == [one.position for found, _ in groups for one in found]
    for batch in batches:
        assert len(batch.items) <= max(rows, 4)
        last = int(batch.items[-1].position.split(".")[0])
        assert int(batch.cursor.split(":")[1]) >= last


@given(st.binary(max_size=6000) | WORDS)
def test_a_reject_keeps_a_bounded_part(raw: bytes | str) -> None:
    assert len(reject("1", Why.MALFORMED, "x", raw).raw) <= 4096


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12
    )
)
def test_an_amount_in_either_notation_is_the_same_number(number: Decimal) -> None:
    with_point = f"{number:,.2f}"
    with_comma = with_point.translate(str.maketrans(",.", ".,"))

    for form, text in ((Form.DECIMAL, with_point), (Form.DECIMAL_COMMA, with_comma)):
        proof = ColumnProof()
        proof.see([text, "0.5" if form is Form.DECIMAL else "0,5"])
        assert decide([proof]) == [form]
        assert Decimal(converter(form)(text).value) == number
    assert Decimal(parse_amount(f"{number:.2f}") or "x") == number


@given(st.lists(st.lists(WORDS, min_size=1, max_size=8), max_size=4))
def test_what_a_column_is_does_not_depend_on_the_order_of_its_chunks(
    chunks: list[list[str]],
) -> None:
    one, other = ColumnProof(), ColumnProof()
    for chunk in chunks:
        one.see(chunk)
    for chunk in reversed(chunks):
        other.see(chunk)

    assert one.forms() == other.forms()


@given(
    st.from_regex(
        r"[+-]?[0-9]{1,4}([.,' ][0-9]{1,3}){0,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}"
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}Z?)?",
        fullmatch=True,
    )
)
def test_a_value_of_a_proven_form_is_always_converted(text: str) -> None:
    proof = ColumnProof()
    proof.see([text])

    for form in proof.forms():
        value = converter(form)(text).value
        assert isinstance(value, int) if form is Form.INTEGER else isinstance(value, str)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=4, max_size=20))
@settings(deadline=None, max_examples=60)
def test_a_tables_texts_come_back_to_the_letter(rows: list[tuple[str, str, str]]) -> None:
    written = io.StringIO()
    csv_module.writer(written, delimiter=";").writerows([("a", "b", "c"), *rows])
    content = written.getvalue()

    batches = list(Csv().read(io.BytesIO(content.encode()), "t.csv", None))

    found = [one for batch in batches for one in batch.items]
    assert not any(batch.rejects for batch in batches)
    assert len(found) == len(rows)
    for one, row in zip(found, rows, strict=True):
        kept = one.raw or ["" if v is None else str(v) for v in one.fields["cells"].values()]
        assert kept == list(row)


@given(st.lists(st.dictionaries(WORDS.filter(lambda w: "." not in w), TREES, max_size=5)))
def test_objects_come_back_whole_from_json_lines(objects: list[dict[str, Plain]]) -> None:
    content = "\n".join(map(json.dumps, objects)).encode()

    batches = list(JsonLines().read(io.BytesIO(content), "t.jsonl", None))

    found = [one for batch in batches for one in batch.items]
    rejected = sum(len(batch.rejects) for batch in batches)
    assert len(found) + rejected == len(objects)
    if not rejected:
        for one, value in zip(found, objects, strict=True):
            whole = json.loads(one.raw) if one.raw else _unflat(one.fields["cells"])
            assert whole == value


def _unflat(cells: dict[str, Plain]) -> dict[str, Plain]:
    whole: dict[str, Plain] = {}
    for name, value in cells.items():
        outer, dot, inner = name.partition(".")
        if dot:
            whole.setdefault(outer, {})[inner] = value
        else:
            whole[name] = value
    return whole


@given(POINTS, POINTS)
def test_distance_is_even_and_at_most_half_around_the_globe(one: Point, other: Point) -> None:
    assert metres(one, other) == metres(other, one)
    assert 0 <= metres(one, other) <= 20_015_200
    assert metres(one, one) == 0


@given(st.lists(POINTS, max_size=40))
def test_parts_of_a_line_hold_every_point_once_and_no_gap(points: list[Point]) -> None:
    parts = list(trips_of(points))

    assert [point for part in parts for point in part] == points
    for part in parts:
        times = [point.when.at for point in part if point.when]
        assert all(abs(b - a) <= GAP for a, b in pairwise(times))
        assert math.isfinite(distance(part))
        assert all(speed >= 0 and math.isfinite(speed) for speed in speeds(part))


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_an_instant_that_is_written_is_read_again(at: int) -> None:
    when = parse_time(rfc3339(Instant(at)).rjust(24, "0"))

    assert when is not None
    assert (when.at, when.offset_min) == (at, 0)


@given(st.text(max_size=40) | st.text("0123456789-:TZ+. ", max_size=40))
def test_a_text_is_a_time_or_none_and_never_an_error(text: str) -> None:
    when = parse_time(text)

    assert when is None or -62_135_700_000_000 <= when.at <= 253_402_400_000_000


@given(st.binary(max_size=300), st.lists(st.integers(1, 300), max_size=8))
def test_folding_anywhere_is_undone(line: bytes, places: list[int]) -> None:
    whole = b"X:" + bytes(byte for byte in line if byte not in b"\r\n")
    folded = whole
    for place in sorted({p for p in places if p < len(whole)}, reverse=True):
        folded = folded[:place] + b"\r\n " + folded[place:]

    assert [found for _, found in unfolded(io.BytesIO(folded))] == [whole]


@given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(",;"))
def test_escaped_parts_are_split_where_they_were_joined(parts: list[str], mark: str) -> None:
    assume(not any("\n" in part for part in parts))
    escaped = [p.replace("\\", "\\\\").replace(mark, "\\" + mark) for p in parts]

    assert split_value(mark.join(escaped), mark) == parts
    assert unescape(escaped[0]) == parts[0]


@given(st.text(max_size=200))
def test_any_text_is_a_property_or_none(text: str) -> None:
    line = parse_line(text)

    assert line is None or (line.name and line.text == text)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_refused(body: bytes) -> None:
    try:
        decode(body)
    except InvalidEncodingError:
        return
