"""Numbers of a served vault in the text form that Prometheus reads, version 0.0.4.

- Names begin with `sealhold_`. Labels are method, route and status alone, none of a person or app.

Source: docs/spec/29-operations.md section 3; the text-based format of Prometheus.
"""

from collections.abc import Iterator
from itertools import accumulate

from sealhold import __version__
from sealhold.frontends.http.counting import BOUNDS, Counts
from sealhold.model.shown.serving import Gauges

MEDIA = "text/plain; version=0.0.4; charset=utf-8"


def exposition(counts: Counts, gauges: Gauges) -> bytes:
    """Return all numbers as lines."""
    lines = [*_of_answers(counts), *_of_vault(gauges)]
    return ("\n".join(lines) + "\n").encode()


def _of_answers(counts: Counts) -> Iterator[str]:
    yield from _head("requests_total", "counter", "Answers, by method, route and status.")
    for (method, route, status), number in sorted(counts.answers.items()):
        labels = f'method="{method}",route="{route}",status="{status}"'
        yield f"sealhold_requests_total{{{labels}}} {number}"
    yield from _head("request_seconds", "histogram", "How long answers took, by route.")
    for route, times in sorted(counts.times.items()):
        *within, most = accumulate(times.within)
        for bound, number in zip(BOUNDS, within, strict=True):
            yield f'sealhold_request_seconds_bucket{{route="{route}",le="{bound:g}"}} {number}'
        yield f'sealhold_request_seconds_bucket{{route="{route}",le="+Inf"}} {most}'
        yield f'sealhold_request_seconds_sum{{route="{route}"}} {times.total:.6f}'
        yield f'sealhold_request_seconds_count{{route="{route}"}} {most}'
    yield from _one("requests_inside", "gauge", "Requests that are being answered.", counts.inside)


def _of_vault(now: Gauges) -> Iterator[str]:
    yield from _head("build_info", "gauge", "The version, as a label.")
    yield f'sealhold_build_info{{version="{__version__}"}} 1'
    yield from _one("queue_depth", "gauge", "Pieces of work that wait to be written.", now.waiting)
    yield from _one("batches_total", "counter", "Commits since the vault was opened.", now.batches)
    yield from _one("works_total", "counter", "Pieces of work in these commits.", now.works)
    yield from _one("log_entries", "gauge", "Entries of the audit log.", now.log_size)
    yield from _one("writing", "gauge", "1 if what is asked for can be written.", now.is_writing)
    yield from _one("disk_full", "gauge", "1 if puts are refused for want of room.", now.is_full)
    yield from _one("disk_free_bytes", "gauge", "Free, where the vault lies.", now.disk_free)
    yield from _one("disk_size_bytes", "gauge", "Of that disk in all.", now.disk_size)
    yield from _head("reserve_bytes", "gauge", "Room that is kept for a full disk.")
    yield f'sealhold_reserve_bytes{{of="reads"}} {now.reads_reserve}'
    yield f'sealhold_reserve_bytes{{of="rights"}} {now.rights_reserve}'
    yield from _one("epoch", "gauge", "The epoch in force.", now.epoch)
    due = f"{(now.epoch_due or 0) / 1000:.3f}"
    about = "By when it is to be closed, in seconds since 1970; 0 if nothing was erased in it."
    yield from _one("epoch_due_timestamp_seconds", "gauge", about, due)


def _one(name: str, kind: str, about: str, value: float | str) -> Iterator[str]:
    yield from _head(name, kind, about)
    yield f"sealhold_{name} {value if isinstance(value, str) else int(value)}"


def _head(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP sealhold_{name} {about}"
    yield f"# TYPE sealhold_{name} {kind}"
