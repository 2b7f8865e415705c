"""The door for runs of processings: an app's token beside a lease, and what they read and release.

Source: docs/spec/26-processings.md section 9.
"""

from sealhold.compute.whocalls import WhoCalls, whole
from sealhold.model.errors import DeniedError, NotFoundError
from sealhold.model.ids import FieldName, Kind, ProcessingId, RunId, SubjectId
from sealhold.model.people import ProfileView
from sealhold.model.principals import Caller
from sealhold.model.processing import LeaseView, Permitting, ResultView, RunEnded, UseLine
from sealhold.model.underway import Underway
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.leases import Leases
from sealhold.vault.processing_runs import ProcessingRuns as RunRows
from sealhold.vault.releasing import Releasing
from sealhold.vault.usesof import UsesOf
from sealhold.vault.using import Uses


class ProcessingRuns:
    """What callers may do with runs."""

    def __init__(  # reason: all that a run is made of
        self,
        who: WhoCalls,
        uses: Uses,
        rows: RunRows,
        releasing: Releasing,
        leases: Leases,
        uses_of: UsesOf,
    ) -> None:
        self._who = who
        self._uses = uses
        self._rows = rows
        self._releasing = releasing
        self._leases = leases
        self._uses_of = uses_of

    def begin_run(self, caller: Caller, id_text: str, code: str, reads: int) -> LeaseView:
        """Begin a run, and return its lease, said once.

        Raises:
            DeniedError: whatever the reason.
            InvalidError: no number of reads that a run may make.
        """
        named = ProcessingId(whole(Kind.PROCESSING, id_text))
        return self._rows.begin(self._who.app(caller).id, named, code, reads)

    def begin_get(
        self,
        caller: Caller,
        lease: str,
        person_text: str,
        purpose: str,
        fields: frozenset[FieldName] | None,
    ) -> Underway[ProfileView]:
        """Return fields of a profile to a run, in steps.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: `person_text` is no whole id.
        """
        subject = SubjectId(whole(Kind.SUBJECT, person_text))
        return self._rows.begin_get(self._who.app(caller).id, lease, subject, purpose, fields)

    def people(self, caller: Caller, run_text: str, after: str) -> Permitting:
        """Return people who permit a run.

        Raises:
            DeniedError: whatever the reason.
            InvalidIdError: no whole id.
        """
        run = RunId(whole(Kind.RUN, run_text))
        start = SubjectId(whole(Kind.SUBJECT, after)) if after else None
        return self._rows.people(self._who.app(caller).id, run, start)

    def release(self, caller: Caller, run_text: str, lease: str, output: bytes) -> ResultView:
        """Release the result of a run, if all its people still permit, and end it.

        Raises:
            DeniedError: the lease is no such run's, or somebody does not permit: it was dropped.
            InvalidError: it is longer than it may be.
        """
        app, run = self._who.app(caller).id, RunId(whole(Kind.RUN, run_text))
        held = self._leases.check(app, lease)
        if held is not None and held.run.id != run:
            raise DeniedError("denied")
        return self._releasing.release(app, lease, output)

    def end_run(self, caller: Caller, run_text: str) -> RunEnded:
        """End a run without a result.

        Raises:
            DeniedError: there is no such open run.
        """
        run = RunId(whole(Kind.RUN, run_text))
        app = None if caller.role == "owner" else self._who.app(caller).id
        return self._rows.end(app, run, self._who.actor(caller))

    def run_log(self, caller: Caller, run_text: str, limit: int) -> tuple[UseLine, ...]:
        """Return what a run did; to a person, what it did with their data.

        Raises:
            DeniedError: to a person, if it is no run of their app.
            NotFoundError: there never was such a run.
        """
        run = RunId(whole(Kind.RUN, run_text))
        return self._uses_of.run(run, self._only(caller, run), limit)

    def _only(self, caller: Caller, run: RunId) -> SubjectKeys | None:
        if caller.role != "person":
            self._who.actor(caller)
            return None
        own = self._who.own(caller)
        try:
            app, _, _ = self._leases.origin(run)
        except NotFoundError as err:
            raise DeniedError("denied") from err
        keys = self._uses.of(own.app, own.subject).keys
        if app != own.app or keys is None:
            raise DeniedError("denied")
        return keys
