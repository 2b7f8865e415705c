"""The owner's door to turning keys over: what is meant is read, the owner proven, the job run.

- A job begins with the owner's passphrase, as does giving up rows. To look, pause, go on or cancel
  takes none: nothing is destroyed by it.
- A job runs in the caller's thread, or in the background of a served vault.

Source: docs/spec/28-rotation.md section 6.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock

from sealhold.model.errors import (
    InvalidError,
    InvalidIdError,
    NotFoundError,
    WrongPassphraseError,
)
from sealhold.model.ids import ID_BYTES, AppId, FieldName, Id16, Kind, SubjectId, parse_id
from sealhold.model.quantities import Instant
from sealhold.model.shown.jobs import JobDetails, JobView
from sealhold.vault.core import Core
from sealhold.vault.jobs import NO_JOB, Job, Scope, Turned
from sealhold.vault.registry import Registry
from sealhold.vault.rotation import Rotation
from sealhold.vault.schemas import NAME

ALL, OWNER = "all", "owner"
EDITED = "edited"  # the state of a job whose row is not as it was written
MOST_ROWS = 1_000_000  # in a second; more is no throttle

Background = Callable[[Callable[[], None]], None]


class Rotating:
    """Begins, shows and steers the jobs that turn keys over."""

    def __init__(
        self,
        core: Core,
        rotation: Rotation,
        registry: Registry,
        verify: Callable[[str], bool],
        background: Background,
    ) -> None:
        self._core = core
        self._rotation = rotation
        self._registry = registry
        self._verify = verify
        self._background = background
        self._going = Lock()

    def plan(self, kind: str, scope: str) -> JobView:
        """Return what a job would cover; nothing changes.

        Raises:
            InvalidError: no such kind, or no scope of it.
            NotFoundError: nobody of that name has a key.
        """
        planned = self._rotation.plan(*self._meant(kind, scope))
        return self._view(planned, dry_run=True)

    def begin(
        self, kind: str, scope: str, passphrase: str, *, compromised: bool, throttle: int
    ) -> JobView:
        """Begin a job; it runs once `run` or `start` is called.

        Raises:
            InvalidError: no such kind, no scope of it, or no such throttle.
            NotFoundError: nobody of that name has a key.
            WrongPassphraseError: the owner is not proven.
            ConflictError: a job is under way that could meet it.
        """
        if not 0 <= throttle <= MOST_ROWS:
            raise InvalidError(f"a throttle is 0 to {MOST_ROWS:,} rows in a second")
        meant = self._meant(kind, scope)
        if not self._verify(passphrase):
            raise WrongPassphraseError
        job = self._rotation.begin(*meant, compromised=compromised, throttle=throttle)
        return self._view(job)

    def run(self, id_text: str) -> JobView:
        """Run a job in this thread, until it is over, paused or cancelled.

        Raises:
            NotFoundError: no such job.
            StoreUnavailableError: the disk refuses; the job goes on where it was.
        """
        job = self._rotation.run(self._rotation.jobs.find(id_text).id)
        if job.compromised and job.ended is not None:
            self._rotation.sweep()
        return self._view(job)

    def start(self, id_text: str) -> None:
        """Run a job in the background.

        Raises:
            NotFoundError: no such job.
        """
        job = self._rotation.jobs.find(id_text)
        self._background(lambda: self._run(job))

    def jobs(self) -> tuple[JobView, ...]:
        """Return every job, the newest first."""
        jobs = self._rotation.jobs
        edited = (
            JobView(
                id=job, kind="", scope="", state=EDITED, done=0, total=0, changed=0, quarantined=0,
                dry_run=False, compromised=False, throttle=0, started=Instant(0), ended=None,
                error="its row is not as it was written",
            )
            for job in jobs.edited()
        )  # fmt: skip
        return (*(self._view(job) for job in jobs.all()), *edited)

    def show(self, id_text: str) -> JobDetails:
        """Return a job and the rows that it left.

        Raises:
            NotFoundError: no such job.
            TamperedError: its row, or the list of what it left, was edited.
        """
        job = self._rotation.jobs.find(id_text)
        return JobDetails(job=self._view(job), quarantine=self._rotation.jobs.views(job.id))

    def pause(self, id_text: str) -> JobView:
        """Stop a job between two steps.

        Raises:
            ConflictError: it is not under way.
        """
        return self._view(self._rotation.pause(self._rotation.jobs.find(id_text).id))

    def resume(self, id_text: str) -> JobView:
        """Let a job go on that was paused or failed; it runs once `run` or `start` is called.

        Raises:
            ConflictError: it was neither.
        """
        job = self._rotation.jobs.find(id_text)
        if job.id in self._rotation.unfinished():  # of a process that died
            return self._view(job)
        return self._view(self._rotation.resume(job.id))

    def cancel(self, id_text: str) -> JobView:
        """End a job for good; what it did stays, and nothing is destroyed.

        Raises:
            ConflictError: it is over.
        """
        return self._view(self._rotation.cancel(self._rotation.jobs.find(id_text).id))

    def give_up(self, id_text: str, numbers: Sequence[int], passphrase: str) -> JobDetails:
        """Say of rows that did not open that the keys they lie under may be destroyed.

        Raises:
            WrongPassphraseError: the owner is not proven.
            NotFoundError: no such job, or it left no such row.
        """
        job = self._rotation.jobs.find(id_text)
        if not self._verify(passphrase):
            raise WrongPassphraseError
        self._rotation.give_up(job.id, numbers)
        return self.show(id_text)

    def go_on(self) -> None:
        """Take up what was left, and destroy what is due, unless that is done already.

        Raises:
            SealholdError: a step failed; what it did not do is done next time.
        """
        if self._going.acquire(blocking=False):
            try:
                self._rotation.go_on()
            finally:
                self._going.release()

    def _run(self, job: Job) -> None:
        if self._rotation.run(job.id).compromised:
            self._rotation.sweep()

    def _view(self, job: Job, *, dry_run: bool = False) -> JobView:
        if dry_run:
            return job.with_id(NO_JOB).view(self._core, dry_run=True)
        return job.view(self._core)

    # --- what is meant ---

    def _meant(self, kind: str, scope: str) -> tuple[Turned, Scope]:
        try:
            turned = Turned(kind)
        except ValueError as err:
            known = ", ".join(each.value for each in Turned)
            raise InvalidError(f"keys are turned over by {known}") from err
        return turned, self._scope(turned, scope)

    def _scope(self, kind: Turned, text: str) -> Scope:
        """Return whose keys a kind of job is to turn over.

        Raises:
            InvalidError: no scope of that kind.
        """
        match kind:
            case Turned.SUBJECT:
                return self._subject(text)
            case Turned.APP:
                if not text:
                    raise InvalidError("say which app: its name or id")
                return Scope(self._app(text))
            case Turned.INDEX:
                return self._field(text)
            case Turned.SUBJECTS | Turned.BODIES:
                return self._whose(text)
            case Turned.TOKENS | Turned.LOG:
                if text not in {"", ALL}:
                    what = "tokens is one for all of them"
                    raise InvalidError(
                        f"the key of {what if kind is Turned.TOKENS else 'the log is one'}"
                    )
                return Scope()

    def _whose(self, text: str) -> Scope:
        """Return whose keys a text means: everybody's, an app's, a person's."""
        if text in {"", ALL}:
            return Scope()
        if text != OWNER:
            with suppress(NotFoundError):
                return Scope(self._app(text))
        return self._subject(text)

    def _subject(self, text: str) -> Scope:
        if text in {"", OWNER}:
            return Scope(self._core.app, self._core.owner)
        found = parse_id(Kind.SUBJECT, text)
        if len(found) != ID_BYTES:
            raise InvalidIdError("whole subject", text)
        return self._rotation.app_of(SubjectId(Id16(found)))

    def _app(self, text: str) -> AppId:
        app = self._core.app if text == OWNER else self._registry.find(text).id
        if not self._core.keyring.lies_in.has_app(app):
            raise NotFoundError("the app keeps nobody, and has no key")
        return app

    def _field(self, text: str) -> Scope:
        name, slash, field = text.rpartition("/")
        if not slash or not NAME.fullmatch(field):
            raise InvalidError("a field is named by its app and its name: APP/FIELD")
        app = self._app(name)
        self._core.keyring.fields(app, field)
        return Scope(app, None, FieldName(field))
