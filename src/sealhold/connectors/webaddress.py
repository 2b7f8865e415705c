"""Addresses of pages as datasets hold them: where, and not what was asked there.

- Query, fragment, name and password go: they hold what was searched, sessions and secrets. Of an
  address that is content itself (a script, data) only the scheme stays.

Source: docs/spec/44-money-and-mail.md section 3; RFC 3986 section 3.
"""

import re
from dataclasses import dataclass

_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31}):(?:(//)([^/?#\\]*))?([^?#]*)", re.DOTALL)
_CONTENT = frozenset({"blob", "data", "filesystem", "javascript", "view-source"})
_PORT = re.compile(r":\d*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """An address, masked."""

    url: str
    host: str | None
    is_whole: bool  # nothing had to go


def masked(url: str) -> Address:
    """Return an address without query, fragment, name and password."""
    found = _PARTS.match(url)
    if found is None:
        return Address("", None, is_whole=not url)
    scheme, slashes, authority, path = found.groups()
    if scheme.lower() in _CONTENT:  # THREAT T394: what is content is no address
        return Address(f"{scheme}:", None, is_whole=False)
    if not slashes:
        plain = f"{scheme}:{path}"
        return Address(plain, None, is_whole=plain == url)
    site = authority.rpartition("@")[2]
    host = _PORT.sub("", site).lower() or None
    plain = f"{scheme}://{site}{path}"  # THREAT T394: no query, no fragment, no password
    return Address(plain, host, is_whole=plain == url)
