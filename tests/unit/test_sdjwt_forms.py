"""What an SD-JWT is here, and what it refuses to be."""

import pytest

from sealhold.crypto import sdjwt
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError, InvalidError
from sealhold.model.quantities import Instant
from tests.unit.sample_proof import one, verify

KEY = SigningKey(Secret(b"i" * 32, "issuer"))
HOLDER = SigningKey(Secret(b"h" * 32, "holder"))


def issue(
    claims: dict[str, Plain] | None = None,
    hidden: dict[str, Plain] | None = None,
    digests: int = 4,
) -> str:
    return sdjwt.issue(
        "test+sd-jwt",
        claims or {"shown": 1},
        {"one": 1, "two": 2} if hidden is None else hidden,
        key=KEY,
        holder=HOLDER.public,
        digests=digests,
        entropy=seeded(b"unit"),
    )


@pytest.mark.parametrize("name", sorted(sdjwt.RESERVED))
def test_a_reserved_name_is_no_claim(name: str) -> None:
    with pytest.raises(InvalidError, match="reserved"):
        issue({name: 1})
    with pytest.raises(InvalidError, match="reserved"):
        issue(hidden={name: 1})


def test_a_claim_is_either_shown_or_hidden() -> None:
    with pytest.raises(InvalidError, match="twice"):
        issue({"one": 1})


@pytest.mark.parametrize("digests", [1, sdjwt.MAX_DIGESTS + 1])
def test_claims_fit_the_number_of_digests(digests: int) -> None:
    with pytest.raises(InvalidError, match="digests"):
        issue(digests=digests)


def test_a_claim_that_is_not_there_cannot_be_opened() -> None:
    kept = sdjwt.read(issue(), "test+sd-jwt", KEY.public)

    with pytest.raises(InvalidError, match="no such claim"):
        sdjwt.present(kept, ["three"], holder=HOLDER, audience="a", nonce="n", at=Instant(0))


def test_a_presentation_is_not_the_credential() -> None:
    kept = sdjwt.read(issue(), "test+sd-jwt", KEY.public)
    shown = sdjwt.present(kept, ["one"], holder=HOLDER, audience="a", nonce="n", at=Instant(0))

    with pytest.raises(InvalidEncodingError, match="a presentation"):
        sdjwt.read(shown, "test+sd-jwt", KEY.public)


def test_too_long_a_token_is_not_read() -> None:
    with pytest.raises(InvalidEncodingError, match="65536"):
        sdjwt.read_unverified("A" * (sdjwt.MAX_TOKEN + 1))


def test_too_many_disclosures_are_not_read() -> None:
    token = issue().split("~")[0]
    crowd = "~".join([token, *["A"] * (sdjwt.MAX_DIGESTS + 1), ""])

    with pytest.raises(InvalidEncodingError, match="65 disclosures"):
        sdjwt.read(crowd, "test+sd-jwt", KEY.public)


def test_a_presentation_holds_with_the_task_and_without() -> None:
    shown = one().present()

    assert verify(shown, one().task.envelope).exit_code == 0
    assert verify(shown).exit_code == 0


def test_each_claim_that_was_opened_is_told_and_the_rest_is_counted() -> None:
    told = {check.name: check.detail for check in verify(one().present(["value", "entry"])).checks}

    assert told["opened value"] == "17"
    assert told["opened entry"] == one().own.entry.hex()
    assert [name for name in told if name.startswith("opened")] == ["opened entry", "opened value"]
    assert told["closed"] == "14 digests, decoys among them"


def test_a_value_that_is_not_shown_is_still_bounded() -> None:
    verdict = verify(one().present(["entry"]), one().task.envelope)

    told = {check.name: check.detail for check in verdict.checks}
    assert told["file 1, value"] == "not shown; one of the 32 from 0 to 31"
    assert verdict.exit_code == 0
