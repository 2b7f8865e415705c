"""Attacks on noise: thinning it by the manifest, reading the value off its bits."""

import json
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest

from sealhold.compute.noising import blur_of
from sealhold.compute.task import parse_task
from sealhold.crypto import noise
from sealhold.crypto.entropy import seeded
from sealhold.crypto.noise import Scale, below, discrete_laplace, happens
from sealhold.model.encoding import to_json
from sealhold.model.errors import (
    InvalidManifestError,
    UnavailableError,
)
from sealhold.model.shown import Mode
from sealhold.node import Node
from tests.scenarios.blurred import (
    FIFTH,
    Papers,
    blurred,
    job,
    spent,
)
from tests.scenarios.vaults import (
    Asker,
    Job,
)

# --- thinner noise by the manifest ---


@pytest.mark.threat("T188")
@pytest.mark.parametrize(
    "more",
    [
        {"scale": {"numerator": 1, "denominator": 100}},
        {"sensitivity": 1},
        {"seed": "0"},
        {"epsilon": 1},
        {"epsilon": {"numerator": 1.0, "denominator": 5}},
        {"epsilon": {"numerator": True, "denominator": 5}},
        {"epsilon": {"numerator": 0, "denominator": 5}},
        {"epsilon": {"numerator": -1, "denominator": 5}},
        {"epsilon": {"numerator": 1, "denominator": 0}},
        {"epsilon": {"numerator": 1}},
        {"epsilon": {"numerator": 1, "denominator": 5, "delta": 0}},
        {"epsilon": {"numerator": 1, "denominator": 10**7}},
        {"kind": "gaussian"},
        {"kind": "none"},
    ],
    ids=str,
)
def test_a_manifest_that_says_more_or_other_about_its_noise_is_refused(more: Papers) -> None:
    aggregate = blurred()
    noise_form = aggregate["noise"]
    assert isinstance(noise_form, dict)
    manifest = Job(aggregate={**aggregate, "noise": {**noise_form, **more}}).manifest(bytes(32))

    with pytest.raises(InvalidManifestError):
        parse_task(json.dumps(manifest).encode())


@pytest.mark.threat("T188")
def test_noise_too_thin_for_any_year_is_refused_when_it_comes_in(node: Node) -> None:
    with pytest.raises(InvalidManifestError, match="`epsilon` is too large"):
        Asker(node).ask(node, job(11, 10))


@pytest.mark.threat("T188")
@pytest.mark.parametrize("step", [1, 31])
def test_a_range_of_wide_steps_gets_no_thinner_noise(step: int) -> None:
    """A count rounded to 0 or 31 would jump by 31 where one object makes the difference."""
    form = {**blurred(), "range": {"min": 0, "max": 31, "step": step}}
    blur = blur_of(parse_task(to_json(Job(aggregate=form).manifest(bytes(32)))))
    assert blur is not None
    entropy = seeded(b"steps")

    reached = sum(blur.blurred(30, entropy) >= 31 for _ in range(400))

    assert blur.spreads() == (1,)
    assert 130 < reached < 230  # P(noise >= 1) at epsilon 1/5 is near 0.45; a jump gave all or none


@pytest.mark.threat("T188")
def test_a_narrow_declared_range_cuts_before_the_noise() -> None:
    """Far outside its range a value would come through noise made for the range's width."""
    form = {
        "kind": "sum",
        "args": {},
        "range": {"min": 0, "max": 4, "step": 1},
        "default": 0,
        "noise": blurred(1, 1)["noise"],
    }
    evaluate = {"min": 0, "max": 1_000, "step": 1}
    manifest = Job(aggregate=form, evaluate=evaluate).manifest(bytes(32))
    blur = blur_of(parse_task(to_json(manifest)))
    assert blur is not None

    assert blur.spreads() == (4,)
    found = {blur.blurred(1_000_000, seeded(bytes([seed]))) for seed in range(60)}
    assert min(found) < 4  # cut to 4, then blurred: noise brings it below


@pytest.mark.threat("T188")
def test_the_epsilon_of_another_manifest_is_another_question(node: Node, draws: list[int]) -> None:
    asker = Asker(node)

    node.runs.run(asker.granted(node, job(1, 5), mode=Mode.ONCE))
    node.runs.run(asker.granted(node, job(1, 10), mode=Mode.ONCE))

    assert len(draws) == 2
    assert spent(node).used == FIFTH + 5_000


# --- the sampler ---


@pytest.mark.threat("T187")
@pytest.mark.parametrize("byte", range(0, 256, 5))
def test_a_source_that_repeats_itself_is_refused_or_ends(byte: int) -> None:
    """Whatever byte a broken source gives on and on, no draw hangs."""
    with suppress(UnavailableError):
        drawn = discrete_laplace(Scale(above=3, below=1), lambda count: bytes([byte]) * count)
        assert abs(drawn) < 3 * noise.MAX_STEPS


@pytest.mark.threat("T187")
def test_zeros_on_and_on_are_refused() -> None:
    with pytest.raises(UnavailableError, match="repeats itself"):
        discrete_laplace(Scale(above=3, below=1), bytes)
    with pytest.raises(UnavailableError, match="repeats itself"):
        happens(1, 1, bytes)
    with pytest.raises(UnavailableError, match="repeats itself"):
        below(129, lambda count: b"\xff" * count)


@pytest.mark.threat("T187")
def test_no_value_is_impossible_after_noise() -> None:
    """Noise of floats leaves gaps that name the value beneath; every whole number can come here."""
    entropy, scale = seeded(b"gaps"), Scale(above=4, below=1)

    from_ten = {10 + discrete_laplace(scale, entropy) for _ in range(6_000)}
    from_eleven = {11 + discrete_laplace(scale, entropy) for _ in range(6_000)}

    assert set(range(-5, 26)) <= from_ten & from_eleven


@pytest.mark.threat("T187")
def test_small_numbers_are_not_favoured() -> None:
    """A remainder of a byte would give the first 56 numbers below 200 twice as often."""
    entropy = seeded(b"even")

    low = sum(below(200, entropy) < 56 for _ in range(10_000))

    assert 2_600 < low < 3_000  # 2,800 expected; a remainder would give 4,375


def code_of(name: str) -> str:
    """Return a module without its comments and docstrings."""
    text = (Path(noise.__file__).parents[1] / name).read_text()
    bare = "\n".join(line.split("#")[0] for line in text.splitlines())
    return "".join(part for at, part in enumerate(bare.split('"""')) if at % 2 == 0)


@pytest.mark.threat("T187")
def test_no_float_is_near_the_noise() -> None:
    """The last bits of a float tell which value noise was added to; there is none to look at."""
    names = ("crypto/noise.py", "compute/noising.py", "vault/noisebudget.py")
    banned = ("float", "math", "random", "Decimal", " / ", "** -", "**0", "0.", "1.", "5.")

    assert [pair for pair in product(names, banned) if pair[1] in code_of(pair[0])] == []


@pytest.mark.threat("T187")
def test_the_same_seed_blurs_the_same() -> None:
    blur = blur_of(parse_task(to_json(job().manifest(bytes(32)))))
    assert blur is not None

    one, other = ([blur.blurred(15, seeded(bytes([n]))) for n in range(40)] for _ in range(2))

    assert one == other
    assert len(set(one)) > 5
