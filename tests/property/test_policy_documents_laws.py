"""Laws of the documents: what is written is read back, and narrower means narrower."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
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

# A busy machine is no failure.
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ids = st.uuids(version=4).map(lambda uuid: Id16(uuid.bytes))
digests = st.binary(min_size=32, max_size=32)
purposes = st.sampled_from(sorted(TERMS)).map(Purpose)
instants = st.integers(0, 4_102_444_800_000).map(Instant)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,20}", fullmatch=True)
shown = st.characters(exclude_categories=("C", "M", "Zl", "Zp", "Zs")) | st.just(" ")
texts = st.text(shown, min_size=1, max_size=40).filter(
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
).filter(lambda grant: grant.not_before <= grant.not_after)
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
@given(
    requests_of,
    texts,
    st.integers(0, 36_525),
    st.sampled_from(Schedule),
    st.sampled_from(Mode),
    instants,
)
def test_other_words_and_amounts_are_the_same_wish_and_change_only_amounts(
    one: Request, text: str, days: int, schedule: Schedule, mode: Mode, until: Instant
) -> None:
    other = replace(
        one,
        name=text,
        reason=(("en", text),),
        retention_days=days,
        schedule=schedule,
        mode=mode,
        until=until,
    )

    assert requests.wish(one) == requests.wish(other)
    assert set(requests.material_change(one, other)) <= {
        "retention_days",
        "schedule",
        "mode",
        "until",
    }


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
    assert is_narrower(conditioned, grant)
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
    assert is_narrower(second, grant)


@law
@given(grants_of, terms_of)
def test_a_grant_is_not_narrower_than_what_terms_took_something_from(
    grant: Grant, terms: Terms
) -> None:
    narrowed = narrow(grant, terms)

    assert is_narrower(grant, narrowed) is (grant == narrowed)
