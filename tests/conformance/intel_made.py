"""Quotes as Intel's quoting enclaves make them, with all collateral, under a root of our own.

The shapes are those of the public samples: certificates, the extension of a platform's key, TCB
info, identity of the quoting enclave and revocation lists. Only keys and contents are ours.
"""

import json
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sealhold.crypto.digest import sha256

SGX_OID = "1.2.840.113741.1.13.1"
ENCLAVE_SIGNER = "ab" * 32
VENDOR = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntelMade:
    quote: bytes
    collateral: bytes
    root: bytes  # DER
    measurement: bytes


@lru_cache
def key(name: str) -> ec.EllipticCurvePrivateKey:
    del name
    return ec.generate_private_key(ec.SECP256R1())


def raw_signature(name: str, message: bytes) -> bytes:
    r, s = decode_dss_signature(key(name).sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def raw_public(name: str) -> bytes:
    numbers = key(name).public_key().public_numbers()
    return numbers.x.to_bytes(32) + numbers.y.to_bytes(32)


# --- the extension of a platform's key ---


def der(tag: int, value: bytes) -> bytes:
    size = len(value)
    head = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2)
    return bytes([tag]) + head + value


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray([40 * first + second])
    for number in rest:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return der(6, bytes(out))


def item(suffix: str, value: bytes) -> bytes:
    return der(0x30, oid(f"{SGX_OID}.{suffix}") + value)


def platform_extension() -> bytes:
    components = b"".join(item(f"2.{n}", der(2, b"\x01")) for n in range(1, 17))
    tcb = components + item("2.17", der(2, b"\x0d")) + item("2.18", der(4, b"\x01" * 16))
    return der(
        0x30,
        item("1", der(4, b"p" * 16))
        + item("2", der(0x30, tcb))
        + item("3", der(4, b"\0\0"))
        + item("4", der(4, b"\0\xa0\x67\x11\0\0"))
        + item("5", der(10, b"\0")),
    )


# --- certificates and lists ---


def name_of(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certify(
    common: str, issuer: str, now: datetime, *, path_length: int | None, platform: bool = False
) -> x509.Certificate:
    authority = path_length is not None
    signer = key(issuer).public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(common))
        .issuer_name(name_of(issuer))
        .public_key(key(common).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=900))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key(common).public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                content_commitment=not authority,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=authority,
                crl_sign=authority,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
        .add_extension(
            x509.CRLDistributionPoints(
                [
                    x509.DistributionPoint(
                        [x509.UniformResourceIdentifier("https://lists.example/root.der")],
                        None,
                        None,
                        None,
                    )
                ]
            ),
            critical=False,
        )
    )
    if platform:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier(SGX_OID), platform_extension())
        builder = builder.add_extension(unknown, critical=False)
    return builder.sign(key(issuer), hashes.SHA256())


def revocations(issuer: str, now: datetime) -> str:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key(issuer).public_key())
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name_of(issuer))
        .last_update(now - timedelta(days=1))
        .next_update(now + timedelta(days=30))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(identifier, critical=False)
        .sign(key(issuer), hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER).hex()


def pem(*certificates: x509.Certificate) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


# --- Intel's documents ---


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def tcb_info(tee: str, now: datetime, status: str, advisory: str) -> str:
    level: dict[str, object] = {
        "sgxtcbcomponents": [{"svn": 1}] * 16,
        "pcesvn": 13,
    }
    told: dict[str, object] = {
        "id": tee.upper(),
        "version": 3,
        "issueDate": stamp(now - timedelta(days=1)),
        "nextUpdate": stamp(now + timedelta(days=29)),
        "fmspc": "00A067110000",
        "pceId": "0000",
        "tcbType": 0,
        "tcbEvaluationDataNumber": 17,
    }
    if tee == "tdx":
        level["tdxtcbcomponents"] = [{"svn": 0}] * 16
        module = {
            "mrsigner": "00" * 48,
            "attributes": "00" * 8,
            "attributesMask": "FF" * 8,
        }
        levels = [
            {"tcb": {"isvsvn": 4}, "tcbDate": "2026-01-01T00:00:00Z", "tcbStatus": "UpToDate"}
        ]
        told |= {
            "tdxModule": module,
            "tdxModuleIdentities": [{"id": "TDX_01", **module, "tcbLevels": levels}],
        }
    found = {"tcb": level, "tcbDate": "2026-01-01T00:00:00Z", "tcbStatus": status}
    told["tcbLevels"] = [found | ({"advisoryIDs": [advisory]} if advisory else {})]
    return json.dumps(told, separators=(",", ":"))


def identity(tee: str, now: datetime, status: str) -> str:
    return json.dumps(
        {
            "id": "QE" if tee == "sgx" else "TD_QE",
            "version": 2,
            "issueDate": stamp(now - timedelta(days=1)),
            "nextUpdate": stamp(now + timedelta(days=29)),
            "tcbEvaluationDataNumber": 17,
            "miscselect": "00000000",
            "miscselectMask": "FFFFFFFF",
            "attributes": "11000000000000000000000000000000",
            "attributesMask": "FBFFFFFFFFFFFFFF0000000000000000",
            "mrsigner": ENCLAVE_SIGNER.upper(),
            "isvprodid": 1,
            "tcbLevels": [
                {"tcb": {"isvsvn": 4}, "tcbDate": "2026-01-01T00:00:00Z", "tcbStatus": status}
            ],
        },
        separators=(",", ":"),
    )


