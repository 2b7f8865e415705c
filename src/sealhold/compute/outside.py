"""The door for apps: hand in a request, hear whether it is allowed, ask for a run, fetch an answer.

- Whoever holds no token, asks for another's thing, is refused, exhausted or too early gets the
  same DENIED or the same nothing; only a broken paper is explained, to whoever sent it.
- A run is charged when it is asked for and evaluated off the app's clock; the answer can be
  fetched from the slot's end on, and each reply has one size.
- `refused` is told when the request's own term ends, whatever was decided and when.

Source: docs/spec/07-grants.md section 8; docs/spec/08-task-manifest.md section 7.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sealhold.compute.intake import Bundle, submit
from sealhold.compute.office import Office
from sealhold.compute.running import Runs
from sealhold.compute.shelf import Shelf
from sealhold.compute.slots import pad
from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    DeniedError,
    InvalidError,
    SealholdError,
)
from sealhold.model.ids import RequestId
from sealhold.model.quantities import HOUR
from sealhold.model.shown import RequestState
from sealhold.vault.grants import GrantRow
from sealhold.vault.requests import RequestRow

REPLY = 24_576  # bytes of each reply: a proof of 16 KiB, its seal, and room
ALLOWED = frozenset({RequestState.ALLOWED, RequestState.SPENT})


class Outside:
    """What the holder of an app's token may do."""

    def __init__(
        self,
        office: Office,
        runs: Runs,
        shelf: Shelf,
        background: Callable[[Callable[[], None]], None],
    ) -> None:
        self._office = office
        self._runs = runs
        self._shelf = shelf
        self._background = background

    def submit(self, token: str, request: bytes, task: bytes, code: bytes) -> RequestId:
        """Take in a signed request, the signed task that it names, and the program.

        Raises:
            DeniedError: no token of an active app, or it asks too much.
            InvalidError: a paper breaks its format; its maker may know where.
        """
        app = self._office.registry.holder(token)
        with _denying(explain=InvalidError):
            return submit(self._office, app, Bundle(request=request, task=task, code=code))

    def request_status(self, token: str, id_text: str) -> str:
        """Return `pending`, `allowed` or `refused`.

        Raises:
            DeniedError: no token of an active app, or none of its requests.
        """
        with _denying():
            row = self._request(token, id_text)
        if row.state in ALLOWED:
            return "allowed"
        # THREAT T13: until the full hour after the term, no is not told from not yet
        told_at = -(-row.expires_at // HOUR) * HOUR
        return "refused" if self._office.core.clock() >= told_at else "pending"

    def invoke(self, token: str, id_text: str, nonce: str | None = None) -> None:
        """Ask for one run under the allowed request; it is charged now and runs by itself.

        Raises:
            DeniedError: whatever the reason.
        """
        with _denying():
            row = self._request(token, id_text)
            grant = self._grant(row)
            finish = self._runs.begin(grant.grant.id, nonce=nonce)
        self._background(finish)

    def fetch(self, token: str, id_text: str) -> bytes | None:
        """Return the newest answer, sealed and padded, or None while its slot is not over.

        Raises:
            DeniedError: whatever the reason.
        """
        with _denying():
            row = self._request(token, id_text)
            grant = self._grant(row)
            # THREAT T73: what was not fetched before a withdrawal has not left, and stays
            if row.state not in ALLOWED:
                raise DeniedError("denied")
        now = self._office.core.clock()
        for stored in self._shelf.answers_of(grant.grant.id):
            ticket = self._shelf.ticket(stored.grant, stored.epoch)
            if ticket is None or ticket.slot_at <= now:
                return pad(stored.sealed, REPLY)
        return None

    def _request(self, token: str, id_text: str) -> RequestRow:
        app = self._office.registry.holder(token)
        row = self._office.requests.find(id_text)
        if row.app != app.id:
            raise DeniedError("denied")
        return row

    def _grant(self, row: RequestRow) -> GrantRow:
        if row.grant is None:
            raise DeniedError("denied")
        return self._office.grants.get(row.grant)


@contextmanager
def _denying(explain: type[SealholdError] | None = None) -> Iterator[None]:
    """Let the service's own state and a broken paper show; turn all else into one DENIED.

    Raises:
        AuditUnavailableError: as it came.
        BusyError: as it came.
        SealholdError: as it came, if it is of the class to explain.
        DeniedError: anything else.
    """
    try:
        yield
    except (AuditUnavailableError, BusyError):
        raise
    except SealholdError as err:
        if explain is not None and isinstance(err, explain):
            raise
        raise DeniedError("denied") from err
