"""Compiled programs of tier `wasm`, as the Core holds them: sealed files in memory.

- A product comes out of a jailed compiler and goes into a jailed process; the Core reads no byte
  of it. Once it is whole, nobody can change it any more: the kernel refuses each write.
- `Products` gives a product again for the same program and runtime. It keeps a few in memory, and
  if it has a folder and a key, on disk under a seal: a file that was not written by this Core, or
  was changed by one bit, does not open, and is compiled anew.

Source: docs/spec/19-confinement.md section 9.
"""

import fcntl
import os
import platform
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock

from sealhold.crypto.digest import keyed, sha256, tagged
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import ExtraMissingError, SealBrokenError, UnavailableError

IN_MEMORY = 4  # products; a component of Python has 43 MB
ON_DISK = 16
MOST = 134_217_728  # bytes of one product
CONFIGURATION = 1  # goes up when `sandboxes.wasm.engine` changes
_SEALS = 0xF  # no further seal, no shrinking, no growing, no writing
_OWNER_ONLY = 0o600


class Product:
    """A compiled program in a file without a name; closed when the last who holds it lets go."""

    __slots__ = ("descriptor",)

    def __init__(self, parts: Iterable[bytes]) -> None:
        """Take in a compiled program, part by part.

        Raises:
            UnavailableError: there is no memory for it.
        """
        try:
            self.descriptor = os.memfd_create("product", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            for part in parts:
                _write(self.descriptor, part)
            # THREAT T149: whoever holds a descriptor of it cannot change what another one maps.
            fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, _SEALS)
        except OSError as err:
            raise UnavailableError(f"no memory for a compiled program: {err.strerror}") from err

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):  # it was never made
            os.close(self.descriptor)

    def content(self) -> bytes:
        """Return all its bytes."""
        return os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)


class Products:
    """Gives products again; several threads may call."""

    def __init__(
        self,
        folder: Path | None = None,
        key: Secret | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        self._kept: OrderedDict[bytes, Product] = OrderedDict()
        self._lock = Lock()
        self._folder = folder
        self._entropy = entropy
        self._names = None if key is None else derive(key, Tag.PRODUCT_NAME)
        self._sealer = None if key is None else Sealer(derive(key, Tag.PRODUCT))

    def find(self, code: bytes) -> Product | None:
        """Return the product of `code`, if it is there and whole."""
        name = _name(code)
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
                return found
        kept = self._read(name)
        if kept is not None:
            self._remember(name, kept)
        return kept

    def keep(self, code: bytes, product: Product) -> None:
        """Keep the product of `code`; a disk that refuses costs a compilation later, no more."""
        name = _name(code)
        self._remember(name, product)
        if self._folder is not None and self._sealer is not None and self._entropy is not None:
            sealed = self._sealer.seal(product.content(), name, self._entropy)
            with suppress(OSError):
                self._folder.mkdir(mode=0o700, exist_ok=True)
                _replace(self._folder / self._file(name), sealed)
                self._thin(self._folder)

    def forget(self, code: bytes) -> None:
        """Drop the product of `code`, which did not fit this machine."""
        name = _name(code)
        with self._lock:
            self._kept.pop(name, None)
        if self._folder is not None and self._names is not None:
            with suppress(OSError):
                (self._folder / self._file(name)).unlink()

    def _remember(self, name: bytes, product: Product) -> None:
        with self._lock:
            self._kept[name] = product
            self._kept.move_to_end(name)
            while len(self._kept) > IN_MEMORY:
                self._kept.popitem(last=False)

    def _read(self, name: bytes) -> Product | None:
        if self._folder is None or self._sealer is None:
            return None
        try:
            sealed = (self._folder / self._file(name)).read_bytes()
            # THREAT T149: the runtime believes compiled code, so only what this Core sealed, for
            # this very program and runtime, is ever given to it.
            return Product([self._sealer.open(sealed, name)])
        except (OSError, SealBrokenError, UnavailableError):
            return None

    def _file(self, name: bytes) -> str:
        """Return a name that tells nobody without the key which program it is."""
        return "" if self._names is None else keyed(self._names, Tag.PRODUCT_NAME, name).hex()

    def _thin(self, folder: Path) -> None:
        files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-ON_DISK]:
            file.unlink(missing_ok=True)


def _name(code: bytes) -> bytes:
    """Return what a product is of: the program, the runtime and its configuration.

    Raises:
        ExtraMissingError: there is no runtime here.
    """
    try:
        runtime = f"wasmtime {version('wasmtime')} {CONFIGURATION} {platform.machine()}"
    except PackageNotFoundError as err:
        raise ExtraMissingError("programs of tier `wasm` need `sealhold[wasm]`") from err
    return tagged(Tag.PRODUCT, sha256(code), runtime.encode())


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f"{path.name}.new")
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        _write(opened, content)
    finally:
        os.close(opened)
    beside.rename(path)


def _write(descriptor: int, part: bytes) -> None:
    left = memoryview(part)
    while left:
        left = left[os.write(descriptor, left) :]
