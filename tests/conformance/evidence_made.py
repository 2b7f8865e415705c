"""Evidence of every kind, made here under roots of our own: what no sample can be asked for.

- A maker takes what the evidence is to say and returns all that an appraisal needs. The chains are
  like those of the vendors: their names, extensions and ways of signing.
- Keys are made once for each run of the tests.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from sealhold.compute.attest import eat, tpmforms
from sealhold.compute.attest.appraising import appraise
from sealhold.compute.attest.collateral import (
    AmdCollateral,
    Collateral,
    IntelCollateral,
    NitroCollateral,
    SwCollateral,
    TpmCollateral,
)
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import Policy, SnpLevel
from sealhold.compute.attest.spec import Bound, Evidence, ReferenceValues, Result
from sealhold.crypto import cose
from sealhold.crypto import x509 as ours
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack
from sealhold.model.quantities import Instant
from tests.conformance import intel_made

NOW = Instant(1_795_305_600_000)  # 2026-11-22
NONCE = bytes(range(32))
BINDING = Bound(statement=b"a statement of a proof", session_key=b"s" * 32)
REPORT_DATA = BINDING.report_data(NONCE)
CODE = sha256(b"a program")
DEVICE = SigningKey(Secret(b"d" * 32, "device key"))
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Evidence with all that it is to be judged by; as it stands, nothing is wrong with it."""

    evidence: Evidence
    collateral: Collateral | None
    measurement: bytes
    nonce: bytes = NONCE
    now: Instant = NOW
    asked_at: Instant = NOW
    policy: Policy = field(default_factory=Policy)
    binding: Bound = BINDING

    def result(self) -> Result:
        return self._appraised(frozenset({self.measurement}))

    def unmeasured(self) -> Result:
        """Return the result of a reader who knows no program."""
        return self._appraised(frozenset())

    def _appraised(self, measurements: frozenset[bytes]) -> Result:
        reference = ReferenceValues(
            binding=self.binding, asked_at=self.asked_at, measurements=measurements
        )
        return appraise(
            self.evidence,
            self.nonce,
            reference,
            now=self.now,
            collateral=self.collateral,
            policy=self.policy,
        )

    def with_data(self, data: bytes) -> "Made":
        return replace(self, evidence=replace(self.evidence, data=data))


# --- certificates ---


@lru_cache
def curve_key(name: str, size: int = 384) -> ec.EllipticCurvePrivateKey:
    """Return the key of that name, made at the first call."""
    del name
    return ec.generate_private_key(ec.SECP384R1() if size == 384 else ec.SECP256R1())


@lru_cache
def long_key(name: str) -> rsa.RSAPrivateKey:
    del name
    return rsa.generate_private_key(65_537, 2_048)


def spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def certify(  # noqa: PLR0913  # reason: each is a field of a certificate
    name: str,
    key: Key | CertificatePublicKeyTypes,
    issuer: str,
    signer: Key,
    *,
    authority: bool = True,
    path_length: int | None = None,
    days: tuple[int, int] = (-1, 30),
    extensions: Sequence[tuple[str, bytes, bool]] = (),
    serial: int = 0,
) -> bytes:
    """Return the DER of a certificate of `name`, issued by `issuer` with the key `signer`."""
    now = datetime.fromtimestamp(NOW / 1000, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key() if isinstance(key, Key) else key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )
    if authority:
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=path_length), critical=True
        )
    for oid, value, critical in extensions:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        builder = builder.add_extension(unknown, critical=critical)
    algorithm = hashes.SHA384()
    if isinstance(signer, rsa.RSAPrivateKey):
        how = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        return builder.sign(signer, algorithm, rsa_padding=how).public_bytes(Encoding.DER)
    return builder.sign(signer, algorithm).public_bytes(Encoding.DER)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def joined(signature: bytes, width: int) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(width) + s.to_bytes(width)


def trusting(kind: Kind, root: bytes, floor: SnpLevel | None = None) -> Policy:
    return Policy(roots={kind: frozenset({sha256(root)})}, snp_floor=floor)


def evidence(kind: Kind, data: bytes, report_data: bytes = REPORT_DATA) -> Evidence:
    return Evidence(kind=kind, data=data, nonce=NONCE, report_data=report_data)


# --- software ---


def software(*, debug: eat.Debug = eat.Debug.DISABLED, made_at: Instant = NOW) -> Made:
    token = eat.SoftwareToken(
        made_at=made_at,
        nonce=NONCE,
        device=eat.device_name(DEVICE.public),
        debug=debug,
        measurement=CODE,
        report_data=REPORT_DATA,
    )
    return Made(
        evidence=evidence(Kind.SW, eat.issue(token, DEVICE)),
        collateral=SwCollateral(DEVICE.public),
        measurement=CODE,
    )


