"""`sealhold bench compute`, as an owner waits for it: a granted task over many objects of a vault.

- `k1_100k_seconds`: `sealhold run` of a program that no object has met. Charged, objects opened,
  each evaluated alone in a session of its own, values sealed and logged, the answer released with
  its proof and receipt. `k1_100k_broker_seconds` is the evaluation alone, without a vault.
- `k1_100k_memo_seconds`: the same function asked again by a new request of another name: charged,
  read from the memo, released. No stored answer is given out again.
- What is allowed, and when, stays outside the clock; `k1_100k_allow_seconds` is the owner's yes to
  that second request, with its look at all objects, and one stretch of the passphrase.

Source: docs/benchmarks.md.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from sealhold.bench.harness import Bench, seconds
from sealhold.bench.vaults import PASSPHRASE, new_vault
from sealhold.compute.appkit import Wish, build_request, make_keys
from sealhold.crypto.entropy import system_entropy
from sealhold.model.encoding import Plain
from sealhold.model.ids import Kind, show
from sealhold.model.shown import AnswerView
from sealhold.node import Node, opened, system_clock

OBJECTS: Final = 100_000
QUICK_OBJECTS: Final = 2_000
COLD: Final = 3  # runs, each of a function of its own; one is long enough to be its own warm-up
FIRST: Final = 500  # metres: the parameter of the first function
CODE: Final = """\
def evaluate(obj, res):
    cells = obj["cells"]
    if cells["distance_m"] > res["param"]["over_m"] and cells["max_speed_ms"] < 9:
        return 1
    return 0
"""


@dataclass(slots=True, kw_only=True)
class Setting:
    """A vault full of objects."""

    home: Path
    objects: int
    asked: int = 0  # requests so far

    def ask(self, node: Node, over_m: int) -> str:
        """Hand a request in, whose function is another one for each `over_m`; return its id.

        Each comes from an app of its own, because one app may ask a few times a day only.
        """
        self.asked += 1
        keys = make_keys(system_entropy)
        app, token = node.apps.register_app(f"Bench {self.asked}", keys.public)
        folder = self.home.parent / f"task-{self.asked}"
        folder.mkdir()
        (folder / "code.py").write_text(CODE)
        (folder / "task.json").write_text(json.dumps(self._manifest(over_m)))
        papers = build_request(folder, keys, Wish(app=app.id), system_clock())
        found = node.outside.submit(token, papers.request, papers.task, papers.code)
        return show(Kind.REQUEST, found)

    def check(self, bench: Bench, answer: AnswerView) -> None:
        """End the bench unless `answer` is the right one."""
        bench.check(answer.value == self.objects // 2, "an answer is wrong")

    def _manifest(self, over_m: int) -> Plain:
        return {
            "schema": "sealhold.task/1",
            "name": f"Far rides {self.asked}",
            "version": "1.0.0",
            "expires": "2100-01-01T00:00:00Z",
            "author": {"name": "Bench"},
            "purpose": "ServiceProvision",
            "reason": {"en": "It is counted how many rides were far."},
            "code": {"tier": "py", "file": "code.py"},
            "input": {
                "collection": "rows",
                "fields": ["cells"],
                "max_objects": self.objects,
                "max_object_bytes": 256,
            },
            "evaluate": {"range": {"values": [0, 1]}, "default": 0},
            "aggregate": {
                "kind": "count",
                "args": {"value": 1},
                # three answers, so that the year's budget covers all that are asked for here
                "range": {"min": 0, "max": self.objects, "step": self.objects // 2},
                "default": 0,
            },
            "params": [{"id": "far", "value": {"over_m": over_m}}],
            "selections": [{"id": "all", "predicate": "all", "attributes": []}],
            "partition": {"k": 1, "max_versions": 1},
            "limits": {"ms_per_partition": 500, "memory_mib": 16, "queries": 1},
            "slot": {"seconds": 1, "mode": "ahead", "max_slots": 1},
            "evidence": {"min": "sw", "confidentiality": "any"},
            "output": {"recipients": [], "forms": ["dsse"]},
        }


def measure_answers(bench: Bench) -> None:
    """Time answers over a vault of many objects: of what is not known yet, and of what is."""
    setting = _filled(bench)
    known = FIRST + bench.count(COLD, 1) - 1
    taken: list[float] = []
    for over_m in range(FIRST, known + 1):
        bench.say(f"a program meets {setting.objects:,} objects of a vault")
        taken.append(_cold(bench, setting, over_m))
    bench.figures["k1_100k_seconds"] = median(taken)
    bench.figures["k1_100k_objects"] = setting.objects
    with opened(setting.home, PASSPHRASE) as node:
        allowing: list[float] = []

        def repeated() -> float:
            request = setting.ask(node, known)
            granted: list[str] = []
            allowing.append(seconds(lambda: granted.append(_allowed(node, request))))
            return _answered(bench, setting, node, granted[0])

        bench.figures["k1_100k_memo_seconds"] = bench.median(repeated)
        bench.figures["k1_100k_allow_seconds"] = median(allowing[1:])


def _filled(bench: Bench) -> Setting:
    """Return a new vault with made-up rides in it, every second of them far."""
    count = bench.count(OBJECTS, QUICK_OBJECTS)
    table = bench.folder / "rides.jsonl"
    with table.open("w") as file:
        file.writelines(json.dumps(ride) + "\n" for ride in rides(count))
    home = new_vault(bench.folder / "answering")
    bench.say(f"{count:,} objects go into a vault")
    with opened(home, PASSPHRASE) as node:
        bench.check(node.sources.import_paths([table]).new == count, "an object is missing")
    return Setting(home=home, objects=count)


def _cold(bench: Bench, setting: Setting, over_m: int) -> float:
    """Return the seconds of a run of which nothing was evaluated ahead."""
    with opened(setting.home, PASSPHRASE) as node:
        request = setting.ask(node, over_m)
        node.stop()  # before the yes, so that what follows it is the run's to do
        grant = _allowed(node, request)
    with opened(setting.home, PASSPHRASE) as node:
        before = _evaluated(node)
        took = _answered(bench, setting, node, grant)
        bench.check(_evaluated(node) - before == setting.objects, "an object was not evaluated")
    return took


def _evaluated(node: Node) -> int:
    return sum(line.rows_read for line in node.audit.lines() if line.kind == "run")


def _allowed(node: Node, request: str) -> str:
    card = node.requests.show(request)
    granted = node.requests.approve(
        request, card.asked_terms, card.digest, PASSPHRASE, card.points.keys()
    )
    return show(Kind.GRANT, granted.id)


def _answered(bench: Bench, setting: Setting, node: Node, grant: str) -> float:
    found: list[AnswerView] = []
    took = seconds(lambda: found.append(node.runs.run(grant)))
    setting.check(bench, found[0])
    return took


def rides(count: int) -> Iterator[dict[str, Plain]]:
    """Yield made-up rides, the first of every two a short one."""
    for number in range(count):
        far = bool(number % 2)
        yield {"distance_m": 4_000.0 if far else 100.0, "max_speed_ms": 5.5, "start": number}
