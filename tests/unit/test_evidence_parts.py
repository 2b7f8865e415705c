"""The parts of an appraisal: signatures of others, files of collateral, nonces, descriptions."""

import struct
import warnings
from base64 import b64encode
from threading import Thread

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealhold.compute.attest import tpmforms
from sealhold.compute.attest.collateral import (
    AmdCollateral,
    IntelCollateral,
    NitroCollateral,
    SwCollateral,
    TpmCollateral,
    load,
)
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.nonces import MOST, ReplayGuard
from sealhold.crypto import cose, x509
from sealhold.crypto.credential import make_credential
from sealhold.crypto.entropy import seeded
from sealhold.crypto.foreignsign import (
    Curve,
    Hash,
    Scheme,
    point_key,
    rsa_key,
    verify_ecdsa_joined,
    verify_rsa,
)
from sealhold.model.errors import (
    BadSignatureError,
    BusyError,
    DeniedError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.quantities import Instant, Millis
from tests.conformance.evidence_made import (
    ATTRIBUTES,
    DEVICE,
    NOW,
    area_of,
    certify,
    chip_chain,
    curve_key,
    enclave_chain,
    long_key,
    sized,
    spki,
    tpm_chain,
)

MESSAGE = b"what is signed"


# --- signatures of others ---


@pytest.mark.parametrize("digest", Hash)
def test_an_rsa_signature_verifies_under_its_own_scheme_only(digest: Hash) -> None:
    algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[
        digest.value
    ]
    key = long_key("signer")
    ways = {
        Scheme.PKCS1: padding.PKCS1v15(),
        Scheme.PSS: padding.PSS(padding.MGF1(algorithm), algorithm.digest_size),
    }

    for scheme, way in ways.items():
        signature = key.sign(MESSAGE, way, algorithm)
        verify_rsa(spki(key), MESSAGE, signature, scheme=scheme, digest=digest)
        other = Scheme.PSS if scheme is Scheme.PKCS1 else Scheme.PKCS1
        with pytest.raises(BadSignatureError):
            verify_rsa(spki(key), MESSAGE, signature, scheme=other, digest=digest)


def test_a_short_salt_is_not_taken() -> None:
    key = long_key("signer")
    way = padding.PSS(padding.MGF1(hashes.SHA384()), 20)
    signature = key.sign(MESSAGE, way, hashes.SHA384())

    with pytest.raises(BadSignatureError):
        verify_rsa(spki(key), MESSAGE, signature, scheme=Scheme.PSS, digest=Hash.SHA384)


def test_a_key_of_another_kind_is_refused() -> None:
    long, short = spki(long_key("signer")), spki(curve_key("signer", 256))

    for public in (long, short, b"no key"):
        with pytest.raises(BadSignatureError):
            verify_ecdsa_joined(public, MESSAGE, bytes(96), curve=Curve.P384, digest=Hash.SHA384)
    with pytest.raises(BadSignatureError):
        verify_rsa(short, MESSAGE, bytes(256), scheme=Scheme.PSS, digest=Hash.SHA256)


@pytest.mark.parametrize("length", [0, 95, 97])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    public = spki(curve_key("signer"))

    with pytest.raises(BadSignatureError):
        verify_ecdsa_joined(public, MESSAGE, bytes(length), curve=Curve.P384, digest=Hash.SHA384)


def test_a_point_off_its_curve_and_an_even_modulus_are_no_keys() -> None:
    with pytest.raises(InvalidEncodingError):
        point_key(Curve.P256, b"\1" * 32, b"\2" * 32)
    with pytest.raises(InvalidEncodingError):
        rsa_key(b"\0" * 256, 65_537)


# --- messages ---


def test_a_message_of_ours_is_read_again() -> None:
    message = cose.read(cose.sign(MESSAGE, DEVICE), tagged=True)

    cose.verify(message, DEVICE.public, algorithm=cose.Algorithm.EDDSA)
    assert (message.payload, dict(message.unprotected)) == (MESSAGE, {})


def test_the_key_decides_how_a_message_is_verified() -> None:
    message = cose.read(cose.sign(MESSAGE, DEVICE), tagged=True)

    with pytest.raises(BadSignatureError, match="signed as EDDSA, not ES384"):
        cose.verify(message, spki(curve_key("signer")), algorithm=cose.Algorithm.ES384)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd2",
        b"\xd2\x80",
        bytes.fromhex("d28443a10126a04100582000"),  # an algorithm that is not read
        bytes.fromhex("d28440a04100" + "4100"),  # a header without one
        bytes.fromhex("d28445a201270401a0410041" + "00"),  # a header with more
        cose.sign(MESSAGE, DEVICE)[1:],  # no tag
        cose.sign(MESSAGE, DEVICE) + b"\0",
        b"\xd2" + b"\x80" * 70_000,
    ],
    ids=lambda data: data[:6].hex(),
)
def test_what_is_not_a_message_in_its_one_form_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        cose.read(data, tagged=True)


