"""Pages over HTTP: sessions, forms and cookies around the plain functions of `web`.

- A page without a session leads to `/unlock`, and back after it; one of a person's own leads to
  `/me/in`. Owner and people have sessions and cookies of their own.
- A form is acted on only with the token of its session. A person's way in needs none: the link or
  passkey says who it is, and the sign-in before is over.
- Blocking work runs in a thread, so that a slow page holds up no other.

Source: docs/spec/20-faces.md section 6.
"""

from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sealhold.frontends.http.bodies import nameless, parse_fields, read_form
from sealhold.frontends.http.headers import DOWNLOAD_POLICY
from sealhold.frontends.http.problems import again_headers, status_of
from sealhold.frontends.http.session import (
    COOKIE,
    LOGIN_COOKIE,
    ME_COOKIE,
    SCHEME_COOKIE,
    Session,
    SignIns,
    cookie,
    is_token_of,
)
from sealhold.frontends.http.streaming import streamed
from sealhold.frontends.seam import DemoStage, Vault
from sealhold.frontends.web.pages import trouble
from sealhold.frontends.web.render import Renderer
from sealhold.frontends.web.tray import Trays
from sealhold.frontends.web.visit import (
    Fields,
    Go,
    Handler,
    Outcome,
    Page,
    PageRoute,
    Paper,
    Scheme,
    SessionChange,
    ShownCards,
    Visit,
)
from sealhold.model.clock import Clock
from sealhold.model.errors import LockedError, SealholdError

A_YEAR, TEN_MINUTES = 31_536_000, 600  # seconds
UNLOCK = "/unlock"
SIGN_IN, MINE = "/me/in", "/me/"  # of people


class StaleFormError(LockedError):
    """A form belongs to a sign-in that is over, or was made by another page.

    Remedy: open the page again and repeat what you did.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every page needs."""

    vault: Vault
    sign_ins: SignIns
    renderer: Renderer
    clock: Clock
    demo: bool
    stage: DemoStage | None = None
    origin: str = ""

    async def answer(self, route: PageRoute, request: Request) -> Response:
        """Return the answer of the page behind `route`."""
        begun: Session | None = None
        session = self.session(request, is_mine=route.is_mine)
        if session is None and not route.is_open:
            if route.is_mine:
                return _to_sign_in()
            if self.stage is None or self.vault.locked or request.method != "GET":
                return _to_unlock(request)
            session = begun = self.sign_ins.pages.begin()  # a demo: whoever looks is Alice
        visit = self._visit(request, session)
        try:
            visit = replace(visit, query=parse_fields(request.scope["query_string"]))
            handler, files = route.get, list[UploadFile]()
            if request.method == "POST":
                handler = route.post
                form, files = await read_form(request, takes_files=route.takes_files)
                # a way in does nothing with the sign-in before, but end it
                is_way_in = route.is_way_in or (route.is_mine and route.is_open)
                _check_token(None if is_way_in else session, form)
                visit = replace(visit, form=form)
            outcome, html = await run_in_threadpool(self._run, handler, visit, files)
        except StaleFormError as err:
            return await self.trouble(visit, err)
        except LockedError:
            self.sign_ins.end_all()
            return _to_sign_in() if route.is_mine else _to_unlock(request)
        except SealholdError as err:
            return await self.trouble(visit, err)
        response = self._respond(outcome, html, session)
        if begun is not None:
            response.headers.append("set-cookie", cookie(COOKIE, begun.id))
        return response

    async def trouble(self, visit: Visit, err: SealholdError) -> Response:
        """Return the page that tells of `err`."""
        status = status_of(err)
        page = trouble.page(err, status, is_mine=visit.path.startswith(MINE))
        html = await run_in_threadpool(self.renderer.html, page, visit)
        return HTMLResponse(html, status_code=status, headers=dict(again_headers(err)))

    async def nothing_here(self, request: Request, err: SealholdError) -> Response:
        """Return the page for an address that is none of ours."""
        is_mine = request.url.path.startswith(MINE)
        return await self.trouble(self._visit(request, self.session(request, is_mine=is_mine)), err)

    def session(self, request: Request, *, is_mine: bool = False) -> Session | None:
        """Return the session of this request; there is none while the vault is locked."""
        if self.vault.locked:
            return None
        # THREAT T299: neither's cookie opens a page of the other
        if is_mine:
            return self.sign_ins.people.use(request.cookies.get(ME_COOKIE))
        return self.sign_ins.pages.use(request.cookies.get(COOKIE))

    def _visit(self, request: Request, session: Session | None) -> Visit:
        """Return the visit without what the sender wrote: that is read where a no can be told."""
        came = request.headers.get("sec-fetch-site", "")
        return Visit(
            vault=self.vault,
            now=self.clock(),
            path=request.url.path,
            names=request.path_params,
            query=Fields(),
            form=Fields(),
            uploads=(),
            csrf=session.csrf if session else "",
            scheme=_scheme(request),
            demo=self.demo,
            stage=self.stage,
            shown=session.shown if session else ShownCards(),
            tray=session.tray if session else Trays().new(),
            me=session.token if session else "",
            browser=request.cookies.get(LOGIN_COOKIE, ""),
            origin=self.origin,
            came_from_elsewhere=session is None and came in {"cross-site", "same-site"},
        )

    def _run(
        self, handler: Handler | None, visit: Visit, files: list[UploadFile]
    ) -> tuple[Outcome, str]:
        """Run the page in a thread; return what it gave, and its HTML."""
        assert handler is not None  # noqa: S101 - reason: the route lists its methods
        try:
            with nameless((file.filename or "", file.file) for file in files) as uploads:
                outcome = handler(replace(visit, uploads=uploads))
        finally:
            for file in files:
                file.file.close()
        return outcome, self.renderer.html(outcome, visit) if isinstance(outcome, Page) else ""

    def _respond(self, outcome: Outcome, html: str, session: Session | None) -> Response:
        match outcome:
            case Page():
                return _page(outcome, html)
            case Paper():
                return _paper(outcome)
            case Go():
                return self._go(outcome, session)

    def _go(self, go: Go, session: Session | None) -> Response:
        response = RedirectResponse(go.to, status_code=303)
        match go.session:
            case SessionChange.BEGIN:
                begun = self.sign_ins.pages.begin()
                response.headers.append("set-cookie", cookie(COOKIE, begun.id))
            case SessionChange.BEGIN_MINE:
                # THREAT T65: whoever knew or set an earlier id knows nothing of this one
                self.sign_ins.people.end(session.id if session else "")
                begun = self.sign_ins.people.begin(go.token)
                response.headers.append("set-cookie", cookie(ME_COOKIE, begun.id))
            case SessionChange.END_MINE:
                self.sign_ins.people.end(session.id if session else "")
                response.headers.append("set-cookie", cookie(ME_COOKIE, "", seconds=0))
            case SessionChange.END_ALL:
                self.sign_ins.end_all()
                response.headers.append("set-cookie", cookie(COOKIE, "", seconds=0))
            case SessionChange.KEEP:
                pass
        if go.scheme is not None:
            value = cookie(SCHEME_COOKIE, go.scheme.value, seconds=A_YEAR)
            response.headers.append("set-cookie", value)
        return response


