"""A proof file is one exact string of bytes: whichever of them is changed, it is altered."""

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.compute.compliance import Answer, Commitments, Conduct, build_proof
from sealhold.compute.evidence import Software
from sealhold.compute.measuring import Measured
from sealhold.compute.task import PAYLOAD_TYPE, open_task
from sealhold.compute.verify import verify_files
from sealhold.crypto import dsse
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import to_json
from sealhold.model.quantities import Instant

AUTHOR = SigningKey(Secret(b"a" * 32, "author"))
VAULT = SigningKey(Secret(b"v" * 32, "proof"))
DEVICE = Software(SigningKey(Secret(b"d" * 32, "device")))
LEFT = Instant(1_790_000_000_000)


@cache
def proof() -> bytes:
    document = {
        "schema": "sealhold.task/1",
        "name": "Green bonus",
        "version": "1.0.0",
        "expires": "2027-12-31T00:00:00Z",
        "author": {"name": "Cöoperative", "key": AUTHOR.public.hex()},
        "purpose": "PersonnelPayment",
        "reason": {"en": "a bonus"},
        "code": {"tier": "py", "sha256": "cd" * 32, "bytes": 9},
        "input": {
            "collection": "trips",
            "fields": ["start"],
            "max_objects": 100,
            "max_object_bytes": 128,
        },
        "evaluate": {"range": {"values": [0, 1]}, "default": 0},
        "aggregate": {
            "kind": "count",
            "args": {"value": 1},
            "range": {"min": 0, "max": 31, "step": 1},
            "default": 0,
        },
        "params": [{"id": "standard", "value": 500}],
        "selections": [{"id": "all", "predicate": "all", "attributes": []}],
        "partition": {"k": 1, "max_versions": 1},
        "limits": {"ms_per_partition": 100, "memory_mib": 16, "queries": 100},
        "slot": {"seconds": 1, "mode": "ahead", "max_slots": 1},
        "evidence": {"min": "sw", "confidentiality": "any"},
        "output": {"recipients": [], "forms": ["dsse"]},
    }
    task = open_task(dsse.sign(PAYLOAD_TYPE, to_json(document), [AUTHOR]))
    answer = Answer(
        task=task.task.digest,
        param="standard",
        selection="all",
        value=17,
        slot_time=LEFT,
        recipient="the employer",
        nonce="n-4711",
    )
    conduct = Conduct(
        terms=b"t" * 32,
        coarsen=1,
        isolation="jailed",
        runtime=Measured(name="monty 1.4.0", binary=b"m" * 32),
        resources=(),
        hidden=Commitments(
            account=b"a" * 32, entry=b"e" * 32, inputs=b"i" * 32, provenance=b"p" * 32
        ),
        evidence=DEVICE.claim,
    )
    return build_proof(task, answer, conduct, VAULT, DEVICE)


def code(data: bytes) -> int:
    """Verify without any pinned key: the reader who knows least must still see the change."""
    return verify_files([data], at=Instant(LEFT + 1)).exit_code


def test_the_sample_holds() -> None:
    assert code(proof()) == 0


def test_a_flipped_bit_in_any_byte_is_altered() -> None:
    sample = proof()

    passed = [
        place
        for place in range(len(sample))
        if code(
            sample[:place]
            + bytes([sample[place] ^ (1 << (place * 5 + 3) % 8)])
            + sample[place + 1 :]
        )
        != 6
    ]

    assert passed == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_other_byte_in_any_place_is_altered(data: st.DataObject) -> None:
    sample = proof()
    place = data.draw(st.integers(0, len(sample) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != sample[place]))

    assert code(sample[:place] + bytes([other]) + sample[place + 1 :]) == 6


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_byte_put_in_or_left_out_is_altered(data: st.DataObject) -> None:
    sample = proof()
    place = data.draw(st.integers(0, len(sample) - 1))
    more = data.draw(st.binary(min_size=1, max_size=3) | st.sampled_from([b" ", b"\n", b"=", b"0"]))

    assert code(sample[:place] + more + sample[place:]) == 6
    assert code(sample + more) == 6
    assert code(sample[:place] + sample[place + 1 :]) == 6
