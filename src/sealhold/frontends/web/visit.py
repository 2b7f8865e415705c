"""What a page gets and what it gives back: plain values, so that a page is a plain function.

- A page function takes a `Visit` and returns a `Page`, a `Go` or a `Paper`; it never sees a
  socket, a cookie or a header.
- By the time it is called, the guard has let the request pass and the session is known.

Source: docs/spec/20-faces.md section 2.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from sealhold.frontends.seam import DemoStage, Vault
from sealhold.frontends.web.tray import Tray, Trays
from sealhold.frontends.web.upload import Upload
from sealhold.model.quantities import Instant
from sealhold.model.shown import RequestCard

MAX_SHOWN = 32  # request cards remembered per session, to mark what changed since


class Fields:
    """The fields of a form or a query, in order; a name may stand more than once."""

    def __init__(self, pairs: tuple[tuple[str, str], ...] = ()) -> None:
        self._pairs = pairs

    def __contains__(self, name: str) -> bool:
        return any(name == key for key, _ in self._pairs)

    def names(self) -> list[str]:
        """Return all names, in order, each once."""
        return list(dict(self._pairs))

    def one(self, name: str) -> str:
        """Return the first value of `name`, or an empty text."""
        return next((value for key, value in self._pairs if key == name), "")

    def many(self, name: str) -> tuple[str, ...]:
        """Return each value of `name`."""
        return tuple(value for key, value in self._pairs if key == name)


class Scheme(Enum):
    """Which colours the reader chose."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


class ShownCards:
    """The request cards that a sign-in has been shown, by digest; the oldest is forgotten."""

    def __init__(self) -> None:
        self._cards: dict[str, RequestCard] = {}

    def remember(self, card: RequestCard) -> None:
        """Keep `card` as it was shown."""
        self._cards.pop(card.digest, None)
        self._cards[card.digest] = card
        while len(self._cards) > MAX_SHOWN:
            del self._cards[next(iter(self._cards))]

    def recall(self, digest: str) -> RequestCard | None:
        """Return the card that was shown under `digest`."""
        return self._cards.get(digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request to a page, after the guard."""

    vault: Vault
    now: Instant
    path: str
    names: Mapping[str, str]  # the parts of the path that the route names
    query: Fields
    form: Fields
    uploads: tuple[Upload, ...]
    csrf: str  # the token of this sign-in; empty without one
    scheme: Scheme
    demo: bool
    shown: ShownCards
    came_from_elsewhere: bool  # a link on another site led here, so the cookie stayed at home
    stage: DemoStage | None = None  # what a demo has beside
    tray: Tray = field(default_factory=lambda: Trays().new(), repr=False)
    origin: str = ""  # of these pages, as this process was told
    browser: str = field(default="", repr=False)  # what this browser got when it went to sign in
    me: str = field(default="", repr=False)  # the token of one of the people of apps


class SessionChange(Enum):
    """What becomes of the session after the page."""

    KEEP = auto()
    BEGIN = auto()
    END_ALL = auto()
    BEGIN_MINE = auto()  # of one of the people of apps
    END_MINE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A template and its values."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)  # reason: each template has its own
    status: int = 200
    browser: str = field(default="", repr=False)  # what this browser shows when it comes back


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """Go on at another page of ours; the browser gets a 303."""

    to: str
    session: SessionChange = SessionChange.KEEP
    scheme: Scheme | None = None  # remember this choice of colours
    token: str = field(default="", repr=False)  # with which a person's session begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A file to keep."""

    name: str
    media: str
    data: bytes
    download: bool = True
    chunks: Iterator[bytes] | None = None  # in place of `data`: made while it is read


Outcome = Page | Go | Paper
Handler = Callable[[Visit], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoute:
    """One address of the pages."""

    path: str
    get: Handler | None = None
    post: Handler | None = None
    is_open: bool = False  # answers without a session
    takes_files: bool = False
    is_way_in: bool = False  # ends the sign-in before, so a form needs no token of it
    is_mine: bool = False  # of one of the people of apps, who signs in otherwise than the owner


def local_path(text: str) -> str:
    """Return `text` if it is a path on this site, else `/`: no redirect leads away."""
    # THREAT T60: `//host`, `/\host` and a control character before them leave the site.
    safe = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if safe and "\\" not in text else "/"
