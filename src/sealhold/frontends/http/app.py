"""The web application: guard, headers, pages, static files and the API, put together.

- Order, from the outside: how many at once, the guard, the addresses; headers on every answer.
- Nothing is opened or started here; `serve.py` listens.

Source: docs/spec/20-faces.md section 6.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import perf_counter

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from sealhold.frontends.http.api import ApiDesk, ApiRoute, written
from sealhold.frontends.http.arriving import Arrivals
from sealhold.frontends.http.counting import Counting, Counts
from sealhold.frontends.http.crowd import Crowd, Room, long_bodies
from sealhold.frontends.http.entrance import Entrance
from sealhold.frontends.http.guard import Guard
from sealhold.frontends.http.headers import KEPT_FOR_GOOD, HardenedAnswers, harden
from sealhold.frontends.http.journal import Journal
from sealhold.frontends.http.pages import Desk
from sealhold.frontends.http.peer import PeerCheck, is_owner
from sealhold.frontends.http.quick import Quick
from sealhold.frontends.http.session import MOST_PEOPLE, Sessions, SignIns
from sealhold.frontends.http.site import make_site
from sealhold.frontends.seam import DemoStage, Vault
from sealhold.frontends.web import verifier
from sealhold.frontends.web.assets import PREFIX, Assets
from sealhold.frontends.web.render import Renderer
from sealhold.frontends.web.routes import page_routes
from sealhold.frontends.web.texts import ENGLISH
from sealhold.frontends.web.visit import PageRoute
from sealhold.model.clock import Clock, Entropy
from sealhold.model.errors import NotFoundError, SealholdError, UsageError

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(  # noqa: PLR0913  # reason: what a site is made of
    vault: Vault,
    *,
    origin: str,
    label: str | None,
    demo: bool,
    clock: Clock,
    entropy: Entropy,
    words: Mapping[str, str] = ENGLISH,
    peer_check: PeerCheck = is_owner,
    stage: DemoStage | None = None,
    seconds: Callable[[], float] = perf_counter,
    journal: Journal | None = None,
) -> ASGIApp:
    """Return the application for `vault`, bound at `origin` (`http://localhost:8722`).

    Args:
        vault: what the pages show.
        origin: scheme, name and port of the socket, or of the proxy before it.
        label: 26 base32 characters of this home, or None under a TLS name of its own.
        demo: whether each page says that nobody here is real.
        clock: for sessions.
        entropy: for session ids.
        words: the texts of the pages.
        peer_check: tells whose program is at the other end.
        stage: what a demo has beside; then whoever looks is signed in.
        seconds: a clock that only goes forward, for how long answers take.
        journal: where each answer is written down, if anywhere.

    Raises:
        UsageError: `origin` and `label` do not make a site.
    """
    site = make_site(origin, label)
    assets = Assets()
    sign_ins = SignIns(
        pages=Sessions(clock, entropy),
        programs=Sessions(clock, entropy),
        people=Sessions(clock, entropy, MOST_PEOPLE),
    )
    desk = Desk(
        vault=vault,
        sign_ins=sign_ins,
        renderer=Renderer(assets, words),
        clock=clock,
        demo=demo,
        stage=stage,
        origin=site.origin,
    )
    pages = Starlette(
        routes=[*_page_routes(desk, assets), _static_route(assets), _verifier_route()],
        middleware=[
            Middleware(HardenedAnswers),
            Middleware(Guard, site=site, is_owner=peer_check),
        ],
        exception_handlers={HTTPException: _http_trouble(desk), Exception: _broken(desk)},
    )
    pages.router.redirect_slashes = False
    counts = Counts()
    arrivals = Arrivals(vault.together, written)
    api = ApiDesk(vault, sign_ins, long_bodies(), Room(), arrivals, counts)
    entrance = Entrance(pages, api, partial(_described, site.origin), site)
    inside = Crowd(entrance)
    counting = Counting(inside, counts, seconds, journal)
    counting.quick = Quick(api, lambda: entrance.addresses, site, inside, counting)
    return counting


def _described(origin: str) -> tuple[ApiRoute, ...]:
    """Return the routes of the API, which is loaded with its first call: many vaults get none."""
    from sealhold.frontends.http import openapi, services  # noqa: PLC0415  # reason: as it says

    return openapi.described(services.API_ROUTES, origin)


def _page_routes(desk: Desk, assets: Assets) -> list[BaseRoute]:
    return [
        Route(route.path, _endpoint(desk, route), methods=_methods(route))
        for route in page_routes(assets)
    ]


def _methods(route: PageRoute) -> list[str]:
    return [name for name, handler in (("GET", route.get), ("POST", route.post)) if handler]


def _endpoint(desk: Desk, route: PageRoute) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await desk.answer(route, request)

    return endpoint


def _static_route(assets: Assets) -> BaseRoute:
    async def endpoint(request: Request) -> Response:
        try:
            asset = assets.served(request.path_params["name"])
        except NotFoundError as err:
            raise HTTPException(404) from err
        return Response(
            asset.data, media_type=asset.media, headers={"cache-control": KEPT_FOR_GOOD}
        )

    return Route(PREFIX + "{name}", endpoint, methods=["GET"])


def _verifier_route() -> BaseRoute:
    """Return the page that verifies proofs: the same file that stands alone, for everybody."""
    page = verifier.page()

    async def endpoint(_request: Request) -> Response:
        return HTMLResponse(page.html, headers={"content-security-policy": page.policy})

    return Route(verifier.PATH, endpoint, methods=["GET"])


def _http_trouble(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def tell(request: Request, err: Exception) -> Response:
        assert isinstance(err, HTTPException)  # noqa: S101 - reason: registered for this class
        if err.status_code == 405:  # noqa: PLR2004 - reason: the one other status of a router
            told: SealholdError = UsageError("this address does not take that method")
        else:
            told = NotFoundError("nothing lives at this address")
        response = await desk.nothing_here(request, told)
        response.status_code = err.status_code
        response.headers.update(err.headers or {})
        return response

    return tell


def _broken(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def tell(request: Request, err: Exception) -> Response:
        told = SealholdError(f"a fault of ours, {type(err).__name__}")
        response = await desk.nothing_here(request, told)
        harden(response.headers)  # this answer is made outside the middleware
        return response

    return tell
