"""Which requests are in their plainest form: those that the short way, and a front, understand.

- An address of one person, without a query; a method that reads or keeps one thing; no field that
  says more than host, token, length, media type, purpose and version do.

Source: docs/spec/20-faces.md section 7.
"""

METHODS = frozenset({b"GET", b"PUT", b"PATCH"})
PEOPLE = b"/v1/subjects/"
UNUSUAL = frozenset(
    {
        b"expect",
        b"idempotency-key",
        b"origin",
        b"sec-fetch-site",
        b"transfer-encoding",
        b"upgrade",
    }
)
LONGEST = 512  # bytes of an address
Headers = list[tuple[bytes, bytes]]  # names in small letters


def is_plain(method: bytes, url: bytes, headers: Headers) -> bool:
    """Return whether a request is in its plainest form, as far as its head tells."""
    if method not in METHODS or len(url) > LONGEST or not url.startswith(PEOPLE):
        return False
    if b"%" in url or b"?" in url or b"#" in url or not url.isascii():
        return False
    names = {name for name, _ in headers}
    return len(names) == len(headers) and UNUSUAL.isdisjoint(names)  # nothing stands twice
