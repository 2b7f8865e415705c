"""The public samples of evidence, and what is needed to judge each at its own time.

Where they come from, and under which terms: tests/vectors/attestation.
"""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sealhold.compute.attest import tpmforms
from sealhold.compute.attest.appraising import appraise
from sealhold.compute.attest.collateral import load
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.policy import DEFAULT, Policy
from sealhold.compute.attest.spec import AsGiven, Evidence, ReferenceValues, Result
from sealhold.model.encoding import pack
from sealhold.model.quantities import Instant

TODAY = "2026-11-22T00:00:00"
HELLO = b"Hello, world!".ljust(64, b"\0")
SGX_CODE = "33d8736db756ed4997e04ba358d27833188f1932ff7b1d156904d3f560452fbb"
TDX_CODE = (
    "91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a3520c942a604a407"
    "de03ae6dc5f87f27428b2538873118b7"
)
SNP_CODE = (
    "b07af9620f3b839b47996422ddec6058338951d984e312115131ea82705eaf5b"
    "6bdf8a9ece31a5a608eb0cf2e4872b01"
)
LISTED = Policy(states=frozenset({"UpToDate", "ConfigurationAndSWHardeningNeeded"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A genuine sample; as it stands, and at its time, only its vendor's word is against it."""

    kind: Kind
    data: bytes
    report_data: bytes
    files: tuple[bytes, ...]
    at: str
    signed: tuple[int, int]  # from where to where its own signature covers the bytes
    nonce: bytes = b"a nonce of the reader"
    policy: Policy = DEFAULT
    measurements: frozenset[bytes] = frozenset()

    def result(self, *, nonce: bytes | None = None, policy: Policy | None = None) -> Result:
        now = instant(self.at)
        return appraise(
            Evidence(
                kind=self.kind, data=self.data, nonce=self.nonce, report_data=self.report_data
            ),
            self.nonce if nonce is None else nonce,
            ReferenceValues(
                binding=AsGiven(self.report_data), asked_at=now, measurements=self.measurements
            ),
            now=now,
            collateral=load(self.kind, self.files),
            policy=policy or self.policy,
        )

    def flipped(self, place: int, bit: int) -> "Sample":
        data = bytearray(self.data)
        data[place] ^= 1 << bit
        return replace(self, data=bytes(data))


def instant(text: str) -> Instant:
    return Instant(int(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000))


def sgx(folder: Path) -> Sample:
    return Sample(
        kind=Kind.SGX,
        data=(folder / "sgx/quote.bin").read_bytes(),
        report_data=HELLO,
        files=((folder / "sgx/collateral.json").read_bytes(),),
        at="2025-06-20T10:56:11",
        signed=(0, 432),
        measurements=frozenset({bytes.fromhex(SGX_CODE)}),
    )


def tdx(folder: Path, suffix: str = "", at: str = "2025-06-20T10:16:03") -> Sample:
    data = (folder / f"tdx/quote{suffix}.bin").read_bytes()
    start = 48 + (520 if not suffix else 526)  # version 5 says which report follows
    rest = data[start - 520 + 136 : start - 520 + 184] + data[start - 520 + 328 : start]
    return Sample(
        kind=Kind.TDX,
        data=data,
        report_data=data[start : start + 64],
        files=((folder / f"tdx/collateral{suffix}.json").read_bytes(),),
        at=at,
        signed=(0, 632),
        measurements=frozenset({rest}),
    )


def snp(folder: Path) -> Sample:
    data = (folder / "snp/report_debug.bin").read_bytes()
    return Sample(
        kind=Kind.SNP,
        data=data,
        report_data=bytes.fromhex("0102030405").ljust(64, b"\0"),
        files=(
            (folder / "snp/ask_ark_milan.pem").read_bytes(),
            (folder / "snp/vcek.der").read_bytes(),
        ),
        at="2024-01-01T00:00:00",
        signed=(0, 0x2A0),
        measurements=frozenset({bytes.fromhex(SNP_CODE)}),
    )


def nitro(folder: Path) -> Sample:
    data = b64decode((folder / "nitro/document.b64").read_bytes())
    place = data.index(b"user_data") + 9
    return Sample(
        kind=Kind.NITRO,
        data=data,
        report_data=data[place + 2 : place + 70],
        files=((folder / "nitro/root_g1.der.b64").read_bytes(),),
        at="2024-09-09T19:49:12.400",
        signed=(1, 4_456),
        nonce=bytes(19) + b"\x01",
        measurements=frozenset({bytes(144)}),
    )


def tpm2(folder: Path) -> Sample:
    task = bytes.fromhex((folder / "tpm2/task_sha256.txt").read_text())
    registers = {16: tpmforms.extended([task])}
    attest = (folder / "tpm2/quote.msg").read_bytes()
    signature = (folder / "tpm2/quote.sig").read_bytes()
    data = pack({"attest": attest, "pcrs": registers, "signature": signature})
    start = data.index(attest)
    return Sample(
        kind=Kind.TPM2,
        data=data,
        report_data=b"",
        files=((folder / "tpm2/ak.pem").read_bytes(),),
        at=TODAY,
        signed=(start, start + len(attest)),
        nonce=bytes.fromhex("abcdef0123"),
        measurements=frozenset({tpmforms.composite(registers)}),
    )


OPENERS: dict[str, Callable[[Path], Sample]] = {
    "sgx": sgx,
    "tdx": tdx,
    "snp": snp,
    "nitro": nitro,
    "tpm2": tpm2,
}
