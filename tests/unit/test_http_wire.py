"""Values as JSON, and errors as problems."""

from dataclasses import dataclass

import pytest

from sealhold.frontends.http.problems import denied, outside_problem, problem, status_of
from sealhold.frontends.http.wire import Known, schema_of, to_wire
from sealhold.model import errors, processing, shown
from sealhold.model.ids import GrantId, Id16
from sealhold.model.quantities import Instant
from sealhold.model.shown import Mode, RequestCard

ONE = GrantId(Id16(bytes.fromhex("00112233445546778899aabbccddeeff")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A value of each sort."""

    grant: GrantId
    other: GrantId | None
    mode: Mode
    at: Instant
    data: bytes
    names: frozenset[str]
    inner: "Sample | None" = None


def sample(inner: Sample | None = None) -> Sample:
    """Return a value."""
    return Sample(
        grant=ONE,
        other=None,
        mode=Mode.ONCE,
        at=Instant(7),
        data=b"\x00\xff",
        names=frozenset({"b", "a"}),
        inner=inner,
    )


def test_ids_are_uuids_bytes_are_base64_and_sets_are_sorted() -> None:
    wire = to_wire(sample(sample()))

    assert wire["grant"] == "00112233-4455-4677-8899-aabbccddeeff"
    assert (wire["other"], wire["mode"], wire["at"]) == (None, "once", 7)
    assert (wire["data"], wire["names"]) == ("AP8=", ["a", "b"])
    assert wire["inner"]["inner"] is None


def test_a_schema_follows_from_the_class_and_ends_in_itself() -> None:
    known = Known()

    assert schema_of(Sample, known) == {"$ref": "#/components/schemas/Sample"}
    properties = known["Sample"]["properties"]
    assert properties["grant"] == {"type": "string", "format": "uuid"}
    assert properties["mode"] == {"enum": ["once", "until", "each"]}
    assert {"$ref": "#/components/schemas/Sample"} in properties["inner"]["anyOf"]


def test_a_request_card_has_a_schema() -> None:
    known = Known()
    schema_of(RequestCard, known)

    words = known["AskerView"]["properties"]["key_words"]
    assert (words["minItems"], words["items"]) == (4, False)


def test_a_hint_without_form_is_refused() -> None:
    with pytest.raises(TypeError):
        schema_of(complex, Known())


def test_each_kind_of_error_has_a_status() -> None:
    told = [status_of(kind()) for kind in (
        errors.SealholdError, errors.UsageError, errors.DeniedError, errors.NotFoundError,
        errors.InvalidError, errors.TamperedError, errors.UnavailableError,
        errors.ExhaustedError, errors.ConflictError, errors.StoreFullError,
    )]  # fmt: skip

    assert told == [500, 400, 403, 404, 422, 500, 503, 429, 409, 507]


def test_the_owner_is_told_what_to_do() -> None:
    body = bytes(problem(errors.LeakExhaustedError("the year is used up")).body)

    assert b'"code":"LEAK_EXHAUSTED"' in body
    assert b"coarser answer" in body


@pytest.mark.parametrize(
    "kind",
    [errors.NotFoundError, errors.DeniedError, errors.LockedError, errors.LeakExhaustedError,
     errors.ConflictError, errors.TamperedError, errors.SealholdError],
)  # fmt: skip
def test_an_outsider_is_told_denied_whatever_happened(kind: type[errors.SealholdError]) -> None:
    told = outside_problem(kind("a secret of the owner"))

    assert (told.status_code, bytes(told.body)) == (403, bytes(denied().body))
    assert told.headers.items() == denied().headers.items()


def test_the_second_class_of_one_name_has_a_longer_name() -> None:
    known = Known()
    first, second = schema_of(shown.Terms, known), schema_of(processing.Terms, known)

    assert first == {"$ref": "#/components/schemas/Terms"}
    assert second == {"$ref": "#/components/schemas/ProcessingTerms"}
    assert known["Terms"]["properties"].keys() != known["ProcessingTerms"]["properties"].keys()
    assert schema_of(shown.Terms, known) == first
