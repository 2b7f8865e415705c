"""Turning keys over, for the owner's programs: jobs are begun, shown, paused, resumed, cancelled.

- What begins a job, or gives rows up, takes the passphrase once more. A job runs in the background;
  its address tells how far it is.

Source: docs/spec/28-rotation.md section 6.
"""

import msgspec

from sealhold.frontends.http.api import ApiRoute, Call, Reply, Role, read
from sealhold.model.ids import canonical
from sealhold.model.shown.jobs import JobDetails, JobView


class NewJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose keys are turned over and how, and the owner's proof."""

    passphrase: str
    scope: str = ""
    dry_run: bool = False
    compromised: bool = False
    throttle: int = 0


class GivenUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows by their numbers, and the owner's proof."""

    rows: list[int]
    passphrase: str


def rotate(call: Call) -> Reply:
    """Begin a job, or tell what it would cover."""
    body, kind = read(call, NewJob), call.names["kind"]
    if body.dry_run:
        return Reply(value=call.vault.rotation.plan(kind, body.scope))
    job = call.vault.rotation.begin(
        kind,
        body.scope,
        body.passphrase,
        compromised=body.compromised,
        throttle=body.throttle,
    )
    call.vault.rotation.start(canonical(job.id))
    return Reply(value=job, status=202)


def jobs(call: Call) -> Reply:
    """List the jobs."""
    return Reply(value=call.vault.rotation.jobs())


def show(call: Call) -> Reply:
    """Show a job and what it left."""
    return Reply(value=call.vault.rotation.show(call.names["id"]))


def pause(call: Call) -> Reply:
    """Stop a job between two steps."""
    return Reply(value=call.vault.rotation.pause(call.names["id"]))


def resume(call: Call) -> Reply:
    """Let a job go on."""
    job = call.vault.rotation.resume(call.names["id"])
    call.vault.rotation.start(call.names["id"])
    return Reply(value=job, status=202)


def cancel(call: Call) -> Reply:
    """End a job for good."""
    return Reply(value=call.vault.rotation.cancel(call.names["id"]))


def give_up(call: Call) -> Reply:
    """Let the keys go that rows lie under which do not open."""
    body = read(call, GivenUp)
    return Reply(value=call.vault.rotation.give_up(call.names["id"], body.rows, body.passphrase))


_JOB = "/v1/jobs/{id}"
ROUTES = (
    ApiRoute(
        method="POST", path="/v1/keys/{kind}/rotate", role=Role.OWNER, about="Turn keys over",
        run=rotate, body=NewJob, answer=JobView, status=202,
    ),
    ApiRoute(
        method="GET", path="/v1/jobs", role=Role.OWNER, about="The jobs that turn keys over",
        run=jobs, answer=tuple[JobView, ...],
    ),
    ApiRoute(
        method="GET", path=_JOB, role=Role.OWNER, about="One job, and what it left", run=show,
        answer=JobDetails,
    ),
    ApiRoute(
        method="POST", path=_JOB + "/pause", role=Role.OWNER, about="Stop a job where it is",
        run=pause, answer=JobView,
    ),
    ApiRoute(
        method="POST", path=_JOB + "/resume", role=Role.OWNER, about="Let a job go on",
        run=resume, answer=JobView, status=202,
    ),
    ApiRoute(
        method="POST", path=_JOB + "/cancel", role=Role.OWNER, about="End a job for good",
        run=cancel, answer=JobView,
    ),
    ApiRoute(
        method="POST", path=_JOB + "/give-up", role=Role.OWNER,
        about="Let the keys go that rows lie under which do not open", run=give_up, body=GivenUp,
        answer=JobDetails,
    ),
)  # fmt: skip
