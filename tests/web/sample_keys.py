"""The keys of the sample vault: one job that is over, and none can begin."""

from collections.abc import Sequence

from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Id16, JobId, canonical
from sealhold.model.quantities import Instant
from sealhold.model.shown.jobs import JobDetails, JobView, QuarantinedView

JOB = JobView(
    id=JobId(Id16(b"a job of samples")),
    kind="subjects",
    scope="all",
    state="done_with_quarantine",
    done=3,
    total=3,
    changed=2,
    quarantined=1,
    dry_run=False,
    compromised=False,
    throttle=0,
    started=Instant(1_795_000_000_000),
    ended=Instant(1_795_000_060_000),
    error=None,
)
BROKEN = QuarantinedView(
    number=1, table="ident", row="00 name", reason="does not open", given_up=False
)


class SampleRotation:
    """One job."""

    def plan(self, kind: str, scope: str) -> JobView:
        raise NotFoundError(kind + scope)

    def begin(
        self, kind: str, scope: str, passphrase: str, *, compromised: bool, throttle: int
    ) -> JobView:
        raise NotFoundError(f"{kind} {scope} {len(passphrase)} {compromised} {throttle}")

    def run(self, id_text: str) -> JobView:
        raise NotFoundError(id_text)

    def start(self, id_text: str) -> None:
        raise NotFoundError(id_text)

    def jobs(self) -> tuple[JobView, ...]:
        return (JOB,)

    def show(self, id_text: str) -> JobDetails:
        if id_text != canonical(JOB.id):
            raise NotFoundError(id_text)
        return JobDetails(job=JOB, quarantine=(BROKEN,))

    def pause(self, id_text: str) -> JobView:
        raise NotFoundError(id_text)

    def resume(self, id_text: str) -> JobView:
        raise NotFoundError(id_text)

    def cancel(self, id_text: str) -> JobView:
        raise NotFoundError(id_text)

    def give_up(self, id_text: str, numbers: Sequence[int], passphrase: str) -> JobDetails:
        raise NotFoundError(f"{id_text} {len(numbers)} {len(passphrase)}")
