"""`sealhold bench sources`, a part: how long until every source of a grant said that it has ended.

- Each grant is of an app of its own, over ten places that are left where they lie.

Source: docs/benchmarks.md; docs/spec/39-dataware.md section 5.
"""

import json
import time
from pathlib import Path
from statistics import median
from typing import Final

from sealhold.bench.harness import Bench
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.connectors import samples
from sealhold.crypto.entropy import system_entropy
from sealhold.model.encoding import Plain
from sealhold.model.ids import Kind, show
from sealhold.model.shown.dataware import AckState
from sealhold.node import Node, appkit, opened, system_clock

PLACES: Final = 10
REVOKED: Final = 5
CODE: Final = "def evaluate(obj, res):\n    return 1 if obj['distance_m'] > res['param'] else 0\n"


def measure_revoking(bench: Bench) -> None:
    """Revoke grants over ten sources, each until all of them said so."""
    home = bench.folder / "revoked"
    new_vault(home)
    taken = []
    with opened(home, PASSPHRASE) as node:
        for number in range(PLACES):
            place = bench.folder / f"place-{number}"
            place.mkdir()
            (place / "ways.gpx").write_bytes(samples.gpx(2).content)
            where: dict[str, Plain] = {"place": str(place)}
            node.standing.add(f"place {number}", "folder", where, mode="federate")
        for number in range(1 if bench.quick else REVOKED):
            bench.say(f"a grant over {PLACES} sources is revoked, {number + 1}")
            grant = _granted(bench, node, number)
            started = time.perf_counter()
            node.grants.revoke(grant)
            taken.append(1000 * (time.perf_counter() - started))
            _, stand = node.grants.show(grant)
            said = sum(each.state is AckState.ACKED for each in stand)
            bench.check(said == PLACES, f"{said} of {PLACES} sources said so")
    bench.figures["revoke_10_sources_ms"] = median(taken)
    bench.figures["revoke_10_sources_worst_ms"] = max(taken)


def _granted(bench: Bench, node: Node, number: int) -> str:
    keys = appkit.make_keys(system_entropy)
    app, token = node.apps.register_app(f"Bench {number}", keys.public, confirmed=True)
    folder = bench.folder / f"task-{number}"
    _write_task(folder, number)
    papers = appkit.build_request(folder, keys, appkit.Wish(app=app.id), system_clock())
    found = node.outside.submit(token, papers.request, papers.task, papers.code)
    request = show(Kind.REQUEST, found)
    card = node.requests.show(request)
    grant = node.requests.approve(
        request, card.asked_terms, card.digest, PASSPHRASE, card.points.keys()
    )
    return show(Kind.GRANT, grant.id)


def _write_task(folder: Path, number: int) -> None:
    manifest = {
        "schema": "sealhold.task/1",
        "name": f"Far ways {number}",
        "version": "1.0.0",
        "expires": "2100-01-01T00:00:00Z",
        "author": {"name": "Bench"},
        "purpose": "ServiceProvision",
        "reason": {"en": "It is counted how many ways were far."},
        "code": {"tier": "py", "file": "code.py"},
        "input": {
            "collection": "trips",
            "fields": ["distance_m"],
            "max_objects": 100,
            "max_object_bytes": 4_096,
        },
        "evaluate": {"range": {"values": [0, 1]}, "default": 0},
        "aggregate": {
            "kind": "count",
            "args": {"value": 1},
            "range": {"min": 0, "max": 100, "step": 50},
            "default": 0,
        },
        "params": [{"id": "far", "value": 500 + number}],
        "selections": [{"id": "all", "predicate": "all", "attributes": []}],
        "partition": {"k": 1, "max_versions": 1},
        "limits": {"ms_per_partition": 100, "memory_mib": 16, "queries": 1},
        "slot": {"seconds": 1, "mode": "ahead", "max_slots": 1},
        "evidence": {"min": "sw", "confidentiality": "any"},
        "output": {"recipients": [], "forms": ["dsse"]},
    }
    folder.mkdir()
    (folder / "code.py").write_text(CODE)
    (folder / "task.json").write_text(json.dumps(manifest))
