"""Violations of the import contracts, one for each way we could think of, and what finds them.

- A plant is files: a new one is written, an existing one gets the text at its end.
- Run as a program, it takes a copy of the tree (a folder with pyproject.toml and src) and prints,
  as JSON, the names of the broken contracts: of all for the tree as it is, and for each plant of
  the one that it is to break. A fresh process is needed, since the linter finds the tree by
  importing it.
"""

import contextlib
import gc
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grimp.adaptors.caching import Cache
from importlinter import configuration
from importlinter.application import use_cases


@dataclass(frozen=True, slots=True)
class Plant:
    """Files that break the contract whose name begins with `breaks`."""

    breaks: str
    files: Mapping[str, str]


def _one(breaks: str, path: str, text: str) -> Plant:
    return Plant(breaks, {path: text})


def _inside(statement: str) -> str:
    return f"def planted() -> None:\n    {statement}\n"


def _for_types(statement: str) -> str:
    return f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {statement}\n"


def _ring(package: str, statement: str) -> dict[str, str]:
    return {
        f"{package}/planted_one.py": f"from sealhold.{package} import planted_two\n",
        f"{package}/planted_two.py": statement,
    }


def _pair(folder: str) -> dict[str, str]:
    package, _, _ = folder.partition("/")
    dotted = folder.replace("/", ".")
    return {
        f"{package}/__init__.py": "",
        f"{folder}/__init__.py": "",
        f"{folder}/one.py": "",
        f"{folder}/two.py": f"from sealhold.{dotted} import one\n",
    }


PLANTS = {
    # 1: each layer reaches for something above it or beside it
    "model knows policy": _one("1", "model/planted.py", "import sealhold.policy.decide\n"),
    "crypto knows stores": _one("1", "crypto/planted.py", "import sealhold.stores.spec\n"),
    "stores know policy": _one("1", "stores/planted.py", "import sealhold.policy.decide\n"),
    "policy knows connectors": _one("1", "policy/planted.py", "import sealhold.connectors.spec\n"),
    "connectors know stores": _one("1", "connectors/planted.py", "import sealhold.stores.spec\n"),
    "audit knows the vault": _one("1", "audit/planted.py", "import sealhold.vault.core\n"),
    "the vault knows compute": _one("1", "vault/planted.py", "import sealhold.compute.task\n"),
    "compute knows node": _one("1", "compute/planted.py", "import sealhold.node\n"),
    "config knows plug-ins": _one("1", "config.py", "import sealhold.plugins\n"),
    "plug-ins know node": _one("1", "plugins.py", "import sealhold.node\n"),
    "node knows a front end": _one("1", "node/planted.py", "import sealhold.frontends.seam\n"),
    "a front end knows the demo": _one("1", "frontends/planted.py", "import sealhold.demo\n"),
    "the benches know the demo": _one("1", "bench/planted.py", "import sealhold.demo\n"),
    "a package of no layer": _one("1", "misc/__init__.py", ""),
    "a module of no layer": _one("1", "utils.py", ""),
    "a later layer knows one above": _one("1", "protect/__init__.py", "import sealhold.vault\n"),
    "a later layer knows one beside": _one("1", "net/__init__.py", "import sealhold.stores\n"),
    "the client knows a key": _one("1", "client/__init__.py", "import sealhold.crypto.seal\n"),
    "an upward import in a function": _one(
        "1", "audit/planted.py", _inside("import sealhold.vault.core")
    ),
    # 2: cryptography and randomness outside crypto
    "a hash in the vault": _one("2", "vault/planted.py", "import hashlib\n"),
    "a hash in a connector's function": _one(
        "2", "connectors/planted.py", _inside("from hashlib import sha256")
    ),
    "secrets in a front end": _one("2", "frontends/web/planted.py", "import secrets\n"),
    "chance in compute": _one("2", "compute/planted.py", "from random import Random\n"),
    "a MAC in the log": _one("2", "audit/planted.py", "import hmac\n"),
    "a cipher in a store": _one(
        "2", "stores/planted.py", "from cryptography.hazmat.primitives.ciphers import aead\n"
    ),
    "a hash in policy": _one("2", "policy/planted.py", "import blake3\n"),
    "a stretched passphrase in node": _one("2", "node/planted.py", "import argon2\n"),
    # 3: those who must never reach a key, at any distance
    "a connector reaches a key": _one(
        "3", "connectors/planted.py", "import sealhold.crypto.seal\n"
    ),
    "a store reaches a key": _one("3", "stores/planted.py", "from sealhold.crypto import secret\n"),
    "policy names a key's type": _one(
        "3", "policy/planted.py", _for_types("from sealhold.crypto.secret import Secret")
    ),
    "task code reaches a key by a detour": _one(
        "3", "compute/guest.py", "import sealhold.compute.compliance\n"
    ),
    # 4: cycles
    "a cycle through a function": Plant(
        "4", _ring("policy", _inside("from sealhold.policy import planted_one"))
    ),
    "a cycle of two modules": Plant(
        "4", _ring("vault", "from sealhold.vault import planted_one\n")
    ),
    # 5: who may hold a key
    "the demo holds a key": _one("5", "demo/planted.py", "import sealhold.crypto.seal\n"),
    "configuration holds a key": _one("5", "config.py", "import sealhold.crypto.seal\n"),
    "plug-ins hold a key": _one("5", "plugins.py", "import sealhold.crypto.entropy\n"),
    # 6: front ends and all that is not model or node
    "a command opens the vault": _one(
        "6", "frontends/cli/planted.py", "import sealhold.vault.core\n"
    ),
    "a page decides": _one("6", "frontends/web/planted.py", "import sealhold.policy.decide\n"),
    "the API writes the log": _one("6", "frontends/http/planted.py", "import sealhold.audit.log\n"),
    "a new front end runs tasks": _one(
        "6", "frontends/fax/__init__.py", "import sealhold.compute.task\n"
    ),
    "a front end finds plug-ins": _one("6", "frontends/planted.py", "import sealhold.plugins\n"),
    # 7: waiting
    "policy waits": _one("7", "policy/planted.py", "import asyncio\n"),
    "a store opens a socket": _one("7", "stores/planted.py", "import socket\n"),
    "a connector calls out": _one("7", "connectors/planted.py", _inside("import http.client")),
    "the vault calls out": _one("7", "vault/planted.py", "import httpx\n"),
    "crypto calls out": _one("7", "crypto/planted.py", "import urllib.request\n"),
    # 9: the client and all that is of the vault
    "the client knows a value of the vault": _one(
        "9", "client/planted.py", "from sealhold.model.people import Value\n"
    ),
    "the client reaches a key in a function": _one(
        "9", "client/world.py", _inside("import sealhold.crypto.entropy")
    ),
    # 10: those who have records and fields opened for them, at the door
    "an export opens records by itself": _one(
        "10a", "vault/exporting.py", "import sealhold.vault.owned\n"
    ),
    "an export opens records in a function": _one(
        "10a", "vault/portable.py", _inside("from sealhold.vault.owned import open_body")
    ),
    "an export opens fields by itself": _one(
        "10b", "vault/exporting.py", "from sealhold.vault.identifiable import open_field\n"
    ),
    "a door of people opens fields": _one(
        "10b", "compute/peopledoor.py", "import sealhold.vault.identifiable\n"
    ),
    # 8: plug-ins that know each other
    "a source knows a source": _one(
        "8a", "connectors/sources/planted.py", "from sealhold.connectors.sources import gpx\n"
    ),
    "a backend knows a backend": _one(
        "8b", "stores/backends/planted.py", "from sealhold.stores.backends import memory\n"
    ),
    "a sandbox knows a sandbox": _one(
        "8c", "compute/sandboxes/planted.py", "from sealhold.compute.sandboxes import monty\n"
    ),
    "a verifier knows a verifier": _one(
        "8g",
        "compute/attest/verifiers/planted.py",
        "from sealhold.compute.attest.verifiers import sw\n",
    ),
    "a technique knows a technique": Plant("8d", _pair("protect/techniques")),
    "a transport knows a transport": Plant("8e", _pair("net/transports")),
    "a tactic knows a tactic": Plant("8f", _pair("net/tactics")),
}


