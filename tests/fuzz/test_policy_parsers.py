"""Whatever comes in, a parser of policy gives a value or says that it is invalid."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sealhold.model.encoding import Plain, from_json
from sealhold.model.errors import InvalidError
from sealhold.model.ids import FieldName
from sealhold.model.records import Column, ColumnType
from sealhold.policy import grant, request
from sealhold.policy.names import has_hidden, lookalike, mixed_scripts, visible
from sealhold.policy.precision import parse_rules
from sealhold.policy.rowfilter import matches, parse_filter

# A busy machine is no failure.
fuzz = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])

COLUMNS = [Column(name=FieldName(kind.name.lower()), type=kind, about="") for kind in ColumnType]
PIECES = [
    *(kind.name.lower() for kind in ColumnType),
    *("all", "not", "and", "or", "in", "between", "true", "false", "age", "k_most_recent"),
    *("weekday", "local_time", "within", "mon", "sun", "(", ")", "[", "]", ",", "<", "<=", "="),
    *("!=", "08:00", "24:00", "1", "-1.5", "15m", "0d", "'x'", "'UTC'", "'2026-01-01T00:00:00Z'"),
    *("sample_every", "round", "aggregate", "avg", "count", "per", "day", "'", '"', ".", "\u202e"),
]
sentences = st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join)
texts = st.text(max_size=60) | sentences
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=6,
)


@fuzz
@given(texts, st.booleans())
@example("text = ''''", False)  # noqa: FBT003 - hypothesis takes positions
def test_a_filter_is_parsed_or_invalid(text: str, clock: bool) -> None:  # noqa: FBT001 - drawn
    try:
        found = parse_filter(text, COLUMNS, allow_clock=clock)
    except InvalidError:
        return
    assert matches(found, {}) in {True, False}


@fuzz
@given(st.lists(texts, max_size=3))
def test_rules_are_parsed_or_invalid(written: list[str]) -> None:
    try:
        parse_rules(written, COLUMNS, allow_clock=True)
    except InvalidError:
        return


@fuzz
@given(plain)
def test_a_document_is_parsed_or_invalid(document: Plain) -> None:
    for parse in (request.parse_request, grant.parse_grant):
        with pytest.raises(InvalidError):
            parse(document)


GRANT: dict[str, Plain] = from_json(
    b'{"app":"6f2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b",'
    b'"audience":"6161616161616161616161616161616161616161616161616161616161616161",'
    b'"budget":5,"coarsen":2,"collection":"trips","epoch":3,"fields":["mode"],"filter":"all",'
    b'"id":"1b2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b",'
    b'"issuer":"6969696969696969696969696969696969696969696969696969696969696969",'
    b'"kind":"component","mode":"until","nonce":"6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e",'
    b'"not_after":"2026-12-31T00:00:00.000Z","not_before":"2026-12-01T00:00:00.000Z",'
    b'"param":"p","precision":[],"purpose":"Marketing","selection":"s",'
    b'"task":"7474747474747474747474747474747474747474747474747474747474747474","v":1}'
)


@fuzz
@given(st.sampled_from(sorted(GRANT)), plain | texts)
def test_a_grant_with_any_one_value_changed_is_parsed_or_invalid(name: str, value: Plain) -> None:
    document = {**GRANT, name: value}
    try:
        found = grant.parse_grant(document)
    except InvalidError:
        return
    assert grant.to_document(found).keys() == document.keys()


@fuzz
@given(st.text(max_size=40))
def test_any_text_can_be_shown(text: str) -> None:
    shown = visible(text)

    assert (shown == text) is not has_hidden(text)
    assert not has_hidden(shown)
    assert mixed_scripts(text) == tuple(sorted(set(mixed_scripts(text))))
    assert lookalike(text, [text]) is None
