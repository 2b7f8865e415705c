"""Jobs that turn keys over, as lines and tables: what `key rotate` and the `job` commands share."""

from collections.abc import Sequence

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, figure, id_, safe
from sealhold.frontends.cli.words import counted, short
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.model.shown.jobs import JobDetails, JobView

WORDS = {
    "subject": "one subject's key",
    "subjects": "keys of subjects",
    "app": "an app's key",
    "bodies": "keys of contents",
    "index": "a field's key",
    "tokens": "the key of access tokens",
    "log": "the log's signing key",
    "": "unknown",
}
MAKE_ANEW = frozenset({"subject", "app"})  # a key is made, whatever lies under it


def job_table(jobs: Sequence[JobView]) -> list[Block]:
    """Return the jobs, one to a row."""
    columns = (
        id_("Job"),
        Column("Turns over"),
        Column("Of", whole=True),
        Column("State"),
        figure("Done"),
        figure("Of all"),
        figure("Left"),
    )
    rows = [
        (
            short(Kind.JOB, job.id),
            WORDS[job.kind],
            safe(job.scope),
            job.state.replace("_", " "),
            f"{job.done:,}",
            f"{job.total:,}",
            f"{job.quarantined:,}",
        )
        for job in jobs
    ]
    return [Table(columns, rows)]


def job_facts(job: JobView) -> list[Block]:
    """Return one job."""
    pairs = [
        ("Job", short(Kind.JOB, job.id)),
        ("Turns over", f"{WORDS[job.kind]}, of {safe(job.scope)}"),
        ("State", job.state.replace("_", " ")),
        ("Looked at", _looked(job)),
        ("Changed", counted(job.changed, "row") if job.changed else "nothing"),
        ("Left", _left(job.quarantined)),
        ("Began", moment(job.started)),
    ]
    if job.ended is not None:
        pairs.append(("Ended", moment(job.ended)))
    if job.compromised:
        pairs.append(("Old keys", "not kept for backups: they count as known to others"))
    if job.error:
        pairs.append(("Failed", safe(job.error)))
    return [Facts(pairs)]


def _looked(job: JobView) -> str:
    if not job.total:
        none = "nothing lies under it" if job.kind in MAKE_ANEW else "there is none of it"
        return f"nothing, for {none}"
    return f"{job.done:,} of {job.total:,} in this pass"


def _left(rows: int) -> str:
    return f"{counted(rows, 'row')} that did not open" if rows else "nothing: every row opened"


def job_details(details: JobDetails) -> list[Block]:
    """Return one job and the rows that it left."""
    if not details.quarantine:
        return job_facts(details.job)
    columns = (
        figure("Row"),
        Column("Table"),
        Column("Key", whole=True),
        Column("Why"),
        Column("Given up"),
    )
    rows = [
        (str(row.number), row.table, row.row, safe(row.reason), "yes" if row.given_up else "")
        for row in details.quarantine
    ]
    name = short(Kind.JOB, details.job.id)
    hint = Line(f"Let their keys go all the same: sealhold job give-up {name} ROW...", "hint")
    return [*job_facts(details.job), Line(""), Table(columns, rows, tall=True), hint]
