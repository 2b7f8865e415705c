"""A small task that tests bend: it counts trips, tells a bit of each, and 0 to 31 of them all."""

from typing import Any

from sealhold.compute.task import PAYLOAD_TYPE, SignedTask, open_task
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, to_json

AUTHOR = SigningKey(Secret(b"a" * 32, "author"))
CODE = b"def evaluate(obj, res):\n    return 1\n"


def manifest(author: SigningKey = AUTHOR, **changes: Plain) -> dict[str, Any]:
    """Return the manifest as JSON, with other values for some of its members."""
    return {
        "schema": "sealhold.task/1",
        "name": "Green bonus",
        "version": "1.0.0",
        "expires": "2027-12-31T00:00:00Z",
        "author": {"name": "Cooperative", "key": author.public.hex()},
        "purpose": "PersonnelPayment",
        "reason": {"en": "a bonus"},
        "code": {"tier": "py", "sha256": sha256(CODE).hex(), "bytes": len(CODE)},
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
        **changes,
    }


def signed_task(author: SigningKey = AUTHOR, **changes: Plain) -> SignedTask:
    """Return the task as its author signed it."""
    return open_task(dsse.sign(PAYLOAD_TYPE, to_json(manifest(author, **changes)), [author]))
