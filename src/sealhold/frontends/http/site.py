"""The addresses under which this process answers, and the one that its pages have.

- Pages live at the labelled origin, `http://<26 base32 characters>.localhost:PORT`. A cookie set
  there goes to no other port's `localhost` page that does not know the label.
- Bare `localhost` and the loopback addresses send pages on to the label, and answer themselves
  only to bearer tokens.
- Under a name of its own, with TLS, that name is the origin and there is no label.

Source: docs/spec/20-faces.md section 6.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from sealhold.model.errors import UsageError

LABEL = re.compile(r"[a-z2-7]{26}")  # 130 bits in base32
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where we are."""

    origin: str  # of the pages, as a browser writes it
    host: str  # of the pages, with the port
    token_hosts: frozenset[str]  # answer to bearer tokens, too
    is_labelled: bool

    @property
    def hosts(self) -> frozenset[str]:
        """Every value of `Host` that is ours."""
        return self.token_hosts | {self.host}


def make_site(origin: str, label: str | None) -> Site:
    """Return the site that is bound at `origin`, `http://localhost:8722`.

    Raises:
        UsageError: not an origin, or plain HTTP beyond this machine.
    """
    parts = urlsplit(origin)
    name, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    if parts.scheme not in {"http", "https"} or not name or parts.path not in {"", "/"}:
        raise UsageError(f"`{origin}` is not an origin")
    if label is None:
        if parts.scheme != "https":
            raise UsageError("without a label the pages need TLS and a name of their own")
        return Site(
            origin=f"https://{parts.netloc}",
            host=parts.netloc,
            token_hosts=frozenset({parts.netloc}),
            is_labelled=False,
        )
    if not LABEL.fullmatch(label):
        raise UsageError("a label has 26 base32 characters")
    if f"[{name}]" not in LOOPBACK and name not in LOOPBACK:
        raise UsageError(f"`{name}` is not this machine; use TLS and a name of its own")
    host = f"{label}.localhost{port}"
    return Site(
        origin=f"{parts.scheme}://{host}",
        host=host,
        token_hosts=frozenset(f"{bare}{port}" for bare in LOOPBACK),
        is_labelled=True,
    )
