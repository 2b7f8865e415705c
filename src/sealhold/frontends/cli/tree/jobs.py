"""The commands of jobs that turn keys over: looked at, paused, resumed, cancelled.

Source: docs/spec/20-faces.md section 8.
"""
# ruff: noqa: PLC0415  reason: a command is imported when it is chosen

from sealhold.frontends.cli.lazy import Entry, Function


def _list() -> Function:
    from sealhold.frontends.cli.job_list import job_list

    return job_list


def _show() -> Function:
    from sealhold.frontends.cli.job_show import job_show

    return job_show


def _pause() -> Function:
    from sealhold.frontends.cli.job_steer import job_pause

    return job_pause


def _resume() -> Function:
    from sealhold.frontends.cli.job_steer import job_resume

    return job_resume


def _cancel() -> Function:
    from sealhold.frontends.cli.job_steer import job_cancel

    return job_cancel


def _give_up() -> Function:
    from sealhold.frontends.cli.job_give_up import job_give_up

    return job_give_up


JOB = {
    "list": Entry(
        about="List the jobs that turned keys over, or do so now.", example="job list", load=_list
    ),
    "show": Entry(
        about="Show one job, and the rows that it left because they did not open.",
        example="job show j-0123456789ab",
        load=_show,
    ),
    "pause": Entry(
        about="Stop a job where it is; everything stays readable.",
        example="job pause j-0123456789ab",
        load=_pause,
    ),
    "resume": Entry(
        about="Go on with a job that was paused, that failed, or whose process ended.",
        example="job resume j-0123456789ab",
        load=_resume,
    ),
    "cancel": Entry(
        about="End a job for good: what it turned over stays so, and no old key goes.",
        example="job cancel j-0123456789ab",
        load=_cancel,
    ),
    "give-up": Entry(
        about="Let the keys go that rows lie under which do not open.",
        example="job give-up j-0123456789ab 0",
        load=_give_up,
    ),
}