# --- TPM ---

ATTRIBUTES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 16 | 1 << 18


def sized(value: bytes) -> bytes:
    return len(value).to_bytes(2) + value


def area_of(key: ec.EllipticCurvePrivateKey, attributes: int = ATTRIBUTES) -> bytes:
    numbers = key.public_key().public_numbers()
    return (
        struct.pack(">HHI", tpmforms.ECC, tpmforms.SHA256, attributes)
        + sized(b"")
        + struct.pack(">HHHHH", tpmforms.NULL, tpmforms.ECDSA, tpmforms.SHA256, 3, tpmforms.NULL)
        + sized(numbers.x.to_bytes(32))
        + sized(numbers.y.to_bytes(32))
    )


def quoted(registers: dict[int, bytes], challenge: bytes, *, magic: int = tpmforms.MAGIC) -> bytes:
    bits = sum(1 << place for place in registers)
    return (
        struct.pack(">IH", magic, tpmforms.QUOTE)
        + sized(b"\x00\x0b" + b"n" * 32)
        + sized(challenge)
        + struct.pack(">QIIBQ", 9, 1, 1, 1, 7)
        + struct.pack(">IHB", 1, tpmforms.SHA256, 3)
        + bits.to_bytes(3, "little")
        + sized(tpmforms.composite(registers))
    )


