"""What became of an import, for a person: counts first, then what was skipped and why.

- Nothing is skipped silently: each item and file that was left out is counted, and the first of
  each file are named with their place.
"""

from sealhold.frontends.cli.out import Block, Column, Line, Table, figure, safe
from sealhold.frontends.cli.words import counted, short
from sealhold.model.ids import Kind
from sealhold.model.shown import FileReport, ImportReport

MOST_SKIPPED = 12  # rows of the table; the rest is counted


def report_blocks(report: ImportReport) -> list[Block]:
    """Return what a person is shown."""
    counts = [
        ("new", f"{report.new:,}"),
        ("changed", f"{report.changed:,}"),
        ("same as before", f"{report.same:,}"),
        ("skipped", f"{report.rejected:,}"),
    ]
    columns = (Column(f"Imported in {report.seconds:.1f} s"), figure("Items"))
    blocks: list[Block] = [Table(columns, counts)]
    if report.by_collection:
        rows = [(name, f"{number:,}") for name, number in sorted(report.by_collection.items())]
        blocks += [Line(""), Table((Column("New, by kind"), figure("Items")), rows)]
    return [*blocks, *_skipped(report), *_unread(report), *_next(report)]


def _skipped(report: ImportReport) -> list[Block]:
    told = [(file, each) for file in report.files for each in file.rejects]
    if not told:
        return []
    rows = [
        (safe(file.name), safe(each.position), each.why.replace("_", " "), safe(each.detail))
        for file, each in told[:MOST_SKIPPED]
    ]
    columns = (Column("Skipped in"), Column("At"), Column("Why"), Column("What is wrong"))
    blocks: list[Block] = [Line(""), Table(columns, rows)]
    if report.rejected > len(rows):
        blocks.append(Line(f"and {report.rejected - len(rows):,} more; --json names 20 per file"))
    return blocks


def _unread(report: ImportReport) -> list[Block]:
    failed = [file for file in report.files if file.error is not None]
    if not failed:
        return []
    rows = [(safe(file.name), safe(file.error or "")) for file in failed[:MOST_SKIPPED]]
    blocks: list[Block] = [Line(""), Table((Column("Not read"), Column("Why")), rows)]
    if len(failed) > len(rows):
        blocks.append(Line(f"and {counted(len(failed) - len(rows), 'file')} more"))
    return blocks


def _next(report: ImportReport) -> list[Line]:
    lines = [Line("")]
    jobs = [file for file in report.files if file.job is not None and _brought(file)]
    if jobs and jobs[0].job is not None and len(jobs) == 1:
        job = short(Kind.JOB, jobs[0].job)
        lines.append(Line(f"Take it back: sealhold import --undo {job}", "hint"))
    elif jobs:
        lines.append(Line("Take one back: sealhold source list --jobs", "hint"))
    follow = "sealhold search WORDS, or sealhold serve" if report.new or report.same else ""
    if follow:
        lines.append(Line(f"Next: {follow}", "hint"))
    return lines


def _brought(file: FileReport) -> bool:
    return bool(file.new or file.changed)
