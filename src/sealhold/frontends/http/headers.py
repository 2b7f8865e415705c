"""The headers of every answer: what a browser may do with it, which is little.

- Pages run our script and our style and nothing else, are framed by nobody, and talk to nobody.
- Personal answers are never stored; only the static files, whose names hold their digest, are.
- `Referrer-Policy` is `same-origin`: with `no-referrer` a browser sends `Origin: null` along with
  our own forms, and the guard could no longer tell them from a stranger's.

Source: docs/spec/20-faces.md section 5; CSP level 3, Fetch.
"""

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
OFF = (
    "accelerometer", "camera", "display-capture", "fullscreen", "geolocation", "gyroscope",
    "magnetometer", "microphone", "midi", "payment", "usb", "xr-spatial-tracking",
)  # fmt: skip
HEADERS = {
    "content-security-policy": POLICY,  # THREAT T61: no script but ours; T64: no frame around us
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": ", ".join(f"{name}=()" for name in OFF),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
DOWNLOAD_POLICY = "default-src 'none'; sandbox"
NEVER_KEPT = "no-store"
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"
RAW = [
    (name.encode(), value.encode())
    for name, value in {**HEADERS, "cache-control": NEVER_KEPT}.items()
]


def harden(headers: MutableHeaders) -> None:
    """Set what is not yet set; an answer may be stricter, never laxer."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("cache-control", NEVER_KEPT)


def hardened(response: Response) -> Response:
    """Return `response` with what it does not set itself."""
    own = {name for name, _ in response.raw_headers}
    response.raw_headers += [pair for pair in RAW if pair[0] not in own]
    return response


class HardenedAnswers:
    """Puts the headers on every answer of the app inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                harden(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, sending)
