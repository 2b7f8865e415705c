"""What does the same as a command while `sealhold serve` has the vault open: a page, a route, both.

- One process has a vault open at a time. A served one is asked at its own address, which `serve`
  prints; over HTTP with the token of `POST /v1/auth/sessions`.

Source: docs/spec/20-faces.md section 8.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Way(NamedTuple):
    """Where a served vault does what a command does; empty: nowhere."""

    page: str
    route: str


SERVED: Mapping[str, Way] = {
    "status": Way("/status", "GET /v1/status"),
    "import": Way("/sources", "POST /v1/sources"),
    "source list": Way("/sources", "GET /v1/sources"),
    "source kinds": Way("/sources/add", ""),
    "source add": Way("/sources/add", ""),
    "source show": Way("/sources", ""),
    "source run": Way("/sources", ""),
    "source pause": Way("/sources", ""),
    "source resume": Way("/sources", ""),
    "source set": Way("/sources", ""),
    "source login": Way("/sources", ""),
    "source accept": Way("/sources", ""),
    "source remove": Way("/sources", ""),
    "policy list": Way("/policies", "GET /v1/policies"),
    "policy show": Way("/policies", "GET /v1/policies/{id}"),
    "policy add": Way("/policies", "POST /v1/policies"),
    "policy remove": Way("/policies", "POST /v1/policies/{id}/remove"),
    "policy token show": Way("/policies", ""),
    "policy token revoke": Way("/policies", ""),
    "search": Way("/search", "GET /v1/records"),
    "key rotate": Way("", "POST /v1/keys/{kind}/rotate"),
    "backup make": Way("", "POST /v1/backups"),
    "job list": Way("", "GET /v1/jobs"),
    "job show": Way("", "GET /v1/jobs/{id}"),
    "job pause": Way("", "POST /v1/jobs/{id}/pause"),
    "job resume": Way("", "POST /v1/jobs/{id}/resume"),
    "job cancel": Way("", "POST /v1/jobs/{id}/cancel"),
    "job give-up": Way("", "POST /v1/jobs/{id}/give-up"),
    "app register": Way("/apps", "POST /v1/apps"),
    "app list": Way("/apps", "GET /v1/apps"),
    "app show": Way("/apps", "GET /v1/apps/{id}"),
    "app suspend": Way("/apps", "POST /v1/apps/{id}/suspend"),
    "app resume": Way("/apps", "POST /v1/apps/{id}/resume"),
    "schema put": Way("", "PUT /v1/apps/{id}/profile-schema"),
    "schema show": Way("", "GET /v1/apps/{id}/profile-schema"),
    "collection put": Way("", "PUT /v1/apps/{id}/collections/{coll}"),
    "collection list": Way("", "GET /v1/apps/{id}/collections"),
    "collection show": Way("", "GET /v1/apps/{id}/collections/{coll}"),
    "processing list": Way("", "GET /v1/processings"),
    "processing show": Way("", "GET /v1/processings/{id}"),
    "processing activate": Way("", "POST /v1/processings/{id}/activate"),
    "processing retire": Way("", "POST /v1/processings/{id}/retire"),
    "request inbox": Way("/requests", "GET /v1/inbox"),
    "request list": Way("/requests", "GET /v1/requests"),
    "request show": Way("/requests", "GET /v1/requests/{id}"),
    "request approve": Way("/requests", "POST /v1/requests/{id}/approve"),
    "request deny": Way("/requests", "POST /v1/requests/{id}/refuse"),
    "grant show": Way("/policies", "GET /v1/grants/{id}/sources"),
    "grant list": Way("/apps", "GET /v1/grants"),
    "grant pause": Way("/apps", "POST /v1/grants/{id}/pause"),
    "grant resume": Way("/apps", "POST /v1/grants/{id}/resume"),
    "grant revoke": Way("/apps", "DELETE /v1/grants/{id}"),
    "run": Way("/apps", "POST /v1/grants/{id}/runs"),
    "budget show": Way("/budgets", "GET /v1/caps"),
    "budget set": Way("/budgets", "PUT /v1/caps/{kind}"),
    "audit show": Way("/ledger", "GET /v1/audit/ledger"),
    "audit verify": Way("/ledger", "POST /v1/audit/verify"),
}


def instead(command: tuple[str, ...]) -> str | None:
    """Return what to do in place of `command` while the vault is served; None: nothing does it."""
    way = SERVED.get(" ".join(command))
    if way is None:
        return None
    page = f"its page `{way.page}`" if way.page else ""
    route = f"`{way.route}`" if way.route else ""
    told = " or ".join(filter(None, (page, route)))
    return f"if `sealhold serve` has it open, {told} at the address that it printed"
