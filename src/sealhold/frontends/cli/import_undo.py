"""`sealhold import --undo`: what an import brought is taken back."""

from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, short
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.node import JobRow


def undo(session: Session, job_text: str, *, dry_run: bool) -> None:
    """Take back what the job brought, or tell what that would be.

    Taking back deletes, so the owner proves to be there; telling does not.
    """
    if dry_run:
        with reading(session) as node:
            job = node.sources.job(job_text)
        emit(
            session,
            {"job": short(Kind.JOB, job.id), "file": job.file, "new": job.new, "undone": False},
            _facts(job),
            Line(f"Would take back {counted(job.new, 'new item')}; nothing was changed."),
        )
        return
    with deciding(session) as (node, _):
        job = node.sources.job(job_text)
        gone = node.sources.undo(job)
    emit(
        session,
        {"job": short(Kind.JOB, job.id), "file": job.file, "items": gone, "undone": True},
        _facts(job),
        Line(f"Took back {counted(gone, 'item')}."),
    )


def _facts(job: JobRow) -> Facts:
    return Facts(
        [
            ("Import", short(Kind.JOB, job.id)),
            ("File", f"{safe(job.file)}, {safe(job.what)}"),
            ("Read", moment(job.started)),
        ]
    )
