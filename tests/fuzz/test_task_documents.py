"""Manifests, signed tasks and proof files of any bytes: an answer or a refusal, never a crash."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.compute.codelook import look
from sealhold.compute.compliance import FILE_SCHEMA
from sealhold.compute.manifest_rules import points
from sealhold.compute.task import open_task, parse_task
from sealhold.compute.verify import verify_files
from sealhold.model.encoding import to_json
from sealhold.model.errors import InvalidError, TamperedError
from sealhold.model.ids import Collection
from sealhold.model.quantities import Instant
from sealhold.model.records import Dataset, Sensitivity

NOW = Instant(1_790_000_000_000)
TRIPS = Dataset(
    name=Collection("trips"),
    columns=(),
    time_column=None,
    natural_key=(),
    sensitivity=Sensitivity.INTIMATE,
    granularity="a trip",
)
MANIFEST: dict[str, Any] = {
    "schema": "sealhold.task/1",
    "name": "Green bonus",
    "version": "1.0.0",
    "expires": "2027-12-31T00:00:00Z",
    "author": {"name": "Cooperative", "key": "ab" * 32},
    "app": "00000000-0000-4000-8000-000000000000",
    "purpose": "PersonnelPayment",
    "reason": {"en": "a bonus"},
    "code": {"tier": "py", "sha256": "cd" * 32, "bytes": 9},
    "input": {
        "collection": "trips",
        "fields": ["start"],
        "max_objects": 100,
        "max_object_bytes": 128,
        "objects": "open",
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
    "limits": {"ms_per_partition": 100, "memory_mib": 16, "queries": 100, "fuel": 5},
    "slot": {"seconds": 1, "mode": "ahead", "max_slots": 1},
    "resources": [
        {
            "id": "map",
            "url": "https://data.example.org/map",
            "signer": "ef" * 32,
            "max_bytes": 9,
            "refresh_s": 3600,
            "max_versions": 2,
        }
    ],
    "evidence": {"min": "sw", "confidentiality": "any"},
    "output": {"recipients": [], "forms": ["dsse"]},
}
numbers = st.integers(-(2**70), 2**70) | st.integers(-3, 40)
words = st.text(max_size=20) | st.sampled_from(
    ["histogram", "top", "moments", "custom", "avg", "start > 5", "all and not all", "wasm", "open"]
)
junk = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def places(part: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner: list[tuple[str | int, object]] = []
    if isinstance(part, dict):
        inner = list(part.items())
    elif isinstance(part, list):
        inner = list(enumerate(part))
    return [path, *(found for key, value in inner for found in places(value, (*path, key)))]


PLACES = [path for path in places(MANIFEST) if path]


def tried(payload: bytes) -> None:
    """Read a manifest and look at it as the vault would; refusals are fine."""
    try:
        points(parse_task(payload), TRIPS, NOW)
    except InvalidError:
        return


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), junk), min_size=1, max_size=3))
def test_a_manifest_with_junk_in_some_places_is_read_or_refused(
    changes: list[tuple[tuple[str | int, ...], object]],
) -> None:
    document = copy.deepcopy(MANIFEST)
    for path, value in changes:
        part: Any = document
        try:
            for step in path[:-1]:
                part = part[step]
            part[path[-1]] = value
        except (TypeError, IndexError, KeyError):
            continue
    try:
        payload = to_json(document)
    except InvalidError:
        return

    tried(payload)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | junk.map(lambda value: repr(value).encode(errors="replace")))
def test_any_bytes_are_a_manifest_or_refused(payload: bytes) -> None:
    tried(payload)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_signed_task_or_refused(envelope: bytes) -> None:
    try:
        open_task(envelope)
    except (InvalidError, TamperedError):
        return


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from([b"", f'{{"$schema":"{FILE_SCHEMA}"'.encode(), b'"proof":{"payload":"']),
)
def test_any_bytes_get_a_verdict(data: bytes, start: bytes) -> None:
    assert verify_files([start + data], at=NOW).exit_code in {5, 6}


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {"$schema": st.just(FILE_SCHEMA)},
        optional=dict.fromkeys(("answer", "keys", "proof", "task"), junk),
    )
)
def test_a_proof_file_of_junk_is_altered(document: dict[str, object]) -> None:
    try:
        data = to_json(document)
    except InvalidError:
        return

    assert verify_files([data], at=NOW).exit_code == 6


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="()[]{}:=,.\n abdefglo01'\"", max_size=200))
def test_any_program_can_be_looked_at(code: bytes | str) -> None:
    text = code if isinstance(code, bytes) else code.encode()

    assert all(sight.line >= 1 for sight in look(text))
