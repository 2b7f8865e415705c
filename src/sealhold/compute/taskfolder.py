"""A task on its author's disk: a folder with `task.json` and the program beside it.

- `task.json` is the manifest without what can be computed: `code` names the file instead of its
  digest and length, and the author has no key. `build` fills them in and signs.
- Each resource names a `file` beside it: what the program reads while the task is tried, and where
  its digest comes from if neither that nor a signer is said. Nothing is fetched here.
- A program of tier `wasm` may name its Python source; `compile_source` makes it of that.
- A file is read whole, up to a limit, and only from the folder itself.
- A fault of the document is found again in its text, so that it has a line and a column.

Source: docs/spec/08-task-manifest.md section 8.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sealhold.compute.componentize import component_of
from sealhold.compute.manifest import MAX_CODE, MAX_RESOURCES
from sealhold.compute.task import MAX_MANIFEST, PAYLOAD_TYPE, Task, parse_task
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import SigningKey
from sealhold.model.encoding import Plain, from_json, to_json
from sealhold.model.errors import InvalidManifestError, NoFileError, NotFoundError

MANIFEST = "task.json"
UNSIGNED = bytes(32)  # stands for the author's key while a task is only tried
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_PLACE = re.compile(r"\$((?:\.[A-Za-z_0-9]+|\[[0-9.]*\])+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFolder:
    """What stands in the folder, read but not yet checked against the rules."""

    text: str  # of task.json
    document: dict[str, Plain]
    code: bytes
    code_name: str
    files: Mapping[str, bytes]  # what stands for each resource, by its id

    @property
    def tier(self) -> str:
        """Return which tier the program says that it is of."""
        return str(self.document["code"]["tier"])

    def payload(self, author: bytes = UNSIGNED) -> bytes:
        """Return the manifest as the author of that key would sign it.

        Raises:
            InvalidManifestError: `author` is not an object.
        """
        signer = self.document.get("author")
        if not isinstance(signer, dict):
            raise InvalidManifestError("`author` must be an object with a name")
        filled = {
            **self.document,
            "author": {**signer, "key": author.hex()},
            "code": {"tier": self.tier, "sha256": sha256(self.code).hex(), "bytes": len(self.code)},
        }
        if "resources" in filled:
            filled["resources"] = [self._named(each) for each in filled["resources"]]
        return to_json(filled)

    def _named(self, resource: dict[str, Plain]) -> dict[str, Plain]:
        named = {key: value for key, value in resource.items() if key != "file"}
        if not {"sha256", "signer"} & named.keys():
            named["sha256"] = sha256(self.files[resource["id"]]).hex()
        return named

    def task(self) -> Task:
        """Return the task that the folder holds, as if it were signed.

        Raises:
            InvalidManifestError: it breaks a rule of the form, or a file is not as it says.
            UnknownPurposeError: its purpose is not in the vocabulary.
        """
        return self.checked(self.payload())

    def checked(self, payload: bytes) -> Task:
        """Return the task of `payload`, whose files are those of this folder.

        Raises:
            InvalidManifestError: it breaks a rule of the form, or a file is not as it says.
            UnknownPurposeError: its purpose is not in the vocabulary.
        """
        task = parse_task(payload)
        for each in task.resources:
            content = self.files[each.id]
            if len(content) > each.max_bytes:
                raise InvalidManifestError(f"the file of resource `{each.id}` is over `max_bytes`")
            if each.sha256 not in (None, sha256(content).hex()):
                raise InvalidManifestError(
                    f"the file of resource `{each.id}` has another digest than its `sha256`"
                )
        return task

    def place(self, message: str) -> tuple[int, int]:
        """Return line and column, from 1, of the part that a message names as `$.limits.queries`.

        Or of a part that it names in backticks; else the beginning.
        """
        named = _PLACE.search(message)
        steps = re.findall(r"[A-Za-z_][A-Za-z_0-9]*", named[1]) if named else []
        if not named:
            quoted = re.search(r"`([A-Za-z0-9_.-]+)`", message)
            steps = quoted[1].split(".") if quoted else []
        at = 0
        for step in steps:
            found = re.compile(rf'"{re.escape(step)}"').search(self.text, at)
            at = found.start() if found else at
        return self.text.count("\n", 0, at) + 1, at - (self.text.rfind("\n", 0, at) + 1) + 1


def read_folder(path: Path) -> TaskFolder:
    """Return what stands in the task folder at `path`.

    Raises:
        NotFoundError: a file is missing.
        InvalidManifestError: `task.json` is no JSON, names no file, or a file is too long.
    """
    text = _read(path / MANIFEST, MAX_MANIFEST).decode(errors="replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as err:
        where = (
            f"line {err.lineno}, column {err.colno}: {err.msg}"
            if isinstance(err, json.JSONDecodeError)
            else "nested too deeply"
        )
        raise InvalidManifestError(f"`{MANIFEST}` is not JSON: {where}") from err
    from_json(text.encode())  # refuses what JSON readers differ on: floats, double keys
    match document:
        case {"code": {"tier": str() as tier, "file": str() as name, **rest}} if not rest or (
            tier == "wasm" and set(rest) == {"source"}
        ):
            pass
        case _:
            raise InvalidManifestError("`code` must hold a `tier` and the name of a `file`")
    _checked(name, "file")
    for source in rest.values():
        _checked(source, "source")
    code = _read(path / name, MAX_CODE.get(tier, max(MAX_CODE.values())))
    files = dict(_files(path, document.get("resources", [])))
    return TaskFolder(text=text, document=document, code=code, code_name=name, files=files)


def compile_source(path: Path) -> Path | None:
    """Make the program of a `wasm` task of its Python source, if it is missing or older.

    Returns the file that was made, None if there was nothing to do.

    Raises:
        NotFoundError: a file is missing.
        NoFileError: the program cannot be written.
        ExtraMissingError: the tool that makes it is not installed.
        InvalidManifestError: no component can be made of the source.
    """
    try:
        code = json.loads(_read(path / MANIFEST, MAX_MANIFEST))["code"]
        source, name = code["source"], code["file"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None  # there is no source, or `read_folder` tells what is wrong
    made = path / _checked(name, "file")
    written = _read(path / _checked(source, "source"), MAX_CODE["py"])
    with suppress(OSError):
        if made.stat().st_mtime_ns >= (path / source).stat().st_mtime_ns:
            return None
    component = component_of(written)
    try:
        made.write_bytes(component)
    except OSError as err:
        raise NoFileError(f"`{name}` cannot be written: {err.strerror}") from err
    return made


def build(path: Path, key: SigningKey) -> bytes:
    """Return the task in the folder at `path` as its author signs it with `key`.

    Raises:
        NotFoundError: a file is missing.
        InvalidManifestError: the manifest breaks a rule of its form, or a file is not as it says.
        UnknownPurposeError: its purpose is not in the vocabulary.
    """
    folder = read_folder(path)
    payload = folder.payload(key.public)
    folder.checked(payload)
    return dsse.sign(PAYLOAD_TYPE, payload, [key])


def _files(path: Path, resources: Plain) -> Iterator[tuple[str, bytes]]:
    """Yield id and content of what stands for each resource.

    Raises:
        InvalidManifestError: one names no file.
    """
    for each in resources if isinstance(resources, list) else [None]:
        match each:
            case {"id": str() as name, "file": str() as file} if _FILE.fullmatch(file):
                yield name, _read(path / file, MAX_RESOURCES)
            case _:
                raise InvalidManifestError(
                    "each of `resources` must hold an `id` and the plain name of a `file`"
                )


def _checked(name: object, what: str) -> str:
    # A name with a folder in it would let a foreign task folder read this machine's files.
    if not isinstance(name, str) or not _FILE.fullmatch(name):
        raise InvalidManifestError(f"`{what}` must be a plain name in the same folder")
    return name


def _read(file: Path, limit: int) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(limit + 1)
    except OSError as err:
        raise NotFoundError(f"no file `{file.name}` in the task folder") from err
    if len(content) > limit:
        raise InvalidManifestError(f"`{file.name}` is longer than {limit} bytes")
    return content
