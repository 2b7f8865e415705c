"""All requests: those that wait, and what became of the others."""

from sealhold.frontends.web.visit import Outcome, Page, Visit
from sealhold.model.shown import RequestState


def show(visit: Visit) -> Outcome:
    """Return the list."""
    lines = visit.vault.requests.list()
    return Page(
        template="requests.html",
        values={
            "waiting": [line for line in lines if line.state is RequestState.WAITING],
            "decided": [line for line in lines if line.state is not RequestState.WAITING],
        },
    )
