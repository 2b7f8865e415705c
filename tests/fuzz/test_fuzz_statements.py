"""Hostile statements and exports of a log: each ends in a verdict."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.audit.statementcheck import verify_statement
from sealhold.audit.statementpaper import STATEMENT_TYPE, fields_of
from sealhold.crypto import dsse
from sealhold.model.encoding import Plain, to_json
from tests.unit.month_log import by_chance

LOG = by_chance(61, 60)
PAPER, EXPORT = LOG.paper(), LOG.export()
TOLD = {**fields_of(LOG.statement()), "issuer": LOG.issuer.public.hex()}
TOLD["v"] = "sealhold.statement/1"

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=9), st.just("0-9")
)
values = st.recursive(
    leaves,
    lambda part: st.one_of(
        st.lists(part, max_size=3), st.dictionaries(st.sampled_from(["size", "x"]), part)
    ),
    max_leaves=6,
)


def places(value: Plain, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the way to each value in a document."""
    inner: list[tuple[object, Plain]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, (list, tuple)):
        inner = list(enumerate(value))
    found = [place for key, each in inner for place in places(each, (*path, key))]
    return [*([path] if path else []), *found]


PLACES = places(TOLD)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PLACES), values)
def test_a_signed_statement_of_any_form_gets_a_verdict(
    path: tuple[object, ...], new: Plain
) -> None:
    bent = msgspec.json.decode(msgspec.json.encode(TOLD))
    at = bent
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    paper = dsse.sign(STATEMENT_TYPE, to_json(bent), (LOG.issuer,))

    verdict = verify_statement(paper, EXPORT, [LOG.issuer.public], [LOG.signer.public])

    assert verdict.exit_code in {0, 6}  # 0 where what was put in is what stood there, or a name


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(EXPORT)), st.integers(0, 200), st.binary(max_size=60))
def test_an_export_of_any_form_gets_a_verdict(at: int, length: int, new: bytes) -> None:
    bent = EXPORT[:at] + new + EXPORT[at + length :]

    verdict = verify_statement(PAPER, bent, [LOG.issuer.public], [LOG.signer.public])

    assert verdict.exit_code == (0 if bent == EXPORT else 6)
