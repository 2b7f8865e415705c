"""The static files: style, script, fonts, mark. Loaded once, served under names that never change.

- A name holds the first digits of the file's SHA-256, so a browser may keep it for good; pages
  also carry its SHA-384 for the browser to compare. A font's name carries a number instead,
  because the style sheet has to know it.
- The digests are made when the files change (`tools/asset_digests.py`), because a front end
  computes no hash; a test compares them with the files.

Source: docs/spec/20-faces.md section 5.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from sealhold.model.errors import NotFoundError

FOLDER = Path(__file__).parent / "static"
DIGESTS = FOLDER / "digests.json"
NAME_DIGITS = 12
BUNDLES = {  # one request each; the order is that of the cascade
    "sealhold.css": (
        "tokens.css",
        "ground.css",
        "parts.css",
        "consent.css",
        "pages.css",
        "paper.css",
    )
}
MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
PREFIX = "/static/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file as it is served."""

    name: str
    served_as: str  # `sealhold.0123456789ab.css`
    media: str
    sha256: str
    sri: str
    data: bytes


def sources() -> dict[str, bytes]:
    """Return the bytes of each file as served, bundles put together, by plain name."""
    bundled = {part for parts in BUNDLES.values() for part in parts}
    single = {
        path.name: path.read_bytes()
        for path in sorted(FOLDER.iterdir())
        if path.suffix in MEDIA and path.name not in bundled
    }
    return single | {
        name: b"\n".join((FOLDER / part).read_bytes() for part in parts)
        for name, parts in BUNDLES.items()
    }


class Assets:
    """All static files, by plain name and by served name."""

    def __init__(self) -> None:
        known = json.loads(DIGESTS.read_bytes())
        self._assets = {name: _asset(name, data, known[name]) for name, data in sources().items()}
        self._served = {asset.served_as: asset for asset in self._assets.values()}

    def all(self) -> tuple[Asset, ...]:
        """Return each file, sorted by name."""
        return tuple(self._assets[name] for name in sorted(self._assets))

    def url(self, name: str) -> str:
        """Return the address of the file that is called `name` in the source tree."""
        return PREFIX + self._assets[name].served_as

    def integrity(self, name: str) -> str:
        """Return the SHA-384 of `name` as an `integrity` attribute wants it."""
        return self._assets[name].sri

    def served(self, served_as: str) -> Asset:
        """Return the file behind an address.

        Raises:
            NotFoundError: no file is served under that name.
        """
        try:
            return self._served[served_as]
        except KeyError:
            raise NotFoundError("no such file") from None


def _asset(name: str, data: bytes, digests: dict[str, str]) -> Asset:
    stem, dot, suffix = name.rpartition(".")
    media = MEDIA[dot + suffix]
    served_as = (
        name if media == MEDIA[".woff2"] else f"{stem}.{digests['sha256'][:NAME_DIGITS]}.{suffix}"
    )
    return Asset(
        name=name,
        served_as=served_as,
        media=media,
        sha256=digests["sha256"],
        sri=digests["sri"],
        data=data,
    )
