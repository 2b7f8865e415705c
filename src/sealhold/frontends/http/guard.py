"""Which requests come in at all: decided on the head of a request, before a body is read.

- `Host` must be one of ours, or the answer is 421: a name that an attacker points at this machine
  gets nothing.
- Pages are served at their own origin only; elsewhere a GET is sent on to it, and nothing else.
- An unsafe request to a page must come from our own origin (`Origin` equal in scheme, host and
  port; none counts as wrong), as a same-origin fetch, with a form's content type.
- `/v1` takes bearer tokens and no cookie, so a browser's ambient rights do not reach it; a request
  that says it comes from another origin is refused all the same.
- There is no `Access-Control-Allow-*` anywhere.

Source: docs/spec/20-faces.md section 6; Fetch Metadata.
"""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sealhold.frontends.http.headers import hardened
from sealhold.frontends.http.peer import PeerCheck
from sealhold.frontends.http.site import Site

SAFE = frozenset({"GET", "HEAD"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
OWN = frozenset({"", "same-origin"})
OWN_OR_TYPED = OWN | {"none"}  # none: typed in, or opened from a bookmark
WHOLE_PAGE = ("navigate", "document")
API = "/v1/"
LONGEST_PATH = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request goes no further; told in one word, with nothing of the vault in it."""

    status: int
    word: str
    to: str | None = None  # where a page really lives


def refusal(site: Site, method: str, path: str, headers: Headers) -> Refusal | None:
    """Return why this request is refused, or None if it may pass."""
    hosts = headers.getlist("host")
    # THREAT T62: DNS rebinding brings a stranger's name in `Host`.
    if len(hosts) != 1 or hosts[0].lower() not in site.hosts:
        return Refusal(status=421, word="misdirected")
    if len(path) > LONGEST_PATH:
        return Refusal(status=414, word="too long")
    if path.startswith(API):
        return _api_refusal(site, hosts[0].lower(), headers)
    if hosts[0].lower() != site.host:
        if method in SAFE:
            return Refusal(status=307, word="moved", to=site.origin)
        return Refusal(status=421, word="misdirected")
    return _page_refusal(site, method, headers)


def _api_refusal(site: Site, host: str, headers: Headers) -> Refusal | None:
    origin = headers.get("origin")
    own = {site.origin, f"{site.origin.partition('://')[0]}://{host}"}
    if origin is not None and origin not in own:
        return Refusal(status=403, word="wrong origin")
    if headers.get("sec-fetch-site", "") not in OWN_OR_TYPED:
        return Refusal(status=403, word="wrong origin")
    return None


def _page_refusal(site: Site, method: str, headers: Headers) -> Refusal | None:
    came = headers.get("sec-fetch-site", "")
    if method in SAFE:
        # Another site may link to a page; it may not embed or fetch one.
        # THREAT T64: a page in a frame is a navigation, too, but not one of a whole document.
        linked = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == WHOLE_PAGE
        return None if linked or came in OWN_OR_TYPED else Refusal(status=403, word="wrong origin")
    # THREAT T60: a page on another port of this machine is another origin.
    if headers.getlist("origin") != [site.origin] or came not in OWN:
        return Refusal(status=403, word="wrong origin")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in FORMS:
        return Refusal(status=415, word="not a form")
    return None


class Guard:
    """Refuses what must not come in, and passes the rest on."""

    def __init__(self, app: ASGIApp, site: Site, is_owner: PeerCheck) -> None:
        self._app = app
        self._site = site
        self._is_owner = is_owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request here, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = refusal(self._site, scope["method"], scope["path"], Headers(scope=scope))
        if self._is_stranger(scope) and (refused is None or refused.to is not None):
            refused = Refusal(status=421, word="misdirected")
        if refused is None:
            await self._app(scope, receive, send)
            return
        await hardened(turned_away(refused, scope))(scope, receive, send)

    def _is_stranger(self, scope: Scope) -> bool:
        """Return whether another user's program asks for a page or for its address."""
        if not self._site.is_labelled or scope["path"].startswith(API):
            return False
        return self._is_owner(scope.get("client"), scope.get("server")) is False


def turned_away(refused: Refusal, scope: Scope) -> Response:
    """Return what a refused request is told."""
    if refused.to is None:
        return PlainTextResponse(refused.word + "\n", status_code=refused.status)
    query = scope["query_string"].decode("ascii", "replace")
    path = scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    # The path follows our own origin, so it cannot name another host.
    where = f"{refused.to}{path}" + (f"?{query}" if query else "")
    return RedirectResponse(where, status_code=refused.status)
