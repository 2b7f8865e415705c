"""Laws of access tokens: they come apart as they were put together, and only ever narrow."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.secret import Secret
from sealhold.crypto.token import MAX_CAVEATS, Caveat, CaveatKind, attenuate, check, mint, parse
from sealhold.model.errors import BadTokenError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant

KEY = Secret(b"t" * 32, "token key")

ids = st.binary(min_size=16, max_size=16).map(Id16)
texts = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=20)
caveats = st.one_of(
    st.builds(
        Caveat,
        st.sampled_from([CaveatKind.PURPOSE, CaveatKind.SCOPE, CaveatKind.SUBJECT]),
        texts,
    ),
    st.integers(0, 20).map(lambda end: Caveat(CaveatKind.UNTIL, str(end))),
)
caveat_lists = st.lists(caveats, max_size=MAX_CAVEATS - 1)


def holds(text: str, now: int, admitted: frozenset[Caveat]) -> bool:
    try:
        check(KEY, text, now=Instant(now), admits=admitted.__contains__)
    except BadTokenError:
        return False
    return True


@given(token_id=ids, bounds=caveat_lists)
def test_a_token_comes_apart_as_it_was_put_together(token_id: Id16, bounds: list[Caveat]) -> None:
    token = parse(mint(KEY, token_id, bounds))

    assert (token.id, token.caveats) == (token_id, tuple(bounds))


@given(token_id=ids, bounds=caveat_lists, more=caveats, now=st.integers(0, 20), data=st.data())
def test_a_narrowed_token_never_holds_where_the_wider_did_not(
    token_id: Id16, bounds: list[Caveat], more: Caveat, now: int, data: st.DataObject
) -> None:
    admitted = data.draw(st.frozensets(st.sampled_from([*bounds, more])))
    wide = mint(KEY, token_id, bounds)

    assert holds(wide, now, admitted) or not holds(attenuate(wide, more), now, admitted)
