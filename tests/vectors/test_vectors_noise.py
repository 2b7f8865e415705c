"""Known answers for noise: draws of seeded streams, spreads, prices; frozen with spec 17.

The draws were made by a second implementation, written from the page alone.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.aggregates import Kind, Noise, parse_aggregate
from sealhold.compute.leakage import query_price
from sealhold.compute.noising import Blur, blur_of
from sealhold.compute.ranges import Range, parse_range
from sealhold.compute.task import function_id, parse_task
from sealhold.crypto.entropy import seeded
from sealhold.crypto.noise import Scale, discrete_laplace

HERE = Path(__file__).parent / "17-noise"
Vector = dict[str, Any]  # reason: one known answer, as its file writes it
YES_OR_NO = Range(first=0, last=1, step=1)


def vectors(name: str) -> list[Vector]:
    found: list[Vector] = json.loads((HERE / name).read_text())
    return found


def named(vector: Vector) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", vectors("manifests.json"), ids=named)
def test_a_manifest_with_noise_has_its_frozen_ids_and_prices(vector: Vector) -> None:
    task = parse_task(vector["payload"].encode())
    blur = blur_of(task)

    assert task.digest.hex() == vector["manifest_id"]
    assert {
        param.id: function_id(task, param, task.fields).hex() for param in task.params
    } == vector["functions"]  # those of the same task without noise
    price = query_price(task)
    assert (price.alternatives, price.total) == (vector["alternatives"], vector["answer_microbits"])
    assert blur is not None
    assert blur.cost == vector["micro_rho"]


@pytest.mark.parametrize("vector", vectors("draws.json"), ids=named)
def test_a_seeded_stream_gives_the_frozen_draws(vector: Vector) -> None:
    stream, spent = seeded(vector["seed"].encode()), 0

    def counted(count: int, /) -> bytes:
        nonlocal spent
        spent += count
        return stream(count)

    scale = Scale(above=vector["above"], below=vector["below"])
    drawn = [discrete_laplace(scale, counted) for _ in vector["draws"]]

    assert [str(value) for value in drawn] == vector["draws"]
    assert spent == vector["bytes"]


@pytest.mark.parametrize("vector", vectors("spreads.json"), ids=named)
def test_an_aggregate_has_its_frozen_spreads(vector: Vector) -> None:
    declared = parse_range(vector["range"], "range")
    noise = Noise(numerator=1, denominator=1)
    aggregate = parse_aggregate(vector["kind"], vector["args"], declared, vector["default"], noise)
    blur = Blur(
        aggregate=aggregate,
        noise=noise,
        evaluate=parse_range(vector["evaluate"], "evaluate"),
        most=vector["most"],
        k=vector["k"],
    )

    assert list(blur.spreads()) == vector["spreads"]


@pytest.mark.parametrize("vector", vectors("prices.json"), ids=named)
def test_an_epsilon_has_its_frozen_price(vector: Vector) -> None:
    noise = Noise(numerator=vector["numerator"], denominator=vector["denominator"])
    aggregate = parse_aggregate(Kind.COUNT, {"value": 1}, YES_OR_NO, 0, noise)

    blur = Blur(aggregate=aggregate, noise=noise, evaluate=YES_OR_NO, most=1, k=1)

    assert blur.cost == vector["micro_rho"]
