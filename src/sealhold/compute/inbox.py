"""The inbox: requests that wait, each with what is new against what its app asked for before.

- Compared is with the newest request of the same app that the owner said yes to, of this task if
  any is; told is what is another thing or more. Less of anything needs no second look.

Source: docs/spec/39-dataware.md section 3.
"""

from collections.abc import Callable

from sealhold.compute.asked import Asked
from sealhold.compute.asking import Requests
from sealhold.compute.office import Office, read
from sealhold.model.quantities import Instant, rfc3339, show_bits
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import Difference, InboxLine
from sealhold.policy.names import visible
from sealhold.policy.request import material_change

_SEEN = frozenset(
    {RequestState.ALLOWED, RequestState.SUSPENDED, RequestState.SPENT, RequestState.REVOKED}
)
_TOLD: dict[str, Callable[[Asked], str]] = {
    "purpose": lambda asked: asked.wish.purpose,
    "param": lambda asked: asked.wish.param,
    "selection": lambda asked: asked.wish.selection,
    "destination": lambda asked: (
        f"{visible(asked.wish.destination.name)},"
        f" {asked.wish.destination.url}, key {asked.wish.destination.box_key.hex()[:12]}"
    ),
    "schedule": lambda asked: asked.wish.schedule.value,
    "retention_days": lambda asked: f"{asked.wish.retention_days} days",
    "budget_micro_bits": lambda asked: f"{show_bits(asked.wish.budget)} bits",
    "mode": lambda asked: asked.wish.mode.value,
    "until": lambda asked: rfc3339(asked.wish.until),
}
_OF_TASK: dict[str, Callable[[Asked], str]] = {
    "dataset": lambda asked: asked.dataset.name,
    "columns": lambda asked: ", ".join(sorted(asked.signed.task.fields)),
    "program": lambda asked: asked.signed.task.code.sha256[:12],
    "task": lambda asked: (
        f"{visible(asked.signed.task.name)} {asked.signed.task.version},"
        f" {asked.signed.task.digest.hex()[:12]}"
    ),
}


def inbox(office: Office, requests: Requests) -> tuple[InboxLine, ...]:
    """Return the requests that wait, the newest first."""
    lines = []
    for line in requests.list():
        if line.state is not RequestState.WAITING:
            continue
        asked = read(office, office.requests.get(line.id))
        former = _former(office, asked)
        new = () if former is None else differences(former, asked)
        lines.append(
            InboxLine(request=line, former=None if former is None else former.row.id, new=new)
        )
    return tuple(lines)


def differences(former: Asked, asked: Asked) -> tuple[Difference, ...]:
    """Return each point in which `asked` asks for something else or for more than `former`."""
    changed = material_change(former.wish, asked.wish)
    told = {name: words for name, words in _TOLD.items() if name in changed}
    if "task" in changed:
        told |= {n: words for n, words in _OF_TASK.items() if words(former) != words(asked)}
    return tuple(
        Difference(what=name, before=words(former), now=words(asked))
        for name, words in told.items()
    )


def _former(office: Office, asked: Asked) -> Asked | None:
    """Return the newest request of the app that the owner said yes to, of this task if any is."""
    history = office.requests.of_app(asked.app.id)
    seen = [row for row in history if row.state in _SEEN and row.id != asked.row.id]
    found = [read(office, row) for row in seen]
    alike = [each for each in found if each.signed.task.name == asked.signed.task.name]
    return max(alike or found, key=_when, default=None)


def _when(asked: Asked) -> Instant:
    return asked.row.received_at
