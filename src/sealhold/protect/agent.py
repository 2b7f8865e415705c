"""The agent that adds up what it cannot read: public keys, blocks of ciphertexts, sums of them.

    FOLDER/NAME/key        the public part of a key of sums; NAME is 32 hexadecimal digits
    FOLDER/NAME/NUMBER     a block: its planes
    FOLDER/NAME/version    how often anything of it changed

- It holds nothing that decrypts, and refuses to begin in a folder that has anything else in it.
- Each file is whole or not there: written beside and moved, on the disk before the answer.
- What it is asked is bounded in each direction; what it tells has the version that it is of.

Source: docs/spec/64-sums-at-an-agent.md section 5.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Final

from sealhold.crypto.bfv import MAX_ADDED, MAX_BYTES, SLOTS, BfvAdder
from sealhold.crypto.secret import Secret
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import (
    InvalidEncodingError,
    InvalidError,
    NotFoundError,
    StoreUnavailableError,
)

LEAST: Final = 24  # characters of a token
KEYS: Final = 1024  # of one agent
BLOCKS: Final = 262_144  # of one key: 2^30 rows
PLANES: Final = 16  # of one block; values of 64 bits have 8
KEY_BYTES: Final = 1_048_576
BLOCK_BYTES: Final = PLANES * MAX_BYTES
MASK_BYTES: Final = SLOTS // 8
_NAME = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_KEY, _VERSION, _PART = "key", "version", ".part"
_FROM_TEXT: Final = bytes.maketrans(b"01", b"\0\1")
_OWNER: Final = 0o700
_LISTS: Final = tuple(bytes([0x80 + count]) for count in range(1, PLANES + 1))  # as CBOR begins


class Agent:
    """One folder of an agent; several threads may ask."""

    def __init__(self, folder: Path, token: str) -> None:
        """Open a folder, or make it; `token` is asked of whoever comes.

        Raises:
            InvalidError: something is in it that no agent holds: a secret key, say; or the token
                is too short.
            StoreUnavailableError: the disk refuses.
        """
        if len(token) < LEAST:
            raise InvalidError(f"the token of an agent has {LEAST} characters or more")
        self._token = Secret(token.encode(), "token of an agent")
        self._folder, self._guard = folder, Lock()
        self._adders: dict[str, BfvAdder] = {}
        try:
            folder.mkdir(mode=_OWNER, parents=True, exist_ok=True)
            for place in sorted(folder.iterdir()):
                self._check(place)
        except OSError as err:
            raise StoreUnavailableError(f"`{folder}` cannot be used") from err

    def admits(self, authorization: str) -> bool:
        """Whether a request says the token."""
        kind, _, given = authorization.partition(" ")
        return kind == "Bearer" and Secret(given.encode(), "token") == self._token

    def names(self) -> list[str]:
        """Return the names of all keys."""
        return sorted(place.name for place in self._folder.iterdir())

    def put_key(self, name: str, public: bytes) -> int:
        """Take the public part of a key; return the version.

        Raises:
            InvalidError: it is none, or another is there under that name.
            StoreUnavailableError: the disk refuses.
        """
        if len(public) > KEY_BYTES or len(self.names()) >= KEYS:
            raise InvalidError("too long a key, or too many")
        adder = BfvAdder(public)
        with self._guard:
            place = self._folder / _named(name)
            if (place / _KEY).exists() and (place / _KEY).read_bytes() != public:
                raise InvalidError("there is another key of that name")
            self._made(place)
            self._write(place / _KEY, public)
            self._adders[name] = adder
            return self._turned(place)

    def drop_key(self, name: str) -> None:
        """Forget a key and all of its blocks."""
        with self._guard:
            self._adders.pop(name, None)
            place = self._folder / _named(name)
            if place.exists():
                (place / _KEY).unlink(missing_ok=True)  # first: without it nothing is left
                rmtree(place)

    def blocks(self, name: str) -> tuple[int, list[int]]:
        """Return the version and the numbers of all blocks.

        Raises:
            NotFoundError: no such key.
        """
        with self._guard:
            place = self._place(name)
            found = [int(each.name) for each in place.iterdir() if _NUMBER.fullmatch(each.name)]
            return self._version(place), sorted(found)

    def put(self, name: str, number: int, planes: Sequence[bytes]) -> int:
        """Take a block in the place of one of that number; return the version.

        Raises:
            NotFoundError: no such key.
            InvalidError: too much, or no planes.
            StoreUnavailableError: the disk refuses.
        """
        fits = all(len(each) <= MAX_BYTES for each in planes)
        if not 0 < len(planes) <= PLANES or not fits or not _NUMBER.fullmatch(str(number)):
            raise InvalidError("no block")
        with self._guard:
            place = self._place(name)
            if sum(1 for _ in place.iterdir()) > BLOCKS:
                raise InvalidError("too many blocks")
            self._write(place / str(number), pack(list(planes)))
            return self._turned(place)

    def drop(self, name: str, number: int) -> int:
        """Forget a block; return the version.

        Raises:
            NotFoundError: no such key.
        """
        with self._guard:
            place = self._place(name)
            (place / str(number)).unlink(missing_ok=True)
            return self._turned(place)

    def add(self, name: str, blocks: Sequence[tuple[int, bytes | None]]) -> tuple[int, list[bytes]]:
        """Return the version and the sum of each plane.

        Args:
            name: of the key.
            blocks: 1 to 1,008 numbers, each with a mask of 512 bytes, or None for all slots.

        Raises:
            NotFoundError: no such key or block.
            InvalidError: not as it must be.
        """
        # THREAT T727: what one request can ask for has an end
        if not 0 < len(blocks) <= MAX_ADDED:
            raise InvalidError(f"a sum of {len(blocks)} blocks")
        masks = [None if mask is None else unpacked(mask) for _, mask in blocks]
        with self._guard:
            place = self._place(name)
            version, adder = self._version(place), self._adder(name, place)
        read = [self._read(place, number) for number, _ in blocks]
        width = len(read[0])
        if any(len(planes) != width for planes in read):
            raise InvalidError("blocks of differing planes")
        summed = [
            adder.add((planes[at], mask) for planes, mask in zip(read, masks, strict=True))
            for at in range(width)
        ]
        return version, summed

    def _adder(self, name: str, place: Path) -> BfvAdder:
        found = self._adders.get(name)
        if found is None:
            found = self._adders[name] = BfvAdder((place / _KEY).read_bytes())
        return found

    def _read(self, place: Path, number: int) -> list[bytes]:
        try:
            planes = unpack_own((place / str(number)).read_bytes())
        except FileNotFoundError as err:
            raise NotFoundError(f"no block {number}") from err
        except InvalidEncodingError as err:
            raise InvalidError(f"block {number} is damaged") from err
        if not isinstance(planes, list) or not all(isinstance(each, bytes) for each in planes):
            raise InvalidError(f"block {number} is damaged")
        return [bytes(each) for each in planes if isinstance(each, bytes)]

    def _check(self, place: Path) -> None:
        """Look at one key and its blocks; take away what was begun and not ended.

        Raises:
            InvalidError: something lies here that is none of an agent's.
        """
        # THREAT T724: what could decrypt has no place where sums are made, not even by mistake
        if not _NAME.fullmatch(place.name) or not place.is_dir():
            raise InvalidError(f"`{place}` is none of an agent's: take it away")
        if not (place / _KEY).exists():
            rmtree(place)
            return
        for each in place.iterdir():
            if each.name.endswith(_PART):
                each.unlink()
            elif each.name not in {_KEY, _VERSION} and not _NUMBER.fullmatch(each.name):
                raise InvalidError(f"`{each}` is none of an agent's: take it away")
            elif each.name not in {_KEY, _VERSION} and not _is_planes(each):
                raise InvalidError(f"`{each}` holds no block: take it away")
        self._adders[place.name] = BfvAdder((place / _KEY).read_bytes())

    def _place(self, name: str) -> Path:
        place = self._folder / _named(name)
        if not (place / _KEY).exists():
            raise NotFoundError("no such key")
        return place

    def _version(self, place: Path) -> int:
        try:
            return int((place / _VERSION).read_bytes())
        except (FileNotFoundError, ValueError):
            return 0

    def _turned(self, place: Path) -> int:
        version = self._version(place) + 1
        self._write(place / _VERSION, str(version).encode())
        return version

    def _made(self, place: Path) -> None:
        try:
            place.mkdir(mode=_OWNER, exist_ok=True)
        except OSError as err:
            raise StoreUnavailableError("the disk refuses") from err

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file that is whole or not there.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        part = path.with_name(path.name + _PART)
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as err:
            raise StoreUnavailableError("the disk refuses") from err


def unpacked(mask: bytes) -> bytes:
    """Return a mask of 512 bytes as one of a byte for each slot.

    Raises:
        InvalidError: of another length, or of no slot.
    """
    if len(mask) != MASK_BYTES or not any(mask):
        raise InvalidError("a mask has 512 bytes, and one bit at least")
    return f"{int.from_bytes(mask):0{SLOTS}b}".encode().translate(_FROM_TEXT)


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidError("a name has 32 hexadecimal digits")
    return name


def _is_planes(path: Path) -> bool:
    if path.stat().st_size > BLOCK_BYTES:
        return False
    with path.open("rb") as file:
        return file.read(1) in _LISTS
