"""A proof to verify: of the example task, as a vault would sign it, with keys made for it.

Source: docs/benchmarks.md.
"""

from pathlib import Path

from sealhold.compute import appkit
from sealhold.compute.compliance import Answer, Conduct, build_proof, commitment
from sealhold.compute.leaving import runtime
from sealhold.compute.task import PAYLOAD_TYPE, open_task
from sealhold.compute.taskfolder import read_folder
from sealhold.crypto import dsse
from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.seal import new_key
from sealhold.crypto.sign import SigningKey
from sealhold.model.quantities import Instant

TASK = Path(__file__).parents[1] / "demo" / "greencorp"
AT = Instant(1_795_000_000_000)


def sample_proof() -> tuple[bytes, Instant]:
    """Return a proof file, and a time at which it is to be judged."""
    keys = appkit.make_keys(system_entropy)
    payload = read_folder(TASK).payload(keys.public)
    signed = open_task(dsse.sign(PAYLOAD_TYPE, payload, [keys.signing]))
    answer = Answer(
        task=signed.task.digest,
        param=signed.task.params[0].id,
        selection=signed.task.selections[0].id,
        value=7,
        slot_time=AT,
        recipient="https://greencorp.example/bonus",
        nonce="bench",
    )
    conduct = Conduct(
        terms=bytes(32),
        coarsen=1,
        isolation="jailed",
        runtime=runtime(),
        inputs=commitment(bytes(32), system_entropy(32)),
        entry=commitment(bytes(32), system_entropy(32)),
    )
    key = SigningKey(new_key(system_entropy, "bench proof key"))
    return build_proof(signed, answer, conduct, key), AT
