"""The devices of the owner: what they sync, how the last round went, and which one goes.

- A round runs beside the pages; the list shows where it is. Taking a device in needs both screens
  side by side, and stays with the commands.
"""

from sealhold.frontends.web.pages.circling import done
from sealhold.frontends.web.visit import Go, Outcome, Page, Visit
from sealhold.model.errors import BusyError, SealholdError
from sealhold.model.quantities import Instant
from sealhold.model.shown.devices import ConflictView, FolderView

MANY = 8  # things of one kind that are listed


def show(visit: Visit) -> Outcome:
    """Return the devices, what they sync, and the last round."""
    return _list(visit)


def begin(visit: Visit) -> Outcome:
    """Become the first device of the owner."""
    form = visit.form

    def act() -> str:
        visit.vault.circle.devices.begin(form.one("name").strip(), form.one("passphrase"))
        return "/devices"

    return done(act, lambda err, status: _list(visit, err, status))


def sync(visit: Visit) -> Outcome:
    """Begin a round."""
    visit.vault.circle.devices.sync(deletes=visit.form.one("deletes") == "meant")
    return Go(to="/devices#sync")


def choose(visit: Visit) -> Outcome:
    """End a conflict in favour of one version."""

    def act() -> str:
        visit.vault.circle.devices.choose(visit.form.one("version"))
        return "/devices#conflicts"

    return done(act, lambda err, status: _list(visit, err, status))


def one(visit: Visit) -> Outcome:
    """Return one device, with what it has."""
    return _one(visit)


def rename(visit: Visit) -> Outcome:
    """Call a device otherwise."""
    id_text = visit.names["id"]

    def act() -> str:
        visit.vault.circle.devices.rename(id_text, visit.form.one("name").strip())
        return f"/devices/{id_text}"

    return done(act, lambda err, status: _one(visit, err, status))


def revoke(visit: Visit) -> Outcome:
    """Remove a device, for which its owner has seen what it has."""
    form = visit.form

    def act() -> str:
        # THREAT T565: the passphrase, and what was shown of the device, go along
        visit.vault.circle.devices.remove(
            visit.names["id"], form.one("shown"), form.one("passphrase")
        )
        return "/devices"

    return done(act, lambda err, status: _one(visit, err, status))


def _list(visit: Visit, trouble: SealholdError | None = None, status: int = 200) -> Page:
    view = visit.vault.circle.devices.look()
    return Page(
        template="devices.html",
        status=status,
        values={
            "view": view,
            "conflicts": tuple((each, _versions(each)) for each in view.conflicts),
            "held": _held(view.sync.outcome.folders if view.sync.outcome else ()),
            "many": MANY,
            "trouble": trouble,
        },
    )


def _held(folders: tuple[FolderView, ...]) -> int:
    return sum(each.held for each in folders)


def _versions(conflict: ConflictView) -> tuple[tuple[str, str, Instant], ...]:
    return tuple((id_, device, Instant(int(ms))) for id_, device, ms in conflict.versions)


def _one(visit: Visit, trouble: SealholdError | None = None, status: int = 200) -> Page:
    try:
        page = visit.vault.circle.devices.show(visit.names["id"])
    except BusyError as err:
        return _list(visit, err, 409)
    return Page(template="device.html", status=status, values={"page": page, "trouble": trouble})
