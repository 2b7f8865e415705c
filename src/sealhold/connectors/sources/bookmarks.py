"""The bookmarks of Chromium and the browsers made of it: the file `Bookmarks`, one JSON document.

- One bookmark is one item, with the names of its folders; times are microseconds since 1601.
- Addresses are masked; the whole one is in `raw`. When a bookmark was used last is not kept.

Source: docs/spec/44-money-and-mail.md section 3.
"""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.browsing import BOOKMARKS
from sealhold.connectors.names import Names
from sealhold.connectors.pages import DEEPEST, MAX_FOLDER, at_1601, bookmark
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Why
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

MAX_FILE = 33_554_432  # bytes; ten thousand bookmarks have 4 MB
_HEAD = re.compile(rb'\s*\{\s*(?:"\w{1,64}"\s*:\s*"[^"\\]{0,256}"\s*,\s*){0,8}"roots"\s*:\s*\{')
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)

_Waiting = list[tuple[object, list[Plain]]]  # nodes to look at, with the folders around them


class Bookmarks:
    """Reads `Bookmarks`."""

    name: ClassVar[str] = "bookmarks"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (BOOKMARKS,)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        is_own = _HEAD.match(head)
        return Guess(sure=97, what="Chromium bookmarks") if is_own else Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    names = Names()
    waiting: _Waiting = [(root, []) for root in reversed(_roots(file))]
    number = 0
    while waiting:
        node, path = waiting.pop()
        if not isinstance(node, dict):
            number += 1
            yield reject(f"node {number}", Why.MALFORMED, "neither a folder nor a bookmark")
        elif isinstance(inner := node.get("children"), list) and len(path) < DEEPEST:
            name = node.get("name")
            # THREAT T441: what all in a folder repeat is short
            below = [*path, name[:MAX_FOLDER]] if isinstance(name, str) and name else path
            waiting += [(one, below) for one in reversed(inner)]
        else:
            number += 1
            yield _bookmark(node, path, f"node {number}", names)


def _roots(file: BinaryIO) -> list[object]:
    """Return the outermost folders, in the order of the file.

    Raises:
        UnreadableSourceError: no bookmarks, too large, or nested too deep.
    """
    file.seek(0)
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise UnreadableSourceError(f"bookmarks of over {MAX_FILE} bytes")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise UnreadableSourceError("no JSON, cut off, or nested too deep") from err
    roots = found.get("roots") if isinstance(found, dict) else None
    if not isinstance(roots, dict):
        raise UnreadableSourceError("no bookmarks of Chromium: there are no roots")
    return [root for root in roots.values() if isinstance(root, dict)]


def _bookmark(node: dict[str, object], path: list[Plain], where: str, names: Names) -> Found:
    url, title, guid = node.get("url"), node.get("name"), node.get("guid")
    if node.get("type") != "url" or not isinstance(url, str) or not url:
        return reject(where, Why.MALFORMED, "neither a folder nor a bookmark")
    fields: dict[str, Plain] = {
        "at": _time(node.get("date_added")),
        "title": title if isinstance(title, str) and title else None,
        "folder": path,
        "tags": [],
        "changed": _time(node.get("date_modified")),
        "browser": "chromium",
    }
    return bookmark(where, names, url, fields, guid if isinstance(guid, str) else None)


def _time(written: object) -> int | None:
    is_number = isinstance(written, str) and _NUMBER.fullmatch(written)
    return at_1601(int(written)) if is_number and isinstance(written, str) else None