def tpm_signed(attest: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    r, s = decode_dss_signature(key.sign(attest, ec.ECDSA(hashes.SHA256())))
    head = struct.pack(">HH", tpmforms.ECDSA, tpmforms.SHA256)
    return head + sized(r.to_bytes(32)) + sized(s.to_bytes(32))


def tpm_data(attest: bytes, signature: bytes, registers: dict[int, bytes]) -> bytes:
    return pack({"attest": attest, "pcrs": registers, "signature": signature})


def tpm_chain() -> tuple[ours.Certificate, ...]:
    root = certify("TPM Root", curve_key("tpm root"), "TPM Root", curve_key("tpm root"))
    leaf = certify("EK", curve_key("ek", 256), "TPM Root", curve_key("tpm root"), authority=False)
    return ours.read_der(leaf), ours.read_der(root)


def tpm(
    *,
    rooted: bool = True,
    attributes: int = ATTRIBUTES,
    register: int = 12,
    magic: int = tpmforms.MAGIC,
    ran: Sequence[bytes] = (CODE,),
    challenge: bytes = BINDING.challenge(NONCE),
) -> Made:
    key = curve_key("ak", 256)
    registers = {register: tpmforms.extended(ran)}
    attest = quoted(registers, challenge, magic=magic)
    made = Made(
        evidence=evidence(Kind.TPM2, tpm_data(attest, tpm_signed(attest, key), registers)),
        collateral=TpmCollateral(key=spki(key)),
        measurement=tpmforms.composite(registers),
    )
    if not rooted:
        return made
    chain = tpm_chain()
    known = TpmCollateral(key=spki(key), area=area_of(key, attributes), chain=chain)
    return replace(made, collateral=known, policy=trusting(Kind.TPM2, chain[-1].der))


# --- AMD ---

CHIP = b"c" * 64
PARTS = bytes([3, 0, 0, 0, 0, 0, 8, 115])
FLOOR = SnpLevel(bootloader=3, tee=0, snp=8, microcode=115)


def chip_extensions(chip: bytes = CHIP, parts: bytes = PARTS) -> list[tuple[str, bytes, bool]]:
    base = "1.3.6.1.4.1.3704.1."
    order = ("3.1", "3.2", "3.4", "3.5", "3.6", "3.7", "3.3", "3.8")
    found = [
        (base + name, b"\x02\x01" + bytes([value]), False)
        for name, value in zip(order, parts, strict=True)
    ]
    return [*found, (f"{base}4", chip, False)]


@lru_cache
def chip_chain(chip: bytes = CHIP, parts: bytes = PARTS) -> tuple[ours.Certificate, ...]:
    root, product = long_key("ark"), long_key("ask")
    ark = certify("ARK-Made", root, "ARK-Made", root)
    ask = certify("SEV-Made", product, "ARK-Made", root, path_length=0)
    vcek = certify(
        "SEV-VCEK",
        curve_key("vcek"),
        "SEV-Made",
        product,
        authority=False,
        extensions=chip_extensions(chip, parts),
    )
    return tuple(ours.read_der(der) for der in (vcek, ask, ark))


def guest(  # noqa: PLR0913  # reason: each is a field of a report
    *,
    policy_bits: int = 1 << 17 | 1 << 16,
    level: int = 0,
    version: int = 2,
    flags: int = 0,
    parts: bytes = PARTS,
    floor: SnpLevel = FLOOR,
    chip: bytes = CHIP,
    spare: bytes = b"",
    report_data: bytes = REPORT_DATA,
) -> Made:
    report = bytearray(0x4A0)
    struct.pack_into("<IIQ", report, 0, version, 0, policy_bits)
    struct.pack_into("<II", report, 0x30, level, 1)
    struct.pack_into("<I", report, 0x48, flags)
    report[0x50:0x90] = report_data
    report[0x90:0xC0] = b"m" * 48
    report[0x180:0x188] = parts
    report[0x1A0:0x1E0] = chip
    report[0x1F8 : 0x1F8 + len(spare)] = spare
    signature = curve_key("vcek").sign(bytes(report[:0x2A0]), ec.ECDSA(hashes.SHA384()))
    for place, number in zip((0x2A0, 0x2E8), decode_dss_signature(signature), strict=True):
        report[place : place + 48] = number.to_bytes(48, "little")
    chain = chip_chain()
    return Made(
        evidence=evidence(Kind.SNP, bytes(report)),
        collateral=AmdCollateral(chain),
        measurement=b"m" * 48,
        policy=trusting(Kind.SNP, chain[-1].der, floor),
    )


# --- Nitro ---


@lru_cache
def enclave_chain() -> tuple[bytes, ...]:
    """Return root, authority and leaf."""
    root, middle = curve_key("aws root"), curve_key("aws middle")
    return (
        certify("aws.made", root, "aws.made", root),
        certify("zone", middle, "aws.made", root, path_length=0),
        certify("enclave", curve_key("enclave"), "zone", middle, authority=False),
    )


def document(**changes: object) -> dict[str, object]:
    root, middle, leaf = enclave_chain()
    told: dict[str, object] = {
        "module_id": "i-made-enc",
        "digest": "SHA384",
        "timestamp": NOW,
        "pcrs": {place: bytes([place + 1]) * 48 for place in range(5)},
        "certificate": leaf,
        "cabundle": [root, middle],
        "public_key": None,
        "user_data": REPORT_DATA,
        "nonce": NONCE,
    }
    return told | changes


def cose_es384(payload: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    protected = cbor2.dumps({1: -35})
    covered = cose.signed_bytes(protected, payload)
    signature = joined(key.sign(covered, ec.ECDSA(hashes.SHA384())), 48)
    return cbor2.dumps([protected, {}, payload, signature])


def enclave(**changes: object) -> Made:
    data = cose_es384(cbor2.dumps(document(**changes)), curve_key("enclave"))
    root = enclave_chain()[0]
    return Made(
        evidence=evidence(Kind.NITRO, data),
        collateral=NitroCollateral(ours.read_der(root)),
        measurement=b"".join(bytes([place]) * 48 for place in (1, 2, 3)),
        policy=trusting(Kind.NITRO, root),
    )


# --- Intel ---


def intel(
    kind: Kind, report_data: bytes = REPORT_DATA, /, *, debug: bool = False, **changes: str
) -> Made:
    made = intel_made.make(kind.value, report_data, NOW, debug=debug, **changes)
    return Made(
        evidence=evidence(kind, made.quote),
        collateral=IntelCollateral(made.collateral),
        measurement=made.measurement,
        policy=trusting(kind, made.root),
    )


MAKERS: dict[Kind, Callable[[], Made]] = {
    Kind.SW: software,
    Kind.TPM2: tpm,
    Kind.SGX: lambda: intel(Kind.SGX),
    Kind.TDX: lambda: intel(Kind.TDX),
    Kind.SNP: guest,
    Kind.NITRO: enclave,
}
IN_DEBUG: dict[Kind, Callable[[], Made]] = {
    Kind.SW: lambda: software(debug=eat.Debug.ENABLED),
    Kind.SGX: lambda: intel(Kind.SGX, debug=True),
    Kind.TDX: lambda: intel(Kind.TDX, debug=True),
    Kind.SNP: lambda: guest(policy_bits=1 << 17 | 1 << 19),
    Kind.NITRO: lambda: enclave(pcrs=dict.fromkeys(range(5), bytes(48))),
}
