"""Tasks with noise, for tests: counts of green days, and what they have spent."""

from typing import Any

from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection
from sealhold.model.quantities import Year
from sealhold.node import Node
from sealhold.vault.noisebudget import NoiseBudget, NoiseMeter
from tests.scenarios.vaults import Asker, Job

EVENTS, YEAR = Collection("events"), Year(2026)
FIFTH = 20_000  # micro-rho of one answer at epsilon 1/5
Papers = dict[str, Plain]


def blurred(above: int = 1, under: int = 5, **more: Plain) -> Papers:
    """Return a count up to 31 with noise of epsilon above / under."""
    return {
        "kind": "count",
        "args": {"value": 1},
        "range": {"min": 0, "max": 31, "step": 1},
        "default": 0,
        "noise": {
            "kind": "discrete-laplace",
            "epsilon": {"numerator": above, "denominator": under},
            **more,
        },
    }


def job(above: int = 1, under: int = 5, **parts: Any) -> Job:  # noqa: ANN401 - parts of a job
    return Job(aggregate=blurred(above, under), **parts)


def open_job(above: int = 1, under: int = 5, *, expires: str = "2026-12-20T00:00:00Z") -> Job:
    return job(above, under, objects="open", expires=expires)


def spent(node: Node) -> NoiseMeter:
    return NoiseBudget(node.parts.core.deciding).meter(EVENTS, YEAR)


def several(node: Node, count: int) -> list[Asker]:
    """Return apps that hold tasks of one and the same author."""
    askers = [Asker(node, f"App {number}") for number in range(count)]
    for asker in askers[1:]:
        asker.author = askers[0].author
    return askers
