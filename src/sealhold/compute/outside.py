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
from typing import TYPE_CHECKING

from sealhold.compute.compliance import SHORT_TEXT
from sealhold.compute.givingup import give_up_owed
from sealhold.compute.intake import Bundle, Reception
from sealhold.compute.office import Office, read
from sealhold.compute.running import Runs
from sealhold.compute.shelf import Shelf
from sealhold.compute.slots import boundary, pad
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import to_json
from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    DeniedError,
    InvalidError,
    NotFoundError,
    SealholdError,
    StoreUnavailableError,
)
from sealhold.model.ids import RequestId
from sealhold.model.quantities import HOUR
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import ListedDataset, ReadyView
from sealhold.policy.readiness import NO_RUN, READY, Readiness, State, readiness_document
from sealhold.vault.grants import GrantRow
from sealhold.vault.requests import RequestRow
from sealhold.vault.retired import is_retired
from sealhold.vault.turnedaway import Refused

if TYPE_CHECKING:
    from sealhold.compute.policies import Policies

ALLOWED = frozenset({RequestState.ALLOWED, RequestState.SPENT})


class Outside:
    """What the holder of an app's token may do."""

    def __init__(
        self,
        office: Office,
        runs: Runs,
        shelf: Shelf,
        background: Callable[[Callable[[], None]], None],
        policies: Callable[[], "Policies"],
    ) -> None:
        self._office = office
        self._runs = runs
        self._shelf = shelf
        self._background = background
        self._policies = policies  # loaded with the first that is needed
        self._reception = Reception(office)
        self._turned_away = Refused(office.core)

    def admit(self, token: str) -> None:
        """Let the holder of `token` in, before anything that they send is read.

        Raises:
            DeniedError: no token of an active app.
        """
        self._office.registry.holder(token)

    def submit(self, token: str, request: bytes, task: bytes, code: bytes) -> RequestId:
        """Take in a signed request, the signed task that it names, and the program.

        Raises:
            DeniedError: no token of an active app, or it asks too much.
            InvalidError: a paper breaks its format; its maker may know where.
        """
        app = self._office.registry.holder(token)
        bundle = Bundle(request=request, task=task, code=code)
        with _denying(explain=InvalidError):
            found = self._reception.submit(app, bundle)
        # THREAT T412: no rule's answer can be read off the time that this call takes
        self._background(lambda: self._policies().answer(found))
        return found

    def datasets(self, token: str) -> tuple[ListedDataset, ...]:
        """Return the datasets that the owner's rules show to this app; by default none.

        Raises:
            DeniedError: no token of an active app.
        """
        app = self._office.registry.holder(token)
        with _denying():
            return self._policies().shown(app)

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
            InvalidError: `nonce` is no short text; told before anything is looked up.
            DeniedError: whatever the reason.
        """
        # an answer that no proof can name would be charged and could never leave
        if nonce is not None and not SHORT_TEXT.fullmatch(nonce):
            raise InvalidError("a nonce has 1 to 200 printable ASCII characters")
        with _denying():
            row = self._request(token, id_text)
            grant = self._grant(row)
            finish = self._runs.begin(grant.grant.id, nonce=nonce)
        # THREAT T385: whether a place can be read is found behind the reply, and shows in none
        self._background(finish)

    def fetch(self, token: str, id_text: str) -> bytes | None:
        """Return the newest answer, sealed and padded, or None while its slot is not over.

        Raises:
            DeniedError: whatever the reason.
        """
        with _denying():
            return self._newest(self._request(token, id_text))

    def ready(self, token: str, id_text: str) -> ReadyView:
        """Return whether there is something to fetch, and the vault's signed word on it.

        Raises:
            DeniedError: whatever the reason, as `fetch` does.
        """
        with _denying():
            row = self._request(token, id_text)
            reply = self._newest(row)
        # THREAT T172: said of what `fetch` gives and of nothing else, so it tells no more than that
        found = Readiness(
            app=row.app,
            request=row.id,
            state=State.WAITING if reply is None else State.READY,
            run=NO_RUN if reply is None else sha256(reply),
            at=self._office.core.clock(),
        )
        notice = dsse.sign(READY, to_json(readiness_document(found)), [self._office.proof_key])
        return ReadyView(state=found.state.value, run=found.run.hex(), at=found.at, notice=notice)

    def _newest(self, row: RequestRow) -> bytes | None:
        """Return what is fetched under a request now.

        Raises:
            DeniedError: nothing is allowed under it, or not any more.
        """
        grant = self._grant(row)
        # THREAT T73: what was not fetched before a withdrawal has not left, and stays
        task = read(self._office, row).signed.task
        if row.state not in ALLOWED or is_retired(self._office.core.deciding, task.digest):
            raise DeniedError("denied")
        seconds = task.slot.seconds
        # THREAT T172: said at the last boundary, not when the program happens to be done
        give_up_owed(self._office, self._shelf, grant)
        now = self._office.core.clock()
        for stored in self._shelf.answers_of(grant.grant.id):
            ticket = self._shelf.ticket(stored.grant, stored.epoch)
            if ticket is None or boundary(ticket.slot_at, seconds, stored.at) <= now:
                return pad(stored.sealed)
        # given up at the last boundary: a reply with nothing in it, of the one size
        return pad(b"") if self._shelf.given_up_epochs(grant.grant.id) else None

    def _request(self, token: str, id_text: str) -> RequestRow:
        app = self._office.registry.holder(token)
        # another app's request is not found just as one that never was, and takes as long
        try:
            return self._office.requests.find(id_text, app.id)
        except NotFoundError:
            # THREAT T413: tried with another's id, it stands in the log, twice a minute at most
            self._turned_away.tell("not_yours", app.id, app.id)
            raise

    def tell_rest(self) -> None:
        """Tell the log of tries that were counted and not told yet, before the vault is locked."""
        self._turned_away.tell_rest()

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
        StoreUnavailableError: as it came; it says nothing of what was asked for.
        SealholdError: as it came, if it is of the class to explain.
        DeniedError: anything else.
    """
    try:
        yield
    except (AuditUnavailableError, BusyError, StoreUnavailableError):
        raise
    except SealholdError as err:
        if explain is not None and isinstance(err, explain):
            raise
        raise DeniedError("denied") from err
