"""Every page address, in one table: guards, tests and navigation are made from it.

- A GET changes nothing. A POST needs the session's token; only `/unlock`, `/login` and the ways
  in to a person's own page are open to all.

Source: docs/spec/20-faces.md section 2.
"""

from sealhold.frontends.web.assets import Assets
from sealhold.frontends.web.pages import (
    apps,
    budgets,
    gate,
    home,
    importing,
    items,
    ledger,
    login,
    me,
    policies,
    request,
    requests,
    slips,
    source,
    source_add,
    sources,
    statement,
    status,
)
from sealhold.frontends.web.visit import PageRoute

_SOURCES = (
    PageRoute(path="/sources", get=sources.show, post=importing.look, takes_files=True),
    PageRoute(path="/sources/add", get=source_add.show, post=source_add.add),
    PageRoute(path="/sources/import", post=importing.take),
    PageRoute(path="/sources/import/back", post=importing.back),
    PageRoute(path="/sources/import/drop", post=importing.drop),
    PageRoute(path="/sources/table", post=importing.table),
    PageRoute(path="/sources/mappings/forget", post=source.forget),
    PageRoute(path="/sources/{id}", get=source.show),
    PageRoute(path="/sources/{id}/run", post=sources.run),
    PageRoute(path="/sources/{id}/pause", post=sources.pause),
    PageRoute(path="/sources/{id}/resume", post=sources.resume),
    PageRoute(path="/sources/{id}/schedule", post=source.schedule),
    PageRoute(path="/sources/{id}/login", post=source.login),
    PageRoute(path="/sources/{id}/accept", post=source.accept),
    PageRoute(path="/sources/{id}/mode", post=source.mode),
    PageRoute(path="/sources/{id}/remove", post=source.remove),
    PageRoute(path="/sources/{id}/readings/{job}/undo", post=source.take_back),
)
_POLICIES = (
    PageRoute(path="/policies", get=policies.show, post=policies.add),
    PageRoute(path="/policies/{id}/remove", post=policies.remove),
    PageRoute(path="/policies/tokens/{id}/revoke", post=policies.revoke_token),
)


def page_routes(assets: Assets) -> tuple[PageRoute, ...]:
    """Return the table; `assets` are what `/status` tells the digests of."""
    return (
        PageRoute(path="/unlock", get=gate.ask, post=gate.unlock, is_open=True),
        PageRoute(path="/lock", post=gate.lock),
        PageRoute(path="/scheme", post=gate.scheme),
        PageRoute(path="/", get=home.show),
        PageRoute(path="/timeline", get=items.timeline),
        PageRoute(path="/search", get=items.search),
        PageRoute(path="/items/{id}", get=items.show),
        PageRoute(path="/requests", get=requests.show),
        PageRoute(path="/requests/{id}", get=request.show),
        PageRoute(path="/requests/{id}/code", get=request.code),
        PageRoute(path="/requests/{id}/allow", post=request.allow),
        PageRoute(path="/requests/{id}/preview", post=request.preview),
        PageRoute(path="/requests/{id}/refuse", post=request.refuse),
        PageRoute(path="/apps", get=apps.show, post=apps.register),
        PageRoute(path="/apps/{id}/suspend", post=apps.suspend),
        PageRoute(path="/apps/{id}/resume", post=apps.resume),
        PageRoute(path="/budgets", get=budgets.show),
        PageRoute(path="/budgets/{kind}", post=budgets.set_),
        PageRoute(path="/grants/{id}/revoke", post=apps.revoke),
        PageRoute(path="/grants/{id}/run", post=apps.run),
        *_SOURCES,
        *_POLICIES,
        PageRoute(path="/ledger", get=ledger.show),
        PageRoute(path="/ledger/verify", post=ledger.verify),
        PageRoute(path="/ledger/tamper", post=ledger.tamper),
        PageRoute(path="/ledger/leaves", get=ledger.leaves),
        PageRoute(path="/ledger/{seq}/proof", get=ledger.proof),
        PageRoute(path="/statement", get=statement.newest),
        PageRoute(path="/statement/{month}", get=statement.show),
        PageRoute(path="/statement/{month}/paper", get=statement.paper),
        PageRoute(path="/statement/{month}/file", get=statement.file),
        PageRoute(path="/statement/{month}/log", get=statement.log),
        PageRoute(path="/receipts/{id}", get=slips.show),
        PageRoute(path="/receipts/{id}/proof", get=slips.proof),
        PageRoute(path="/receipts/{id}/owner", get=slips.owner),
        PageRoute(path="/status", get=status.show_with(assets)),
        *login.ROUTES,
        *me.ROUTES,
    )
