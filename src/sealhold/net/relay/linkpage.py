"""The page that opens a link share: one file with its script and style in it, the same for all.

- Its policy names both by digest; anything else that is said to be a script runs nowhere.
- Whatever else a browser gets here has no type that it would show or run.

Source: docs/spec/53-link-shares.md section 5; CSP level 3.
"""

from base64 import b64encode
from pathlib import Path
from typing import Final

from sealhold.crypto.digest import sha256

FOLDER: Final = Path(__file__).parent / "linkpage"
_BOTH: Final = (
    "Referrer-Policy: no-referrer\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cache-Control: no-store\r\n"
    "X-Robots-Tag: noindex, nofollow\r\n"
)


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode())).decode()}'"


def _assembled() -> tuple[bytes, str]:
    script, style = ((FOLDER / f"link.{kind}").read_text() for kind in ("js", "css"))
    html = (FOLDER / "link.html").read_text()
    page = html.replace("/*style*/", style).replace("/*script*/", script)
    # THREAT T560: one script and one style by digest; no frame, no plug-in, no request elsewhere
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)};"
        " img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return page.encode(), policy


PAGE, POLICY = _assembled()
PAGE_HEADERS: Final = (
    f"Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: {POLICY}\r\n{_BOTH}"
)
PLAIN_HEADERS: Final = (
    "Content-Type: application/octet-stream\r\n"
    f"Content-Security-Policy: default-src 'none'; sandbox\r\n{_BOTH}"
)