# --- certificates ---


def test_a_serial_number_of_zero_warns_nobody() -> None:
    der = bytearray(certify("A", curve_key("a"), "A", curve_key("a"), serial=1))
    place = der.index(b"\xa0\x03\x02\x01\x02\x02\x01\x01") + 7  # behind the version
    der[place] = 0

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = x509.read_der(bytes(der))
        assert x509.read_pem(x509.to_pem([found])) == (found,)

    assert found.der == bytes(der)


def test_certificates_are_read_by_many_threads_at_once() -> None:
    der = chip_chain()[0].der
    read: list[x509.Certificate] = []
    threads = [
        Thread(target=lambda: read.extend(x509.read_der(der) for _ in range(50))) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(read) == 400


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_chain_of_one_or_of_very_many_is_none(count: int) -> None:
    root = x509.read_der(enclave_chain()[0])

    with pytest.raises(Exception, match="a chain of"):
        x509.check_chain([root] * count, {root.digest}, NOW)


def test_a_certificate_that_is_too_long_is_not_parsed() -> None:
    with pytest.raises(InvalidEncodingError, match="at most"):
        x509.read_der(bytes(9_000))


# --- collateral ---


def test_files_become_the_collateral_of_their_kind_in_any_order() -> None:
    root, product, chip = (each.der for each in reversed(chip_chain()))
    pem = x509.to_pem([x509.read_der(product), x509.read_der(root)])
    amd = load(Kind.SNP, [pem, chip])

    assert amd == load(Kind.SNP, [chip, pem])
    assert isinstance(amd, AmdCollateral)
    assert [each.der for each in amd.chain] == [chip, product, root]
    assert load(Kind.SGX, [b"{}"]) == load(Kind.TDX, [b"{}"]) == IntelCollateral(b"{}")


def test_a_root_is_read_in_der_in_base64_and_in_pem() -> None:
    der = enclave_chain()[0]
    read = x509.read_der(der)

    for file in (der, b64encode(der) + b"\n", x509.to_pem([read])):
        assert load(Kind.NITRO, [file]) == NitroCollateral(read)


def test_a_device_key_is_read_in_bytes_and_in_hex() -> None:
    for file in (bytes(DEVICE.public), DEVICE.public.hex().encode() + b"\n"):
        assert load(Kind.SW, [file]) == SwCollateral(DEVICE.public)


def test_the_key_of_a_tpm_is_read_in_pem_and_as_it_describes_itself() -> None:
    key = curve_key("ak", 256)
    area = area_of(key)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    chain = tpm_chain()

    assert load(Kind.TPM2, [pem]) == TpmCollateral(key=spki(key))
    assert load(Kind.TPM2, [area]) == load(Kind.TPM2, [sized(area)])
    found = load(Kind.TPM2, [*(each.der for each in reversed(chain)), area])
    assert found == TpmCollateral(key=spki(key), area=area, chain=chain)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "files", [[bytes(200_000)], [b"not", b"this"], [b"-----BEGIN CERTIFICATE-----\n"]], ids=len
)
def test_files_that_are_not_collateral_are_refused(kind: Kind, files: list[bytes]) -> None:
    if kind in {Kind.SGX, Kind.TDX} and files[0].startswith(b"-----"):
        # One document, whose content the check of the quote reads.
        assert load(kind, files) == IntelCollateral(files[0])
        return
    with pytest.raises(InvalidEncodingError):
        load(kind, files)


# --- a TPM's key ---


def rsa_area(bits: int = 2_048) -> bytes:
    numbers = long_key("ak").public_key().public_numbers()
    return (
        struct.pack(">HHI", tpmforms.RSA, tpmforms.SHA256, ATTRIBUTES)
        + sized(b"")
        + struct.pack(">HHHHI", tpmforms.NULL, tpmforms.RSASSA, tpmforms.SHA256, bits, 0)
        + sized(numbers.n.to_bytes(256))
    )


