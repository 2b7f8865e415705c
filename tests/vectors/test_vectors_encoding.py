"""Known answers for the encodings and for ids; what was written once must read the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from sealhold.model.clock import Entropy
from sealhold.model.encoding import (
    Plain,
    from_json,
    pack,
    pack_item,
    to_json,
    unpack,
    unpack_item,
)
from sealhold.model.errors import InvalidEncodingError, InvalidIdError
from sealhold.model.ids import Kind, canonical, parse_id, random_id, show, timed_id, timed_ids
from sealhold.model.quantities import Instant

HERE = Path(__file__).parent / "01-encoding"
Vector = dict[str, Any]  # reason: one known answer, as its file writes it


def vectors(name: str) -> list[Vector]:
    found: list[Vector] = json.loads((HERE / f"{name}.json").read_text())
    return found


def named(vector: Vector) -> str:
    return str(vector["name"])


def value_of(vector: Vector) -> Plain:
    """Return the value; a map with number keys stands as a list of pairs, which JSON can write."""
    match vector["value"]:
        case {"$map": pairs}:
            return dict(pairs)
        case value:
            return value


def entropy_of(vector: Vector) -> Entropy:
    pool = bytes.fromhex(vector["entropy"])
    return lambda size: pool[:size]


@pytest.mark.parametrize("vector", vectors("cbor"), ids=named)
def test_a_value_has_its_one_cbor_form_both_ways(vector: Vector) -> None:
    assert pack(value_of(vector)).hex() == vector["hex"]
    assert unpack(bytes.fromhex(vector["hex"])) == value_of(vector)


@pytest.mark.parametrize("vector", vectors("cbor-refused"), ids=named)
def test_cbor_in_another_form_is_refused(vector: Vector) -> None:
    with pytest.raises(InvalidEncodingError):
        unpack(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize("vector", vectors("items"), ids=named)
def test_an_item_has_its_one_messagepack_form_both_ways(vector: Vector) -> None:
    fields, raw = vector["value"]
    assert pack_item(fields, raw).hex() == vector["hex"]
    assert unpack_item(bytes.fromhex(vector["hex"])) == (fields, raw)


@pytest.mark.parametrize("vector", vectors("json"), ids=named)
def test_a_value_has_its_one_json_form_both_ways(vector: Vector) -> None:
    assert to_json(value_of(vector)).hex() == vector["hex"]
    assert from_json(bytes.fromhex(vector["hex"])) == value_of(vector)


@pytest.mark.parametrize("vector", vectors("json-refused"), ids=named)
def test_json_that_is_not_strict_is_refused(vector: Vector) -> None:
    with pytest.raises(InvalidEncodingError):
        from_json(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize("vector", vectors("ids"), ids=named)
def test_an_id_is_made_of_its_time_and_chance(vector: Vector) -> None:
    at, entropy = Instant(vector.get("at", 0)), entropy_of(vector)

    match vector["made"]:
        case "random":
            made = [random_id(entropy)]
        case "timed":
            made = [timed_id(at, entropy)]
        case _:
            made = timed_ids(at, vector["count"], entropy)

    wanted = vector["canonical"]
    assert [canonical(each) for each in made] == (wanted if isinstance(wanted, list) else [wanted])


@pytest.mark.parametrize("vector", [each for each in vectors("ids") if "short" in each], ids=named)
def test_a_short_form_names_the_last_six_bytes_of_its_kind_alone(vector: Vector) -> None:
    kind, text = Kind(vector["short"]["kind"]), vector["short"]["text"]
    whole = parse_id(kind, vector["canonical"])

    assert show(kind, whole) == text  # type: ignore[arg-type]  # reason: 16 bytes, parsed whole
    assert parse_id(kind, text) == whole[-6:]
    with pytest.raises(InvalidIdError):
        parse_id(Kind.APP, text)
