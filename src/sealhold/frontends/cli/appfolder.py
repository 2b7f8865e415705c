"""An app's folder on its developer's disk: its keys, its tokens, and what it asked.

    app.key             the app's two secrets
    a-0123456789ab.json its id in one vault, and the token that vault gave it
    q-0123456789ab.json a request: its id and the digest of its task, which open the answer

- Each file is made for its owner alone to read, and never replaced.

Source: docs/howto/ask-a-vault.md.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from sealhold.model.clock import Entropy
from sealhold.model.encoding import from_json, to_json
from sealhold.model.errors import (
    InvalidEncodingError,
    InvalidError,
    NoFileError,
    StoreUnavailableError,
    TakenError,
    UsageError,
)
from sealhold.model.ids import AppId, Id16, Kind, RequestId, TaskDigest, canonical, parse_id, show
from sealhold.node import appkit

KEYS = "app.key"

_Form = TypeVar("_Form", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How an app enters one vault."""

    app: AppId
    name: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that was handed in."""

    request: RequestId
    task: TaskDigest
    label: str


class _Entrance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    app: str
    name: str
    token: str


class _Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    request: str
    task: str
    label: str


class AppFolder:
    """The files of one app."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keys(self) -> appkit.AppKeys:
        """Return the app's keys.

        Raises:
            NoFileError: there are none.
        """
        try:
            return appkit.read_keys((self.folder / KEYS).read_bytes())
        except OSError as err:
            raise NoFileError(
                f"no keys in `{self.folder}`; `sealhold app register --make-keys` makes some"
            ) from err

    def keys_or_new(self, entropy: Entropy) -> appkit.AppKeys:
        """Return the app's keys, made now if there are none."""
        if (self.folder / KEYS).exists():
            return self.keys()
        keys = appkit.make_keys(entropy)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(self.folder / KEYS, keys.document())
        return keys

    def keep(self, entrance: Entrance) -> Path:
        """Keep how the app enters a vault."""
        document = {
            "app": canonical(entrance.app),
            "name": entrance.name,
            "token": entrance.token,
        }
        return self._keep(show(Kind.APP, entrance.app), document)

    def note(self, asked: Asked) -> Path:
        """Keep what the answer to a request will be opened with."""
        document = {
            "request": canonical(asked.request),
            "task": asked.task.hex(),
            "label": asked.label,
        }
        path = self.folder / f"{show(Kind.REQUEST, asked.request)}.json"
        return path if path.exists() else self._keep(path.stem, document)

    def entrance(self, app_text: str | None) -> Entrance:
        """Return how the app enters the vault that knows it as `app_text`, or the only one.

        Raises:
            NoFileError: it is not known there.
            UsageError: it is known in several vaults, and none is named.
        """
        known = [_entrance(path) for path in sorted(self.folder.glob("a-*.json"))]
        if app_text is not None:
            tail = parse_id(Kind.APP, app_text)
            known = [each for each in known if each.app.endswith(tail)]
        if not known:
            raise NoFileError(f"no vault has given `{self.folder}` a token of this app")
        if len(known) > 1:
            ids = ", ".join(show(Kind.APP, each.app) for each in known)
            raise UsageError(f"the app has several names: choose one with `--app`: {ids}")
        return known[0]

    def asked(self) -> list[Asked]:
        """Return the requests that were handed in."""
        return [_asked(path) for path in sorted(self.folder.glob("q-*.json"))]

    def _keep(self, name: str, document: dict[str, str]) -> Path:
        path = self.folder / f"{name}.json"
        write_new(path, to_json(document))
        return path


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that its owner alone can read.

    Raises:
        TakenError: it is there already.
        NoFileError: its folder is not there, or cannot be written.
        StoreUnavailableError: the disk refuses it; nothing of it stays.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as err:
        raise TakenError(f"`{path}` is there already") from err
    except OSError as err:
        raise NoFileError(f"`{path}` cannot be made: {err.strerror}") from err
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as err:
        path.unlink(missing_ok=True)  # a part of it would be in the way of the next try
        raise StoreUnavailableError(f"`{path}` cannot be written: {err.strerror}") from err


def _entrance(path: Path) -> Entrance:
    found = _decoded(path, _Entrance)
    return Entrance(
        app=AppId(Id16(parse_id(Kind.APP, found.app))), name=found.name, token=found.token
    )


def _asked(path: Path) -> Asked:
    found = _decoded(path, _Asked)
    try:
        task = TaskDigest(bytes.fromhex(found.task))
    except ValueError as err:
        raise InvalidError(f"`{path}` is not what was written") from err
    request = RequestId(Id16(parse_id(Kind.REQUEST, found.request)))
    return Asked(request=request, task=task, label=found.label)


def _decoded(path: Path, form: type[_Form]) -> _Form:
    try:
        return msgspec.convert(from_json(path.read_bytes()), form, strict=True)
    except (OSError, InvalidEncodingError, msgspec.ValidationError) as err:
        raise InvalidError(f"`{path}` is not what was written") from err
