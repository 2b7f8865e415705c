"""Results of runs: released, signed, if everybody still permits whose data was read; else dropped.

- All people of the run are decided on once more, and the commit is bound to what each of them said:
  a withdrawal that comes between is decided on too.
- The vault keeps no result. What was dropped is gone, and the run has ended.

Source: docs/spec/26-processings.md section 7.
"""

from collections.abc import Sequence

from msgspec import structs

from sealhold.audit.event import EventKind, Outcome
from sealhold.audit.log import Entry
from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import to_json
from sealhold.model.errors import ConflictError, DeniedError, InvalidError, SealBrokenError
from sealhold.model.ids import AppId, canonical
from sealhold.model.processing import ResultView
from sealhold.model.quantities import Instant, rfc3339
from sealhold.policy.decision import Reason
from sealhold.vault.core import Core
from sealhold.vault.leases import Leases, Run
from sealhold.vault.processing_facts import Wanted, under
from sealhold.vault.processing_runs import run_event, whole
from sealhold.vault.processings import Processing
from sealhold.vault.says import Says
from sealhold.vault.using import Use, Uses, until_done
from sealhold.vault.writer import Work

RESULT_TYPE = "application/vnd.sealhold.result+json"


class Releasing:
    """Releases results of runs; several threads may call."""

    def __init__(self, core: Core, uses: Uses) -> None:
        self._core = core
        self._uses = uses
        self._says = Says(core)
        self._leases = Leases(core)
        self._signer = core.keyring.signer("grant-sign")

    def release(self, app: AppId, lease: str, output: bytes) -> ResultView:
        """Release the result of a run, and end the run.

        Raises:
            DeniedError: the lease does not hold, or somebody does not permit: it was dropped.
            InvalidError: the result is longer than the processing may give out.
            AuditUnavailableError: the log cannot be written; nothing was released.
            BusyError: people go on deciding without a pause.
        """
        return until_done(lambda: self._once(app, lease, output))

    def _once(self, app: AppId, lease: str, output: bytes) -> ResultView | None:
        use, held = self._uses.of(app, None), self._leases.check(app, lease)
        # THREAT T257: who was given a narrower lease reads with it, and ends nothing
        if held is None or not held.is_whole:
            self._uses.refuse(use, Reason.NO_LEASE, EventKind.PROCESSING)
        found = self._uses.processings.get(held.run.processing)
        if len(output) > found.terms.output_bytes:
            raise InvalidError(f"a result has at most {found.terms.output_bytes} bytes")
        # first the ending, bound to the count of reads: a read that comes between makes it fail
        ending = self._leases.ended(held.run, "released")
        people = self._people(held.run, found)
        # THREAT T253: whoever said no since their data was read takes the result with them
        if not all(each.decided(self._says).permit for each in people or ()) or people is None:
            self._drop(use, held.run, found)
            return None
        guards = dict.fromkeys(guard for each in people for guard in each.guards())
        told = structs.replace(
            run_event(use, found, held.run.id, "released"),
            rows_out=len(people),
            bytes_out=len(output),
        )
        ops = (*use.guards(()), *guards, *ending)
        try:
            self._core.writer.commit(Work(ops, (Entry(event=told),), releases=True))
        except ConflictError:
            return None
        statement = self._statement(held.run, found, output, len(people), use.now)
        return ResultView(run=held.run.id, people=len(people), statement=statement)

    def _people(self, run: Run, found: Processing) -> Sequence[Wanted] | None:
        """Return what the run wanted of each of its people; None if the list is not whole."""
        try:
            subjects = self._leases.people(run.id)
        except SealBrokenError:  # somebody was erased, or the list was edited
            return None
        uses = (under(self._uses.of(found.app, each), found, "", run) for each in subjects)
        return [whole(use, found, run.code) for use in uses]

    def _drop(self, use: Use, run: Run, found: Processing) -> None:
        event = structs.replace(run_event(use, found, run.id, "dropped"), outcome=Outcome.DENIED)
        ops = self._leases.ended(run, "dropped")
        try:
            self._core.writer.commit(Work(ops, (Entry(event=event),), releases=True))
        except ConflictError:
            return
        raise DeniedError("denied")

    def _statement(
        self, run: Run, found: Processing, output: bytes, people: int, at: Instant
    ) -> str:
        document = {
            "at": rfc3339(at),
            "code": run.code,
            "output_sha256": sha256(output).hex(),
            "people": people,
            "processing": canonical(found.id),
            "purpose": found.terms.purpose,
            "run": canonical(run.id),
            "version": found.version,
        }
        return dsse.sign(RESULT_TYPE, to_json(document), [self._signer]).decode()
