"""Which runtime runs a program: its name and version, and the SHA-256 of its binary.

- The binary is the file that the sandbox of the tier starts, of the distribution that brings it.
- It is read once per state of the file, and never run here.

Source: docs/spec/10-proof.md section 2.
"""

import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files, version
from pathlib import Path
from typing import Final

from sealhold.crypto.digest import sha256
from sealhold.model.errors import UnavailableError

RUNTIMES: Final[Mapping[str, tuple[str, str, str]]] = {  # tier: package, distribution, file
    "py": ("pydantic-monty", "pydantic-monty-runtime", "monty"),
    "wasm": ("wasmtime", "wasmtime", "_libwasmtime.so"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A runtime, measured."""

    name: str  # name and version, as a proof says it
    binary: bytes  # 32 bytes: SHA-256 of the file that is started


def measured(tier: str) -> Measured:
    """Return the runtime that runs programs of `tier` on this machine.

    Raises:
        UnavailableError: it is not installed.
    """
    package, distribution, name = RUNTIMES[tier]
    with suppress(PackageNotFoundError, OSError):
        for file in files(distribution) or ():
            if file.name == name:
                path = Path(str(file.locate())).resolve()
                told = path.stat()
                return Measured(
                    name=f"{package} {version(package)}, python {platform.python_version()}",
                    binary=_digest(path, told.st_size, told.st_mtime_ns),
                )
    raise UnavailableError(f"the runtime of tier `{tier}` is not installed")


@lru_cache(maxsize=8)
def _digest(path: Path, _size: int, _changed: int) -> bytes:
    return sha256(path.read_bytes())
