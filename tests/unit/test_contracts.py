"""The arrows between packages hold, and every way around them that we know is seen.

The linter's contracts stand at the end of pyproject.toml. Two things it cannot see are checked here
and by ruff: who opens a record, and who reads a clock or draws chance by itself.
"""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit import contract_plants
from tests.unit.contract_plants import PLANTS

pytestmark = pytest.mark.xdist_group("contracts")  # the planted tree is made once

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sealhold"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["name"].split()[0]: contract
    for contract in SETTINGS["tool"]["importlinter"]["contracts"]
}
PACKAGES = {
    path.stem
    for path in SOURCE.iterdir()
    if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.name != "__init__.py"
}
NO_CRYPTOGRAPHY = {  # not `bench`, which measures libraries beside ours
    "__main__", "frontends", "node", "plugins", "config", "sharing", "compute", "vault", "protect",
    "audit", "connectors", "net", "stores", "policy", "model", "demo", "client",
}  # fmt: skip
KEY_HOLDERS = {"audit", "protect", "vault", "net", "compute", "sharing", "bench"}
BEHIND_NODE = {
    "plugins", "config", "sharing", "compute", "vault", "protect", "audit", "connectors", "net",
    "stores", "policy", "crypto",
}  # fmt: skip
NEVER_WAIT = {
    "model", "crypto", "policy", "stores", "connectors", "audit", "protect", "vault",
}  # fmt: skip
PLUG_INS = {
    "8a": "connectors/sources",
    "8b": "stores/backends",
    "8c": "compute/sandboxes",
    "8d": "protect/techniques",
    "8e": "net/transports",
    "8f": "net/tactics",
    "8g": "compute/attest/verifiers",
}
NOT_BUILT = {"8f"}  # folders of packages that exist without them
OPENERS = {  # who turns a sealed row into a plain record; the checks only see that it would open
    "open_body": {"vault/owned.py"},
    "open_standing": {"vault/owned.py", "vault/firewall.py", "vault/ledger.py"},
    "record_from": {"vault/owned.py", "vault/firewall.py"},
    "open_field": {
        *{"vault/identifiable.py", "vault/firewall.py", "vault/peoplecheck.py"},
        *{"vault/reindexing.py", "vault/holdcheck.py"},
    },
    "open_profile": {
        *{"vault/firewall.py", "vault/people.py", "vault/processing_runs.py"},
        *{"vault/mine.py", "vault/portable.py", "vault/heldback.py", "vault/heldreading.py"},
    },
    "open_row": {"vault/personrows.py", "vault/recordcheck.py"},
    "open_stand": {"vault/personrows.py", "vault/firewall.py"},
    "open_records": {
        *{"vault/firewall.py", "vault/personrecords.py", "vault/recordrounds.py"},
        *{"vault/portable.py", "vault/heldback.py", "vault/heldreading.py"},
    },
    "record_keys": {"vault/keyblocks.py", "vault/firewall.py", "vault/recordcheck.py"},
    "open_paper": {"vault/attachments.py", "vault/firewall.py", "vault/recordcheck.py"},
    "open_part": {"vault/personpacks.py", "vault/firewall.py"},
    "open_envelope": {"crypto/seal.py", "vault/owned.py", "vault/identifiable.py"},
    "open_chunk": {
        *{"crypto/chunkid.py", "vault/objects.py", "vault/personpacks.py", "vault/unpacking.py"},
    },
}


def dotted(names: set[str]) -> set[str]:
    return {f"sealhold.{name}" for name in names & PACKAGES}


# --- the lists and the tree ---


def test_each_package_stands_in_a_layer_and_only_what_is_not_built_stands_in_parentheses() -> None:
    layers = CONTRACTS["1"]["layers"]
    names = [name.strip() for layer in layers for name in layer.split("|")]

    built = {name for name in names if not name.startswith("(")}

    assert built == PACKAGES
    assert CONTRACTS["1"]["exhaustive"]


@pytest.mark.parametrize(
    ("number", "key", "expected"),
    [
        ("2", "source_modules", dotted(NO_CRYPTOGRAPHY)),
        (
            "3",
            "source_modules",
            dotted({"connectors", "stores", "policy"}) | {"sealhold.compute.guest"},
        ),
        ("4", "ancestors", {"sealhold"}),
        ("5", "allowed_importers", dotted(KEY_HOLDERS)),
        ("6", "forbidden_modules", dotted(BEHIND_NODE)),
        ("7", "source_modules", dotted(NEVER_WAIT)),
        ("9", "forbidden_modules", dotted(PACKAGES - {"client"})),
    ],
)
def test_each_package_stands_in_every_list_it_belongs_to(
    number: str, key: str, expected: set[str]
) -> None:
    assert set(CONTRACTS[number][key]) == expected


