"""What is counted of answers: route, method, status and time; nothing of who asked for what.

- A route is named by its pattern, `/v1/subjects/{id}`: an id is in no label, nor is a name, a token
  or a query. All pages are one route, and so is every address at which nothing lives.
- The numbers are of this process and of everybody together, and begin anew with it.

Source: docs/spec/29-operations.md section 3.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sealhold.frontends.http.guard import API
from sealhold.frontends.http.headers import hardened
from sealhold.frontends.http.journal import Journal
from sealhold.frontends.http.problems import problem
from sealhold.model.errors import SealholdError

SEEN = "sealhold.seen"  # where in a scope it stands what a request turned out to be
PAGES, NOWHERE = "pages", "none"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


@dataclass(slots=True)
class Seen:
    """What a request turned out to be."""

    route: str
    status: int = 0
    size: int = 0  # bytes of the answer
    fault: str = ""  # the class of an error of ours


@dataclass(slots=True)
class Times:
    """How long the answers of one route took."""

    total: float = 0.0  # seconds
    within: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))


@dataclass(slots=True)
class Counts:
    """All that was answered; written by the one thread of the server's loop."""

    answers: Counter[tuple[str, str, int]] = field(default_factory=Counter)  # method, route, status
    times: dict[str, Times] = field(default_factory=dict)  # by route
    inside: int = 0  # requests that are being answered

    def add(self, method: str, seen: Seen, seconds: float) -> None:
        """Count one answer."""
        # THREAT T283: by the route's pattern, and never by what stood in the path
        named = method if method in METHODS else "other"
        self.answers[named, seen.route, seen.status] += 1
        times = self.times.get(seen.route)
        if times is None:
            times = self.times[seen.route] = Times()
        times.total += seconds
        times.within[bisect_left(BOUNDS, seconds)] += 1


class Counting:
    """Counts each answer of the app inside, and writes it down if there is a journal."""

    quick: object = None  # the short way past the app inside, for the connections to find

    def __init__(
        self,
        app: ASGIApp,
        counts: Counts,
        seconds: Callable[[], float],
        journal: Journal | None = None,
    ) -> None:
        self._app = app
        self._counts = counts
        self._seconds = seconds
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = scope[SEEN] = Seen(NOWHERE if scope["path"].startswith(API) else PAGES)
        begun = self.begin()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
            else:
                seen.size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as err:
            if seen.status:  # told already, or half sent: the connection is closed
                raise
            seen.fault = type(err).__name__
            told = problem(SealholdError(f"a fault of ours, {seen.fault}"))
            await hardened(told)(scope, receive, sending)
        finally:
            self.end(scope["method"], scope.get("path_params", {}), seen, begun)

    def begin(self) -> float:
        """Count one request that is being answered; return when it began."""
        self._counts.inside += 1
        return self._seconds()

    def end(self, method: str, names: Mapping[str, str], seen: Seen, begun: float) -> None:
        """Count one that was answered, or given up."""
        self._counts.inside -= 1
        took = self._seconds() - begun
        self._counts.add(method, seen, took)
        if self._journal is not None:
            self._journal.answered(
                method if method in METHODS else "other",
                seen.route,
                names if seen.route.startswith(API) else {},
                status=seen.status,
                size=seen.size,
                seconds=took,
                fault=seen.fault,
            )