def test_a_quote_under_an_rsa_key_verifies() -> None:
    area = tpmforms.read_area(rsa_area())
    signature = long_key("ak").sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    told = struct.pack(">HH", tpmforms.RSASSA, tpmforms.SHA256) + sized(signature)

    tpmforms.verify(MESSAGE, told, area.key)
    assert area.signs_quotes_only
    assert area.key == spki(long_key("ak"))
    with pytest.raises(BadSignatureError):
        tpmforms.verify(MESSAGE + b"!", told, area.key)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        struct.pack(">HH", 0x0016, tpmforms.SHA256) + sized(b"x"),
        struct.pack(">HH", tpmforms.ECDSA, 0x000C) + sized(b"x") + sized(b"y"),
        struct.pack(">HH", tpmforms.ECDSA, tpmforms.SHA256) + sized(b"x") + sized(b"y") + b"z",
        struct.pack(">HHH", tpmforms.ECDSA, tpmforms.SHA256, 60_000),
    ],
    ids=len,
)
def test_a_signature_of_another_form_is_refused(signature: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        tpmforms.verify(MESSAGE, signature, spki(curve_key("ak", 256)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, b"\x00\x25"),  # a kind that is not taken
        (2, b"\x00\x0c"),  # named by another hash
        (10, b"\x00\x06"),  # with a cipher of its own
        (12, b"\x00\x10"),  # bound to no way of signing
        (14, b"\x00\x0c"),  # over another hash
        (16, b"\x00\x04"),  # on another curve
        (18, b"\x00\x20"),  # with a derivation
    ],
)
def test_a_key_for_something_else_is_refused(place: int, value: bytes) -> None:
    area = area_of(curve_key("ak", 256))
    other = area[:place] + value + area[place + 2 :]

    with pytest.raises(InvalidEncodingError):
        tpmforms.read_area(other)


def test_an_rsa_key_of_another_length_than_it_says_is_refused() -> None:
    with pytest.raises(InvalidEncodingError):
        tpmforms.read_area(rsa_area(3_072))


# --- nonces ---


def test_nonces_differ_and_each_is_taken_with_the_time_of_its_drawing() -> None:
    time = [NOW]
    guard = ReplayGuard(lambda: time[0], seeded(b"n"))
    first = guard.draw()
    time[0] = Instant(NOW + 7)
    second = guard.draw()

    assert first != second
    assert (len(first), guard.take(first), guard.take(second)) == (32, NOW, NOW + 7)


def test_a_nonce_that_a_clock_set_back_makes_young_is_not_taken() -> None:
    time = [NOW]
    guard = ReplayGuard(lambda: time[0], seeded(b"n"))
    nonce = guard.draw()
    time[0] = Instant(NOW - 1)

    with pytest.raises(DeniedError):
        guard.take(nonce)


def test_nonces_that_nobody_answers_are_forgotten_and_their_number_is_bounded() -> None:
    time = [NOW]
    guard = ReplayGuard(lambda: time[0], seeded(b"n"), lifetime=Millis(0))
    for _ in range(3):
        guard.draw()
        time[0] = Instant(time[0] + 1)
    assert len(guard._waiting) == 1

    full = ReplayGuard(lambda: NOW, seeded(b"n"))
    full._waiting.update({n.to_bytes(4): NOW for n in range(MOST)})
    with pytest.raises(BusyError):
        full.draw()


def test_a_chain_made_here_is_read_as_it_was_written() -> None:
    der = certify("A", curve_key("a"), "A", curve_key("a"))
    found = x509.read_der(der)

    assert (found.is_authority, found.is_self_issued, found.path_length) == (True, True, None)
    with pytest.raises(InvalidError):
        x509.read_der(der + b"\0")


# --- credentials ---


@pytest.mark.parametrize("secret", [b"", bytes(33)])
def test_a_secret_of_another_length_is_not_wrapped(secret: bytes) -> None:
    with pytest.raises(InvalidError):
        make_credential(spki(curve_key("ek", 256)), bytes(34), secret, seeded(b"c"))


def test_a_secret_is_wrapped_to_no_other_kind_of_key() -> None:
    for public in (b"no key", spki(curve_key("ek", 384))):
        with pytest.raises(InvalidError):
            make_credential(public, bytes(34), bytes(32), seeded(b"c"))


def test_two_credentials_for_one_key_and_secret_differ() -> None:
    for key in (curve_key("ek", 256), long_key("ek")):
        made = {make_credential(spki(key), bytes(34), bytes(32), seeded(s)) for s in (b"1", b"2")}
        assert len(made) == 2
