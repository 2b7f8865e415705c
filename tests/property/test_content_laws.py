"""Laws of a record's content: what bounds it as it is kept bounds it as JSON."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sealhold.model.contents import LONGER_AS_JSON, MAX_NUMBER, read_json
from sealhold.model.encoding import Plain
from sealhold.vault.personrows import packed

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
floats = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.one_of(
    st.integers(-MAX_NUMBER, MAX_NUMBER), floats, st.floats(width=16), st.floats(width=32)
).filter(lambda each: each == each and abs(each) != float("inf"))  # noqa: PLR0124  # NaN is not
leaves = st.one_of(st.none(), st.booleans(), numbers, texts, st.just("\x01" * 5))
values = st.recursive(
    leaves,
    lambda each: st.one_of(st.lists(each, max_size=5), st.dictionaries(texts, each, max_size=5)),
    max_leaves=10,
)


# INVARIANT: what is kept can be exported, and what was exported can be brought in
@given(content=st.dictionaries(texts, values, max_size=6))
def test_content_is_no_longer_as_json_than_so_many_times_and_is_read_again(
    content: dict[str, Plain],
) -> None:
    as_json = msgspec.json.encode(content)

    assert len(as_json) <= LONGER_AS_JSON * len(packed(content))
    assert read_json(as_json) == content
