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
    items,
    ledger,
    login,
    me,
    mylogin,
    request,
    requests,
    slips,
    statement,
    status,
)
from sealhold.frontends.web.visit import Handler, Outcome, PageRoute, Visit


def _later(name: str) -> Handler:
    """Return what answers by a page that is loaded with its first visit: idle vaults need none."""

    def answer(visit: Visit) -> Outcome:
        from sealhold.frontends.web.pages.seldom import HANDLERS  # noqa: PLC0415  # reason: see above

        return HANDLERS[name](visit)

    return answer


_SOURCES = (
    PageRoute(
        path="/sources",
        get=_later("sources.show"),
        post=_later("importing.look"),
        takes_files=True,
    ),
    PageRoute(path="/sources/add", get=_later("source_add.show"), post=_later("source_add.add")),
    PageRoute(path="/sources/import", post=_later("importing.take")),
    PageRoute(path="/sources/import/back", post=_later("importing.back")),
    PageRoute(path="/sources/import/drop", post=_later("importing.drop")),
    PageRoute(path="/sources/table", post=_later("importing.table")),
    PageRoute(path="/sources/mappings/forget", post=_later("source.forget")),
    PageRoute(path="/sources/{id}", get=_later("source.show")),
    PageRoute(path="/sources/{id}/run", post=_later("sources.run")),
    PageRoute(path="/sources/{id}/pause", post=_later("sources.pause")),
    PageRoute(path="/sources/{id}/resume", post=_later("sources.resume")),
    PageRoute(path="/sources/{id}/schedule", post=_later("source.schedule")),
    PageRoute(path="/sources/{id}/login", post=_later("source.login")),
    PageRoute(path="/sources/{id}/accept", post=_later("source.accept")),
    PageRoute(path="/sources/{id}/mode", post=_later("source.mode")),
    PageRoute(path="/sources/{id}/remove", post=_later("source.remove")),
    PageRoute(path="/sources/{id}/readings/{job}/undo", post=_later("source.take_back")),
)
_POLICIES = (
    PageRoute(path="/policies", get=_later("policies.show"), post=_later("policies.add")),
    PageRoute(path="/policies/{id}/remove", post=_later("policies.remove")),
    PageRoute(path="/policies/tokens/{id}/revoke", post=_later("policies.revoke_token")),
)

_DEVICES = (
    PageRoute(path="/devices", get=_later("devices.show")),
    PageRoute(path="/devices/begin", post=_later("devices.begin")),
    PageRoute(path="/devices/sync", post=_later("devices.sync")),
    PageRoute(path="/devices/choose", post=_later("devices.choose")),
    PageRoute(path="/devices/history", get=_later("pasts.show")),
    PageRoute(path="/devices/history/restore", post=_later("pasts.restore")),
    PageRoute(path="/devices/{id}", get=_later("devices.one")),
    PageRoute(path="/devices/{id}/rename", post=_later("devices.rename")),
    PageRoute(path="/devices/{id}/revoke", post=_later("devices.revoke")),
)

_SHARING = (
    PageRoute(path="/sharing", get=_later("sharing.show")),
    PageRoute(path="/sharing/card", post=_later("sharing.card")),
    PageRoute(path="/sharing/contacts", post=_later("sharing.contacts")),
    PageRoute(path="/sharing/contacts/{id}", get=_later("sharing.contact")),
    PageRoute(path="/sharing/contacts/{id}/verify", post=_later("sharing.verify")),
    PageRoute(path="/sharing/contacts/{id}/reach", post=_later("sharing.allow")),
    PageRoute(path="/sharing/contacts/{id}/forget", post=_later("sharing.forget")),
    PageRoute(path="/sharing/new", get=_later("sharing_new.show"), post=_later("sharing_new.look")),
    PageRoute(path="/sharing/make", post=_later("sharing_new.make")),
    PageRoute(path="/sharing/given/{id}", get=_later("sharing.given")),
    PageRoute(path="/sharing/given/{id}/revoke", post=_later("sharing.revoke")),
    PageRoute(path="/sharing/offers/{id}/accept", post=_later("sharing.accept")),
    PageRoute(path="/sharing/received/{id}", get=_later("sharing.received")),
    PageRoute(path="/sharing/received/{id}/open", post=_later("sharing.open_")),
)
_KEYS = (PageRoute(path="/keys", get=_later("keys.show")),)


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
        PageRoute(path="/grants/{id}/pause", post=apps.pause),
        PageRoute(path="/grants/{id}/resume", post=apps.go_on),
        PageRoute(path="/grants/{id}/run", post=apps.run),
        *_SOURCES,
        *_POLICIES,
        *_DEVICES,
        *_SHARING,
        *_KEYS,
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
        *mylogin.ROUTES,
    )