def _page(page: Page, html: str) -> Response:
    response = HTMLResponse(html, status_code=page.status)
    if page.browser:
        value = cookie(LOGIN_COOKIE, page.browser, seconds=TEN_MINUTES)
        response.headers.append("set-cookie", value)
    return response


def _check_token(session: Session | None, form: Fields) -> None:
    """Refuse a form that whoever is signed in did not get from us.

    Raises:
        StaleFormError: no token, or that of another session.
    """
    if session is not None and not is_token_of(session, form.one("csrf")):
        raise StaleFormError("the form is not of this sign-in")


def _to_unlock(request: Request) -> Response:
    back = request.url.path if request.method in {"GET", "HEAD"} else "/"
    if request.url.query and back != "/":
        back = f"{back}?{request.url.query}"
    where = UNLOCK if back == "/" else f"{UNLOCK}?next={quote(back)}"
    return RedirectResponse(where, status_code=303)


def _to_sign_in() -> Response:
    return RedirectResponse(SIGN_IN, status_code=303)


def _scheme(request: Request) -> Scheme:
    chosen = request.cookies.get(SCHEME_COOKIE, "")
    return next((scheme for scheme in Scheme if scheme.value == chosen), Scheme.AUTO)


def _paper(paper: Paper) -> Response:
    # THREAT T61: what is kept is a download of a fixed type that runs nothing.
    headers = {"content-security-policy": DOWNLOAD_POLICY}
    if paper.download:
        headers["content-disposition"] = f'attachment; filename="{_file_name(paper.name)}"'
    if paper.chunks is not None:
        return streamed(paper.chunks, 200, paper.media, headers)
    return Response(paper.data, media_type=paper.media, headers=headers)


def _file_name(name: str) -> str:
    return "".join(
        char if char.isascii() and (char.isalnum() or char in ".-_") else "_" for char in name
    )