@contextlib.contextmanager
def planted(package: Path, files: Mapping[str, str]) -> Iterator[None]:
    """Have the files of a plant in the tree for as long as the block runs."""
    before: dict[Path, str | None] = {}
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (path.parent / "__init__.py").exists() and path.name != "__init__.py":
            before[path.parent / "__init__.py"] = None
            (path.parent / "__init__.py").touch()
        before[path] = path.read_text() if path.exists() else None
        path.write_text((before[path] or "") + text)
    try:
        yield
    finally:
        for path, text_before in reversed(before.items()):
            if text_before is None:
                path.unlink()
            else:
                path.write_text(text_before)
        for folder in {path.parent for path in before}:
            if not any(folder.iterdir()):
                folder.rmdir()


def broken(folder: Path, number: str = "") -> list[str]:
    """Return the names of the contracts that the tree in `folder` breaks: of all, or of one."""
    options = use_cases.read_user_options(config_filename=str(folder / "pyproject.toml"))
    use_cases._register_contract_types(options)
    options.contracts_options = [
        each for each in options.contracts_options if number in {"", each["name"].split()[0]}
    ]
    report = use_cases.create_report(options, cache_dir=str(folder / "cache"))
    return sorted(
        contract.name for contract, check in report.get_contracts_and_checks() if not check.kept
    )


def remember_the_tree() -> None:
    """Keep in memory what was read of the tree; the linter would read and write it for each plant.

    A file that changed since is read again, as ever: its time tells.
    """
    read, known = Cache._read_data_map_file, list[Any]()

    def reading(cache: Cache) -> Any:  # noqa: ANN401 - theirs
        if not known:
            known.append(read(cache))
        return known[0]

    Cache._read_data_map_file = reading  # type: ignore[assignment, method-assign]
    Cache.write = lambda *_given: None  # type: ignore[method-assign]
    gc.freeze()
    gc.disable()  # graphs of a million parts are made and let go, and none is a ring


def main(folder: Path) -> None:
    """Print the broken contracts of the tree as it is, and with each plant."""
    sys.path.insert(0, str(folder / "src"))
    configuration.configure()
    found: dict[str, list[str]] = {}
    with contextlib.redirect_stdout(sys.stderr):
        found[""] = broken(folder)
        remember_the_tree()
        for name, plant in PLANTS.items():
            with planted(folder / "src" / "sealhold", plant.files):
                found[name] = broken(folder, plant.breaks)
    print(json.dumps(found))  # noqa: T201  # reason: the result


if __name__ == "__main__":
    main(Path(sys.argv[1]))
