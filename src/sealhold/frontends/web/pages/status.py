"""How the vault is: versions, isolation, warnings, and the digests of what this page is made of."""

from sealhold.frontends.web.assets import Assets
from sealhold.frontends.web.visit import Handler, Outcome, Page, Visit


def show_with(assets: Assets) -> Handler:
    """Return the page for these static files."""

    def show(visit: Visit) -> Outcome:
        status = visit.vault.status()
        return Page(
            template="status.html",
            values={
                "status": status,
                "assets": assets.all(),
                "collections": sorted(status.by_collection.items()),
            },
        )

    return show
