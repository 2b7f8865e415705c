"""What an object may be called: names that are the same on every disk and never lead out of one.

- Parts of `[a-z0-9][a-z0-9_.-]*` joined by `/`, at most 200 characters: so there is no `..`, no
  hidden or empty part, no capital letter that a disk folds, and none but ASCII.

Source: docs/spec/04-stores.md section 7.
"""

import re

from sealhold.model.errors import InvalidError
from sealhold.model.ids import ObjectName

MAX_NAME = 200  # characters; every file system allows 255 in one part

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*(?:/[a-z0-9][a-z0-9_.-]*)*")


def checked(name: ObjectName) -> ObjectName:
    """Return `name` if it is one.

    Raises:
        InvalidError: it is not, so no disk is asked.
    """
    # THREAT T08: a name from outside cannot point beside or above the store's folder.
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise InvalidError(f"`{name[:40]}` cannot name an object")
    return name


def check_range(offset: int, length: int | None) -> None:
    """Let a range pass that can exist.

    Raises:
        InvalidError: a part of it is negative.
    """
    if offset < 0 or (length is not None and length < 0):
        raise InvalidError("a range begins at 0 or later and is not negative")
