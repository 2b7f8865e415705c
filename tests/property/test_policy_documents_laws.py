"""Laws of the documents: what is written is read back, and narrower means narrower."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.model.encoding import from_json, to_json
from sealhold.model.ids import AppId, Collection, FieldName, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode, Terms
from sealhold.policy import grant as grants
from sealhold.policy import request as requests
from sealhold.policy.attenuate import is_narrower, narrow, narrow_rows
from sealhold.policy.grant import Grant, GrantKind
from sealhold.policy.names import has_hidden
from sealhold.policy.purposes_table import TERMS
from sealhold.policy.request import Destination, Request, Schedule

law = settings(deadline=None)  # a busy machine is no failure

ids = st.uuids(version=4).map(lambda uuid: Id16(uuid.bytes))
digests = st.binary(min_size=32, max_size=32)
purposes = st.sampled_from(sorted(TERMS)).map(Purpose)
instants = st.integers(0, 4_102_444_800_000).map(Instant)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,20}", fullmatch=True)
texts = st.text(min_size=1, max_size=40).filter(
    lambda text: bool(text.strip()) and not has_hidden(text)
)
field_names = st.sampled_from(["mode", "distance_m", "home", "steps"]).map(FieldName)

requests_of = st.builds(
    Request,
    app=ids.map(AppId),
    name=texts,
    purpose=purposes,
    reason=st.dictionaries(st.sampled_from(["en", "fr", "zh-Hant"]), texts, min_size=1).map(
        lambda table: tuple(sorted(table.items()))
    ),
    task=digests.map(TaskDigest),
    param=names,
    selection=names,
    destination=st.builds(
        Destination,
        name=texts,
        url=st.sampled_from(["https://a.example/", "https://b-c.example:8443/x?y=%20&z=1"]),
        box_key=st.binary(min_size=32, max_size=1_216),
    ),
    schedule=st.sampled_from(Schedule),
    retention_days=st.integers(0, 36_525),
    expires=instants,
    budget=st.integers(1, 2**53 - 1).map(MicroBits),
    mode=st.sampled_from(Mode),
    until=instants,
)
grants_of = st.builds(
    Grant,
    id=ids.map(GrantId),
    kind=st.just(GrantKind.COMPONENT),
    issuer=digests,
    audience=digests,
    app=ids.map(AppId),
    purpose=purposes,
    collection=names.map(Collection),
    fields=st.frozensets(field_names),
    filter=st.sampled_from(["all", "steps > 5", "local_time(t, 'UTC') in [08:00, 10:00)"]),
    precision=st.lists(st.sampled_from(["round(steps, 5)", "sample_every(t, 1h)"])).map(
        lambda rules: tuple(rules[:3])
    ),
    task=digests.map(TaskDigest),
    param=names,
    selection=names,
    mode=st.sampled_from(Mode),
    budget=st.integers(0, 2**53 - 1).map(MicroBits),
    coarsen=st.integers(1, 60),
    not_before=instants,
    not_after=instants,
    epoch=st.integers(0, 2**53 - 1),
    nonce=st.binary(min_size=16, max_size=16),
    parent=st.none() | ids.map(GrantId),
)
terms_of = st.builds(
    Terms,
    mode=st.sampled_from(Mode),
    until=instants,
    budget=st.integers(0, 2**53).map(MicroBits),
    fields=st.frozensets(field_names),
    coarsen=st.integers(1, 60),
)


@law
@given(requests_of)
def test_a_request_is_read_back_as_it_was_written(request: Request) -> None:
    document = from_json(to_json(requests.to_document(request)))

    assert requests.parse_request(document) == request


@law
@given(grants_of)
def test_a_grant_is_read_back_as_it_was_written(grant: Grant) -> None:
    document = from_json(to_json(grants.to_document(grant)))

    assert grants.parse_grant(document) == grant


@law
@given(requests_of)
def test_a_request_differs_from_itself_in_nothing(request: Request) -> None:
    assert requests.material_change(request, request) == ()


@law
@given(requests_of, requests_of)
def test_what_is_the_same_but_for_amounts_and_words_is_the_same_wish(
    one: Request, other: Request
) -> None:
    changed = set(requests.material_change(one, other))
    amounts = {"schedule", "retention_days", "budget_micro_bits", "mode", "until"}

    if not changed - amounts:
        assert requests.wish(one) == requests.wish(other)


@law
@given(grants_of, terms_of, st.booleans())
def test_a_narrowed_grant_is_narrower_and_narrowing_again_changes_nothing(
    grant: Grant,
    terms: Terms,
    rows: bool,  # noqa: FBT001 - drawn, not passed
) -> None:
    once = narrow(grant, terms)
    conditioned = narrow_rows(once, "steps > 7 or home = 'x'") if rows else once

    assert is_narrower(conditioned, once)
    assert is_narrower(conditioned, grant) or grant.not_after < grant.not_before
    assert narrow(once, terms) == once


@law
@given(grants_of, terms_of, terms_of)
def test_the_order_in_which_terms_narrow_does_not_matter(
    grant: Grant, one: Terms, other: Terms
) -> None:
    assert narrow(narrow(grant, one), other) == narrow(narrow(grant, other), one)


@law
@given(grants_of, terms_of, terms_of)
def test_narrower_than_narrower_is_narrower(grant: Grant, one: Terms, other: Terms) -> None:
    first = narrow_rows(narrow(grant, one), "steps > 7")
    second = narrow_rows(narrow(first, other), "home = 'x'")

    assert is_narrower(second, first)
    assert is_narrower(second, grant) or grant.not_after < grant.not_before


@law
@given(grants_of, grants_of)
def test_of_two_grants_that_are_narrower_than_each_other_both_give_the_same(
    one: Grant, other: Grant
) -> None:
    if is_narrower(one, other) and is_narrower(other, one):
        assert (one.fields, one.budget, one.mode) == (other.fields, other.budget, other.mode)
