"""Versions in headers: which one an answer has, and which one a change was made for.

- One strong tag, the version in quotes. No list, no star, no weak tag: a change is made for one
  version that somebody read.

Source: docs/spec/24-people.md section 8; RFC 9110 section 13, RFC 6585 section 3.
"""

import re

from sealhold.model.errors import InvalidError

ETAG = re.compile(r'"(0|[1-9][0-9]{0,14})"')


class NoVersionError(InvalidError):
    """A change does not say which version of a profile or record it was made for.

    Remedy: send `If-Match` with the ETag as you read it. For what is new, a record or attachment
    takes `If-None-Match: *`, and a profile `If-Match: "0"`.
    """


def etag(version: int) -> str:
    """Return the tag of a version."""
    return f'"{version}"'


def version_of(header: str) -> int:
    """Return the version that an `If-Match` header names.

    Raises:
        NoVersionError: it names none.
    """
    found = ETAG.fullmatch(header.strip())
    if found is None:
        raise NoVersionError("`If-Match` names no version")
    return int(found[1])


def expected_of(match: str, none_match: str) -> int | None:
    """Return the version that a change was made for; None if it makes something new.

    Raises:
        NoVersionError: the headers name neither.
        InvalidError: they name both.
    """
    if not none_match:
        return version_of(match)
    if match:
        raise InvalidError("`If-Match` and `If-None-Match` exclude each other")
    if none_match.strip() != "*":
        raise NoVersionError("of `If-None-Match` only `*` is known")
    return None