@pytest.mark.parametrize(("number", "folder"), PLUG_INS.items())
def test_a_plug_in_folder_is_named_and_has_members_once_its_package_exists(
    number: str, folder: str
) -> None:
    package, _, _ = folder.partition("/")
    members = [path for path in (SOURCE / folder).glob("*.py") if path.name != "__init__.py"]

    assert CONTRACTS[number]["modules"] == [f"sealhold.{folder.replace('/', '.')}.*"]
    is_due = package in PACKAGES and number not in NOT_BUILT
    assert bool(members) is is_due
    assert not (SOURCE / folder / "spec.py").exists()


def test_the_task_authors_module_exists() -> None:
    assert (SOURCE / "compute" / "guest.py").exists()


def test_each_contract_has_a_planted_violation() -> None:
    assert {plant.breaks for plant in PLANTS.values()} == CONTRACTS.keys()


# --- planted violations ---


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path in SOURCE.rglob("*.py"):
        copy = folder / "src" / "sealhold" / path.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    done = subprocess.run(
        [sys.executable, contract_plants.__file__, folder],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_the_tree_keeps_every_contract(verdicts: dict[str, list[str]]) -> None:
    assert verdicts[""] == []


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_violation_is_found(name: str, verdicts: dict[str, list[str]]) -> None:
    newly = set(verdicts[name]) - set(verdicts[""])

    assert PLANTS[name].breaks in {contract.split()[0] for contract in newly}


# --- the door ---


def openings(source: str) -> Iterator[str]:
    """Yield each name of an opening function that a source text uses, in whatever way."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case (
                ast.Name(id=name)
                | ast.Attribute(attr=name)
                | ast.alias(name=name)
                | ast.FunctionDef(name=name)
            ):
                if name in OPENERS:
                    yield name
            case ast.Constant(value=str(text)):
                if text in OPENERS:
                    yield text
            case _:
                pass


def test_records_are_opened_at_the_one_door() -> None:
    found = {
        (path.relative_to(SOURCE).as_posix(), name)
        for path in SOURCE.rglob("*.py")
        for name in openings(path.read_text())
    }
    allowed = {(path, name) for name, paths in OPENERS.items() for path in paths}

    assert found <= allowed


def test_each_exception_at_the_door_is_used() -> None:
    for name, paths in OPENERS.items():
        for path in paths:
            assert name in (SOURCE / path).read_text(), f"{path} no longer uses {name}"


@pytest.mark.parametrize(
    "source",
    [
        "from sealhold.vault.owned import open_body",
        "from sealhold.vault.owned import record_from as harmless",
        "def export():\n    from sealhold.vault import owned\n    return owned.open_body",
        "import sealhold.vault.owned as o\nf = getattr(o, 'open_body')",
    ],
)
def test_a_second_door_is_seen(source: str) -> None:
    assert list(openings(source))


# --- clocks and chance ---

STOLEN = """
import datetime
import importlib
import os
import time
import uuid
from os import urandom as harmless

NOW = time.time(), time.time_ns(), datetime.datetime.now(datetime.UTC), datetime.date.today()
CHANCE = os.urandom(8), os.getrandom(8), harmless(8), uuid.uuid4(), uuid.uuid1()
CODE = importlib.import_module("sealhold.node")
"""


def ruled_out(path: str) -> int:
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            *("check", "--no-cache", "--select", "TID251", "--output-format", "json"),
            *("--stdin-filename", path, "-"),
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        input=STOLEN,
        text=True,
    )
    return len(json.loads(done.stdout))


@pytest.mark.parametrize("package", sorted(PACKAGES - {"plugins", "crypto"}))
def test_no_package_reads_a_clock_or_draws_chance_by_itself(package: str) -> None:
    inside = f"src/sealhold/{package}/planted.py"
    path = inside if (SOURCE / package).is_dir() else f"src/sealhold/{package}.py"

    assert ruled_out(path) == 10


def test_the_composition_root_may_read_the_clock() -> None:
    assert ruled_out("src/sealhold/node/world.py") == 0
