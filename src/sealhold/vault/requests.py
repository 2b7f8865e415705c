"""What others ask: one row per request, with the papers that came with it.

- The row decides, so state, times and the wish's digest stand in the set hash; the signed request,
  the signed task and the program are sealed beside them, a larger program in an object of its own.
- Each edge of the state machine is one operation with an expected version, in one commit with its
  log entry and its consent event.

Source: docs/spec/07-grants.md section 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sealhold.crypto.seal import NOBODY
from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import AppId, GrantId, Id16, Kind, RequestId, parse_id
from sealhold.model.quantities import Instant
from sealhold.model.shown import RequestState
from sealhold.policy.fatigue import Asked
from sealhold.policy.lifecycle import RequestEvent, is_final, step
from sealhold.stores.spec import ColumnKind, Expect, Found, Op, Put, TableSpec
from sealhold.vault.deciding import Deciding
from sealhold.vault.papers import Papers
from sealhold.vault.programs import INLINE, Code, Programs, code_of

REQUESTS = TableSpec(
    name="request",
    columns={
        "id": ColumnKind.ID16,
        "app": ColumnKind.ID16,
        "state": ColumnKind.CODE,
        "received": ColumnKind.I64,
        "expires": ColumnKind.I64,
        "allowed": ColumnKind.I64,  # 0 if it never was
        "ended": ColumnKind.I64,  # 0 while it has not
        "grant": ColumnKind.ID16,  # nobody's id if there is none
        "wish": ColumnKind.HASH32,
        "paper": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """One request as it is kept."""

    id: RequestId
    app: AppId
    state: RequestState
    received_at: Instant
    expires_at: Instant
    allowed_at: Instant | None
    ended_at: Instant | None
    grant: GrantId | None
    wish: bytes
    request: bytes  # the signed request, as it came
    task: bytes  # the signed task manifest, as it came
    code: Code  # the program
    example: int  # what it answers over synthetic objects
    v: int

    def asked(self) -> Asked:
        """Return what counts towards the app's limits."""
        return Asked(
            digest=self.wish,
            state=self.state,
            received_at=self.received_at,
            expires_at=self.expires_at,
            allowed_at=self.allowed_at,
            ended_at=self.ended_at,
        )


class Requests:
    """The requests of one vault."""

    def __init__(self, deciding: Deciding, papers: Papers, programs: Programs) -> None:
        self._deciding = deciding
        self._papers = papers
        self._programs = programs

    def all(self) -> Iterator[RequestRow]:
        """Yield every request, in no order."""
        return (self._row(found) for found in self._deciding.all(REQUESTS.name))

    def of_app(self, app: AppId) -> list[RequestRow]:
        """Return the requests of one app, oldest first."""
        found = self._deciding.all(REQUESTS.name)
        mine = [self._row(each) for each in found if each.row[1] == app]
        return sorted(mine, key=lambda row: (row.received_at, row.id))

    def get(self, request: RequestId) -> RequestRow:
        """Return one request.

        Raises:
            NotFoundError: there is none of that id.
        """
        found = self._deciding.get(REQUESTS.name, request)
        if found is None:
            raise NotFoundError("no such request")
        return self._row(found)

    def find(self, text: str, app: AppId | None = None) -> RequestRow:
        """Return the request that an id means, of one app alone if it is named.

        Raises:
            NotFoundError: there is none.
        """
        tail = parse_id(Kind.REQUEST, text)
        for found in self._deciding.all(REQUESTS.name):
            if found.row[0].endswith(tail) and app in (None, found.row[1]):
                return self._row(found)
        raise NotFoundError(f"no request `{text}`")

    def add(self, row: RequestRow) -> Op:
        """Return the operation that keeps a new request."""
        return self._put(row, Expect.ABSENT)

    def move(
        self, row: RequestRow, event: RequestEvent, now: Instant, grant: GrantId | None = None
    ) -> tuple[RequestRow, Op]:
        """Return the request after `event`, and the operation that keeps it.

        Raises:
            ConflictError: the event cannot happen in the request's state.
        """
        state = step(row.state, event)
        after = replace(
            row,
            state=state,
            allowed_at=now if event is RequestEvent.ALLOWED else row.allowed_at,
            ended_at=now if is_final(state) else None,
            grant=grant or row.grant,
        )
        return after, self._put(after, row.v)

    def _put(self, row: RequestRow, expect: Expect | int) -> Put:
        clear = (
            row.id,
            row.app,
            row.state.value,
            row.received_at,
            row.expires_at,
            row.allowed_at or 0,
            row.ended_at or 0,
            row.grant or NOBODY,
            row.wish,
        )
        paper: dict[str, Plain] = {
            "request": row.request,
            "task": row.task,
            "example": row.example,
        }
        if not row.code.is_apart and len(content := row.code.read()) <= INLINE:
            paper["code"] = content
        else:
            if not row.code.is_apart:
                self._programs.keep(row.code)
            paper["program"] = row.code.digest
        return Put(REQUESTS.name, (*clear, self._papers.seal(REQUESTS.name, clear, paper)), expect)

    def _row(self, found: Found) -> RequestRow:
        *clear, paper = found.row
        body = self._papers.open(REQUESTS.name, tuple(clear), paper)
        request, app, state, received, expires, allowed, ended, grant, wish = clear
        return RequestRow(
            id=request,
            app=app,
            state=RequestState(state),
            received_at=received,
            expires_at=expires,
            allowed_at=allowed or None,
            ended_at=ended or None,
            grant=None if grant == NOBODY else GrantId(Id16(grant)),
            wish=wish,
            request=body["request"],
            task=body["task"],
            code=code_of(body["code"]) if "code" in body else self._programs.get(body["program"]),
            example=body["example"],
            v=found.v,
        )
