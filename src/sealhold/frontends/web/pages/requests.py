"""All requests: those that wait, with what is new in each, and what became of the others.

- A request is refused from here; it is allowed on its own page alone, where all of it stands.
"""

from sealhold.frontends.web.texts import ENGLISH
from sealhold.frontends.web.visit import Outcome, Page, Visit
from sealhold.model.shown import RequestState

_WHAT = "inbox.what_"
KNOWN = frozenset(key.removeprefix(_WHAT) for key in ENGLISH if key.startswith(_WHAT))


def show(visit: Visit) -> Outcome:
    """Return the list."""
    lines = visit.vault.requests.list()
    return Page(
        template="requests.html",
        values={
            "waiting": visit.vault.dataware.inbox(),
            "known": KNOWN,
            "decided": [line for line in lines if line.state is not RequestState.WAITING],
        },
    )
