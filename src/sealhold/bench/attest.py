"""How long evidence takes to verify, by kind: public samples of each vendor, and software's word.

- The samples lie beside the repository, or where SEALHOLD_SHARED says. A kind without one is named
  as absent, and does not count for the longest.
- Each is judged at its own time, and must give the measurement that it is known for.

Source: docs/benchmarks.md.
"""

import os
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from sealhold.bench.harness import ABSENT, Bench, per_call
from sealhold.compute.attest import tpmforms
from sealhold.compute.attest.appraising import appraise
from sealhold.compute.attest.collateral import Collateral, SwCollateral, load
from sealhold.compute.attest.kinds import Kind
from sealhold.compute.attest.producing import SoftwareProducer
from sealhold.compute.attest.spec import AsGiven, Binding, Evidence, ReferenceValues, Result
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import pack
from sealhold.model.quantities import Instant

TIMES: Final = 10  # appraisals of one run
NONCE: Final = b"a nonce for the bench"
NITRO_USER_DATA: Final = 68  # bytes, behind the name of the field and its length

Work = Callable[[], Result]


def attest_verify_ms_max(bench: Bench) -> float:
    """Return the longest median of all kinds, in milliseconds; each one's own goes to `bench`."""
    sides = {f"attest_{kind}_ms": work for kind, work in _kinds()}
    for name, work in sides.items():
        bench.check(len(work().measurement) > 0, f"{name}: the evidence is not verified")
    taken = bench.medians({name: per_call(work, TIMES) for name, work in sides.items()})
    told = {name: seconds * 1_000 for name, seconds in taken.items()}
    bench.figures.update(told)
    for kind in Kind:
        if f"attest_{kind}_ms" not in told:
            bench.peers[f"evidence_{kind}"] = ABSENT
    return max(told.values())


def _kinds() -> Iterator[tuple[Kind, Work]]:
    yield Kind.SW, _software()
    shared = Path(os.environ.get("SEALHOLD_SHARED") or Path(__file__).parents[3].parent / "shared")
    folder = shared / "vectors" / "attestation"
    if not folder.is_dir():
        return
    sgx, tdx = (folder / "sgx/quote.bin").read_bytes(), (folder / "tdx/quote.bin").read_bytes()
    yield (
        Kind.SGX,
        _sample(
            Kind.SGX, sgx, sgx[368:432], [folder / "sgx/collateral.json"], "2025-06-20T10:57:00"
        ),
    )
    yield (
        Kind.TDX,
        _sample(
            Kind.TDX, tdx, tdx[568:632], [folder / "tdx/collateral.json"], "2025-06-20T10:57:00"
        ),
    )
    snp = (folder / "snp/report_debug.bin").read_bytes()
    chain = [folder / "snp/vcek.der", folder / "snp/ask_ark_milan.pem"]
    yield Kind.SNP, _sample(Kind.SNP, snp, snp[0x50:0x90], chain, "2024-01-01T00:00:00")
    nitro = b64decode((folder / "nitro/document.b64").read_bytes())
    place = nitro.index(b"user_data") + len(b"user_data") + 2
    user_data = nitro[place : place + NITRO_USER_DATA]
    root = [folder / "nitro/root_g1.der.b64"]
    yield Kind.NITRO, _sample(Kind.NITRO, nitro, user_data, root, "2024-09-09T19:50:00")
    task = bytes.fromhex((folder / "tpm2/task_sha256.txt").read_text())
    quote = pack(
        {
            "attest": (folder / "tpm2/quote.msg").read_bytes(),
            "pcrs": {16: tpmforms.extended([task])},
            "signature": (folder / "tpm2/quote.sig").read_bytes(),
        }
    )
    yield Kind.TPM2, _sample(Kind.TPM2, quote, b"", [folder / "tpm2/ak.pem"], "2026-01-01T00:00:00")


def _software() -> Work:
    key = SigningKey(Secret(b"b" * 32, "bench key"))
    now = Instant(1_795_000_000_000)
    binding = AsGiven(b"r" * 64)
    evidence = SoftwareProducer(key, b"m" * 32, lambda: now).produce(NONCE, binding)
    return _work(evidence, binding, now, lambda: SwCollateral(key.public))


def _sample(kind: Kind, data: bytes, report_data: bytes, files: Sequence[Path], at: str) -> Work:
    now = Instant(int(datetime.fromisoformat(f"{at}+00:00").timestamp() * 1000))
    read = [path.read_bytes() for path in files]
    evidence = Evidence(kind=kind, data=data, nonce=NONCE, report_data=report_data)
    return _work(evidence, AsGiven(report_data), now, lambda: load(kind, read))


def _work(
    evidence: Evidence,
    binding: Binding,
    now: Instant,
    collateral: Callable[[], Collateral],
) -> Work:
    """Return what reads the collateral and appraises; both belong to a verification."""
    reference = ReferenceValues(binding=binding, asked_at=now)
    return lambda: appraise(evidence, NONCE, reference, now=now, collateral=collateral())
