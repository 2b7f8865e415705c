"""The way into the API: from the head of a request to its route.

- Programs ask often, so between the guard and the route there is nothing but the address. Pages
  take the longer way.
- What goes wrong here is told as a problem, a fault of ours included, and says nothing of itself.

Source: docs/spec/20-faces.md sections 6 and 7.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sealhold.frontends.http.answering import answer
from sealhold.frontends.http.api import ApiDesk, ApiRoute
from sealhold.frontends.http.counting import SEEN
from sealhold.frontends.http.guard import API, refusal, turned_away
from sealhold.frontends.http.headers import hardened
from sealhold.frontends.http.problems import MethodError, problem
from sealhold.frontends.http.site import Site
from sealhold.model.errors import NotFoundError, SealholdError

Methods = Mapping[str, ApiRoute]


@dataclass(slots=True)
class _Place:
    """What follows one part of a path."""

    parts: dict[str, "_Place"] = field(default_factory=dict)
    named: "_Place | None" = None  # any other part
    names: tuple[str, ...] = ()  # of the parts that any text fits
    methods: dict[str, ApiRoute] = field(default_factory=dict)


class Addresses:
    """The routes by their paths; a part in braces is any text without a slash."""

    def __init__(self, routes: tuple[ApiRoute, ...]) -> None:
        self._root = _Place()
        for route in routes:
            place, names = self._root, []
            for part in _parts(route.path):
                if part.startswith("{"):
                    names.append(part[1:-1])
                    place.named = place.named or _Place()
                    place = place.named
                else:
                    place = place.parts.setdefault(part, _Place())
            if route.method in place.methods or (place.methods and place.names != tuple(names)):
                raise ValueError(f"two routes at {route.method} {route.path}")
            place.names = tuple(names)
            place.methods[route.method] = route

    def find(self, path: str) -> tuple[Methods, dict[str, str]] | None:
        """Return the methods at a path, and what stands for its names; None if none is there."""
        found = _found(self._root, _parts(path), 0, ())
        if found is None:
            return None
        place, values = found
        return place.methods, dict(zip(place.names, values, strict=True))


def _parts(path: str) -> list[str]:
    return path.split("/")[1:]


def _found(
    place: _Place, parts: list[str], at: int, values: tuple[str, ...]
) -> tuple[_Place, tuple[str, ...]] | None:
    while at < len(parts):
        part, at = parts[at], at + 1
        following = place.parts.get(part)
        if following is None or place.named is not None:  # else there is one way to go on
            if following is not None and (found := _found(following, parts, at, values)):
                return found
            if place.named is None or not part:
                return None
            following, values = place.named, (*values, part)
        place = following
    return (place, values) if place.methods else None


class Entrance:
    """Leads calls of the API to their routes, and all else to the pages."""

    def __init__(
        self,
        pages: ASGIApp,
        desk: ApiDesk,
        routes: Callable[[], tuple[ApiRoute, ...]],
        site: Site,
    ) -> None:
        self._pages = pages
        self._desk = desk
        self._routes = routes
        self._site = site

    @cached_property
    def addresses(self) -> Addresses:
        """Where each route is; they are loaded with the first call."""
        return Addresses(self._routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call of the API, or pass the request on."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._pages(scope, receive, send)
            return
        refused = refusal(self._site, scope["method"], scope["path"], Headers(scope=scope))
        if refused is not None:
            response = turned_away(refused, scope)
        else:
            try:
                response = await self._answer(Request(scope, receive))
            except ClientDisconnect:  # nobody is left to be told anything
                return
            except Exception as err:  # noqa: BLE001  # reason: told without a word of what it holds
                if SEEN in scope:
                    scope[SEEN].fault = type(err).__name__
                response = problem(SealholdError(f"a fault of ours, {type(err).__name__}"))
        await hardened(response)(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        found = self.addresses.find(request.scope["path"])
        if found is None:
            return problem(NotFoundError("nothing lives at this address"))
        methods, request.scope["path_params"] = found
        seen = request.scope.get(SEEN)
        method = "GET" if request.method == "HEAD" else request.method
        if method in methods:
            if seen is not None:
                seen.route = methods[method].path
            return await answer(methods[method], self._desk, request)
        response = problem(MethodError("this address does not take that method"))
        allowed = {*methods, *({"HEAD"} if "GET" in methods else ())}
        response.headers["allow"] = ", ".join(sorted(allowed))
        return response
