"""A report of AMD's SEV-SNP: signed by a key of the chip, which AMD certifies.

- The report has 1,184 bytes and a place for each; reserved ones are zero. ECDSA P-384 with
  SHA-384 covers the first 672, r and s are little-endian.
- The chip's certificate (VCEK) leads over that of the product (ASK) to a pinned root (ARK). It
  names the chip and the versions of its parts, and both must be those of the report.
- Measurement: 48 bytes at launch. Debug is bit 19 of the policy; a guest that a migration agent
  may move (bit 18), or that asked from a lower level than 0, is refused.
- AMD gives no word on a platform; the policy sets the lowest versions that are taken.

Source: docs/spec/21-evidence.md section 6; SEV-SNP firmware ABI, table of the attestation report.
"""

import struct
from dataclasses import dataclass
from typing import Final

from sealhold.compute.attest.collateral import AmdCollateral, Collateral
from sealhold.compute.attest.judging import Case, JudgedVerifier, Look
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import SnpLevel
from sealhold.crypto import x509
from sealhold.crypto.foreignsign import Curve, Hash, verify_ecdsa
from sealhold.model.errors import BadChainError, InvalidEncodingError

REPORT_BYTES: Final = 1_184
SIGNED: Final = 0x2A0  # bytes
NUMBER: Final = 72  # bytes of r, and of s
WIDTH: Final = 48  # of these, the lowest; the rest is zero
VERSIONS: Final = frozenset({2, 3})
ECDSA_P384: Final = 1
DEBUG: Final = 1 << 19
MIGRATION: Final = 1 << 18
RESERVED_ONE: Final = 1 << 17
SIGNER: Final = 0b111 << 2  # which key signed; 0 is the chip's own
OID: Final = "1.3.6.1.4.1.3704.1."
PARTS: Final = {"3.1": 0, "3.2": 1, "3.4": 2, "3.5": 3, "3.6": 4, "3.7": 5, "3.3": 6, "3.8": 7}
ZEROS: Final = ((0x4C, 0x50), (0x18B, 0x1A0), (0x1EB, 0x1EC), (0x1EF, 0x1F0), (0x1F8, 0x2A0))

_HEAD = struct.Struct("<IIQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    policy: int
    level: int  # VMPL
    report_data: bytes
    measurement: bytes
    host_data: bytes
    parts: bytes  # versions of the platform's parts as the report tells them, 8 bytes
    chip: bytes  # 64 bytes
    signature: tuple[int, int]


class SnpVerifier(JudgedVerifier):
    """Appraises reports of SEV-SNP guests."""

    kind = Kind.SNP

    def look_at(self, look: Look, case: Case, collateral: Collateral | None) -> None:
        _look(look, case, collateral)


def _look(look: Look, case: Case, collateral: Collateral | None) -> None:
    data = case.evidence.data
    report = _read(data)
    look.debug = bool(report.policy & DEBUG)
    bound = report.report_data == case.evidence.report_data
    look.fault("the report data differs from what it claims", unless=bound)
    look.fault("a migration agent may move it", unless=not report.policy & MIGRATION)
    look.fault(f"asked from level {report.level} of the guest", unless=report.level == 0)
    if not isinstance(collateral, AmdCollateral):
        raise look.needs("certificates of AMD's chip, product and root")
    roots = case.policy.roots.get(case.kind, frozenset())
    look.ends.append(x509.check_chain(collateral.chain, roots, case.now))
    leaf = collateral.chain[0]
    covered = data[:SIGNED]
    verify_ecdsa(leaf.public, covered, report.signature, curve=Curve.P384, digest=Hash.SHA384)
    _same_chip(report, leaf)
    look.verified = look.hw_rooted = True
    look.measurement = report.measurement
    look.claims |= {
        "chip": report.chip.hex(),
        "host_data": report.host_data.hex(),
        "measurement": report.measurement.hex(),
        "policy": f"{report.policy:#x}",
        "report_data": report.report_data.hex(),
        "tcb": report.parts.hex(),
        "vmpl": str(report.level),
    }
    _floor(look, report, case.policy.snp_floor)


def _read(data: bytes) -> _Report:
    if len(data) != REPORT_BYTES:
        raise InvalidEncodingError(f"a report of {len(data)} bytes, not {REPORT_BYTES}")
    version, _, policy = _HEAD.unpack_from(data)
    level, algorithm = struct.unpack_from("<II", data, 0x30)
    (flags,) = struct.unpack_from("<I", data, 0x48)
    if version not in VERSIONS or algorithm != ECDSA_P384:
        raise InvalidEncodingError("a report of a version or signature that is not read here")
    if flags & SIGNER or flags >> 5:
        raise InvalidEncodingError("a report signed by another key than the chip's")
    # THREAT T151: reserved bytes are zero, and so is what surrounds the signature.
    if not policy & RESERVED_ONE or policy >> 26 or any(any(data[a:b]) for a, b in ZEROS):
        raise InvalidEncodingError("a reserved place of the report is filled")
    start = SIGNED
    halves = data[start : start + NUMBER], data[start + NUMBER : start + 2 * NUMBER]
    if any(half[WIDTH:].strip(b"\x00") for half in halves) or any(data[start + 2 * NUMBER :]):
        raise InvalidEncodingError("something stands beside the signature")
    return _Report(
        policy=policy,
        level=level,
        report_data=data[0x50:0x90],
        measurement=data[0x90:0xC0],
        host_data=data[0xC0:0xE0],
        parts=data[0x180:0x188],
        chip=data[0x1A0:0x1E0],
        signature=(int.from_bytes(halves[0], "little"), int.from_bytes(halves[1], "little")),
    )


def _same_chip(report: _Report, leaf: x509.Certificate) -> None:
    """Compare chip and versions with those for which AMD certified the key.

    Raises:
        BadChainError: they differ.
    """
    # THREAT T156: a key of older, weaker firmware does not vouch for a newer one.
    if leaf.private.get(f"{OID}4") != report.chip:
        raise BadChainError("the certificate is of another chip")
    for name, place in PARTS.items():
        if _small(leaf.private.get(OID + name, b"")) != report.parts[place]:
            raise BadChainError("the certificate is of other versions of the platform")


def _small(der: bytes) -> int | None:
    """Return the number in a DER INTEGER from 0 to 255; None for anything else."""
    match der:
        case bytes() if len(der) == 3 and der[:2] == b"\x02\x01" and der[2] < 0x80:  # noqa: PLR2004
            return der[2]
        case bytes() if len(der) == 4 and der[:3] == b"\x02\x02\x00" and der[3] >= 0x80:  # noqa: PLR2004
            return der[3]
        case _:
            return None


def _floor(look: Look, report: _Report, floor: SnpLevel | None) -> None:
    if floor is None:
        look.doubt("the policy sets no lowest versions for this platform")
        return
    told = tuple(report.parts[PARTS[name]] for name in ("3.1", "3.2", "3.3", "3.8"))
    lowest = (floor.bootloader, floor.tee, floor.snp, floor.microcode)
    enough = all(here >= least for here, least in zip(told, lowest, strict=True))
    look.fault("the platform is older than the policy takes", unless=enough)
