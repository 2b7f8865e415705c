"""Laws of presentations: what is shown is what was chosen, and every byte of it counts."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.crypto import sdjwt
from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain
from sealhold.model.errors import SealholdError
from sealhold.model.quantities import Instant
from tests.unit.sample_proof import one, verify

ISSUER = SigningKey(Secret(b"i" * 32, "issuer"))
HOLDER = SigningKey(Secret(b"h" * 32, "holder"))
KIND = "law+sd-jwt"
AT = Instant(1_790_000_000_000)

texts = st.text(st.characters(codec="utf-8"), max_size=12)
names = texts.filter(lambda name: name not in sdjwt.RESERVED)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@cache
def shown() -> str:
    return one().present()


def code(text: str) -> int:
    """Verify without the task, keys, audience or nonce: the reader who knows least."""
    return verify(text, pins={}).exit_code


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_opened_is_what_was_chosen_and_nothing_else(data: st.DataObject) -> None:
    claims: dict[str, Plain] = data.draw(st.dictionaries(names, plain, max_size=5))
    hidden: dict[str, Plain] = data.draw(
        st.dictionaries(names.filter(lambda name: name not in claims), plain, max_size=6)
    )
    chosen = data.draw(st.sets(st.sampled_from(sorted(hidden)))) if hidden else set()
    audience, nonce = data.draw(texts), data.draw(texts)

    issued = sdjwt.issue(
        KIND,
        claims,
        hidden,
        key=ISSUER,
        holder=HOLDER.public,
        digests=8,
        entropy=seeded(b"law"),
    )
    kept = sdjwt.read(issued, KIND, ISSUER.public)
    text = sdjwt.present(kept, chosen, holder=HOLDER, audience=audience, nonce=nonce, at=AT)
    found = sdjwt.open_presented(text, KIND, ISSUER.public)

    assert found.claims == claims
    assert found.opened == {name: hidden[name] for name in chosen}
    assert found.hidden == 8 - len(chosen)
    assert (found.binding.audience, found.binding.nonce, found.binding.at) == (audience, nonce, AT)


def test_a_flipped_bit_in_any_byte_of_a_presentation_is_altered() -> None:
    text = shown().encode()
    assert code(shown()) == 0

    passed = []
    for place in range(len(text)):
        bent = bytearray(text)
        bent[place] ^= 1 << (place * 5 + 3) % 8
        verdict = verify(bytes(bent), pins={})
        if verdict.exit_code != 6 or not verdict.sentence.startswith("Do not trust"):
            passed.append(place)

    assert passed == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_other_byte_in_any_place_of_a_presentation_is_altered(data: st.DataObject) -> None:
    text = shown().encode()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[place]))
    bent = text[:place] + bytes([other]) + text[place + 1 :]

    assert verify(bent, pins={}).exit_code == 6


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_character_put_in_or_left_out_of_a_presentation_is_altered(data: st.DataObject) -> None:
    text = shown()
    place = data.draw(st.integers(0, len(text) - 1))
    more = data.draw(st.text("A=~. \n-_", min_size=1, max_size=3))

    assert code(text[:place] + more + text[place:]) == 6
    assert code(text + more) == 6
    assert code(text[:place] + text[place + 1 :]) == 6


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text("eyJhbGciOiJ.~-_A", max_size=300).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    text = data.decode("ascii", "replace")

    with pytest.raises(SealholdError):
        sdjwt.open_presented(text, KIND, ISSUER.public)
    with pytest.raises(SealholdError):
        sdjwt.read(text, KIND, ISSUER.public)
