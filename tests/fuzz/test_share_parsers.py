"""Whatever comes in, the parsers of shares give clauses or say that it is invalid."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidError
from sealhold.policy.odrl import export_odrl
from sealhold.policy.odrlread import import_odrl
from sealhold.policy.sharepapers import parse_clauses, to_document
from tests.unit.test_policy_share import FULL, SHARE

fuzz = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
PAPERS = {"share": to_document(FULL), "odrl": export_odrl(SHARE, FULL)}
ODD: list[Plain] = [
    None,
    True,
    0,
    -1,
    2**60,
    "",
    "x",
    "T1",
    [],
    ["x"],
    {},
    {"ids": []},
    [[]],
    [None],
    {"a": 1},
]
odd = st.sampled_from(ODD)


def places(document: Plain, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the way to each value of a document."""
    inner: list[tuple[str | int, Plain]] = []
    if isinstance(document, dict):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document))
    return [way, *(each for step, value in inner for each in places(value, (*way, step)))]


WAYS = {name: [way for way in places(paper) if way] for name, paper in PAPERS.items()}


@fuzz
@given(st.sampled_from(sorted(PAPERS)), st.data())
def test_a_paper_with_other_values_is_read_or_invalid(name: str, data: st.DataObject) -> None:
    document = from_json(to_json(PAPERS[name]))
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(WAYS[name]))
        inner = document
        try:
            for step in way:
                inner = inner[step]
            inner[last] = data.draw(odd)
        except (KeyError, IndexError, TypeError):
            continue  # the first change took that place away

    try:
        clauses = parse_clauses(document) if name == "share" else import_odrl(document)[1]
    except InvalidError:
        return

    assert parse_clauses(to_document(clauses)) == clauses
