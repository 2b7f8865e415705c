"""The keys of the sample vault: none, so there is no job, and none can begin."""

from collections.abc import Sequence

from sealhold.model.errors import NotFoundError
from sealhold.model.shown.jobs import JobDetails, JobView


class SampleRotation:
    """No job."""

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
        return ()

    def show(self, id_text: str) -> JobDetails:
        raise NotFoundError(id_text)

    def pause(self, id_text: str) -> JobView:
        raise NotFoundError(id_text)

    def resume(self, id_text: str) -> JobView:
        raise NotFoundError(id_text)

    def cancel(self, id_text: str) -> JobView:
        raise NotFoundError(id_text)

    def give_up(self, id_text: str, numbers: Sequence[int], passphrase: str) -> JobDetails:
        raise NotFoundError(f"{id_text} {len(numbers)} {len(passphrase)}")