# --- the quote ---


def enclave_report(
    *, attributes: bytes, measurement: bytes, signer: bytes, report_data: bytes
) -> bytes:
    body = bytearray(384)
    body[0:16] = b"\x01" * 16
    body[48:64] = attributes
    body[64:96] = measurement
    body[128:160] = signer
    struct.pack_into("<HH", body, 256, 1, 8)
    body[320:384] = report_data.ljust(64, b"\0")
    return bytes(body)


def domain_report(*, debug: bool, report_data: bytes) -> bytes:
    body = bytearray(584)
    body[0:3] = bytes([6, 1, 3])
    body[120:128] = struct.pack("<Q", 1 << 28 | debug)
    body[128:136] = bytes.fromhex("e702060000000000")
    body[136:184] = b"t" * 48
    body[328:520] = b"r" * 192
    body[520:584] = report_data
    return bytes(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    root: x509.Certificate
    processor: x509.Certificate
    platform: x509.Certificate
    signing: x509.Certificate


@lru_cache
def authorities(now: datetime) -> Authorities:
    return Authorities(
        root=certify("Root", "Root", now, path_length=1),
        processor=certify("Processor", "Root", now, path_length=0),
        platform=certify("Platform", "Processor", now, path_length=None, platform=True),
        signing=certify("Signing", "Root", now, path_length=None),
    )


SHAPES = {  # by name: version, TEE, type of the report in version 5, further bytes of it
    "sgx": (3, 0x00, 0, b""),
    "tdx": (4, 0x81, 0, b""),
    "tdx 5": (5, 0x81, 2, b""),
    "tdx 5, report 1.5": (5, 0x81, 3, bytes(64)),
}
ODD = {  # well signed, and not to be taken
    "sgx 4": (4, 0x00, 0, b""),
    "sgx 5": (5, 0x00, 1, b""),
    "tdx 3": (3, 0x81, 0, b""),
    "tdx 6": (6, 0x81, 0, b""),
    "tdx 5, report 9": (5, 0x81, 9, b""),
    "tdx 5, longer": (5, 0x81, 3, bytes(65)),
    "tdx 5, bound to a service": (5, 0x81, 3, bytes(16) + b"s" * 48),
}


def reported(shape: str, report_data: bytes, *, debug: bool) -> tuple[bytes, bytes]:
    """Return the signed part of a quote, and the measurement in it."""
    version, tee, kind, more = {**SHAPES, **ODD}[shape]
    header = struct.pack("<HHIHH", version, 2, tee, 0, 0) + VENDOR + bytes(20)
    if tee:
        body = domain_report(debug=debug, report_data=report_data) + more
        measurement = b"t" * 48 + b"r" * 192
    else:
        flags = bytes([0x07 if debug else 0x05]) + bytes(7) + b"\xe7" + bytes(7)
        measurement = b"e" * 32
        body = enclave_report(
            attributes=flags, measurement=measurement, signer=b"g" * 32, report_data=report_data
        )
    front = struct.pack("<HI", kind, len(body)) if kind else b""
    return header + front + body, measurement


def quote_of(quoted: bytes, made: Authorities) -> bytes:
    """Return the quote whose signed part is `quoted`."""
    public, extra = raw_public("attestation"), b"x" * 32
    report = enclave_report(
        attributes=bytes.fromhex("1500000000000000e700000000000000"),
        measurement=b"q" * 32,
        signer=bytes.fromhex(ENCLAVE_SIGNER),
        report_data=sha256(public, extra),
    )
    chain = pem(made.platform, made.processor, made.root).encode() + b"\0"
    inner = report + raw_signature("Platform", report) + struct.pack("<H", len(extra)) + extra
    inner += struct.pack("<HI", 5, len(chain)) + chain
    if quoted[0] > 3:
        inner = struct.pack("<HI", 6, len(inner)) + inner
    tail = raw_signature("attestation", quoted) + public + inner
    return quoted + struct.pack("<I", len(tail)) + tail


def make(
    tee: str,
    report_data: bytes,
    now_ms: int,
    *,
    debug: bool = False,
    status: str = "UpToDate",
    enclave_status: str = "UpToDate",
    advisory: str = "",
    shape: str = "",
) -> IntelMade:
    """Return a quote of `tee` that holds at `now_ms`, with its collateral."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    made = authorities(now)
    quoted, measurement = reported(shape or tee, report_data, debug=debug)
    info, told = tcb_info(tee, now, status, advisory), identity(tee, now, enclave_status)
    collateral = {
        "pck_crl_issuer_chain": pem(made.processor, made.root),
        "root_ca_crl": revocations("Root", now),
        "pck_crl": revocations("Processor", now),
        "tcb_info_issuer_chain": pem(made.signing, made.root),
        "tcb_info": info,
        "tcb_info_signature": raw_signature("Signing", info.encode()).hex(),
        "qe_identity_issuer_chain": pem(made.signing, made.root),
        "qe_identity": told,
        "qe_identity_signature": raw_signature("Signing", told.encode()).hex(),
    }
    return IntelMade(
        quote=quote_of(quoted, made),
        collateral=json.dumps(collateral).encode(),
        root=made.root.public_bytes(Encoding.DER),
        measurement=measurement,
    )
