"""What folders were: versions of files, and putting something back after a look.

- A restore writes new versions and can be undone by another one, so it needs a press alone; what
  it does is on the page before.
"""

from sealhold.frontends.web.pages.circling import TOLD, instant_of
from sealhold.frontends.web.visit import Fields, Outcome, Page, Visit
from sealhold.model.errors import InvalidError, NotADeviceError, SealholdError
from sealhold.model.quantities import Instant
from sealhold.model.shown.pasts import RestoreView

MANY = 500  # files or versions that are listed
FEW = 40  # changes that are listed
MAX_DIGITS = 18
EXACT = "exact"


def show(visit: Visit) -> Outcome:
    """Return the versions of a file, or the files of a folder, as the query says."""
    pasts, spot = visit.vault.circle.pasts, visit.query.one("spot").strip("/")
    try:
        collections = pasts.collections()
    except NotADeviceError:
        collections = ()
    trouble: SealholdError | None = None
    history = None
    try:
        at = instant_of(visit.query.one("at"))
        spot = spot or (collections[0] if collections else "")
        if spot:
            history = pasts.history(spot, at)
    except TOLD as err:
        trouble = err
    return Page(
        template="history.html",
        status=409 if trouble else 200,
        values={
            "collections": collections,
            "spot": spot,
            "at": visit.query.one("at"),
            "history": history,
            "many": MANY,
            "trouble": trouble,
        },
    )


def restore(visit: Visit) -> Outcome:
    """Show what putting something back does, or do it as it was shown."""
    form, pasts = visit.form, visit.vault.circle.pasts
    spot, exact, done = form.one("spot").strip("/"), form.one(EXACT) == EXACT, False
    at, trouble = Instant(0), None
    view: RestoreView | None = None
    try:
        at = _at(form)
        if shown := form.one("shown"):
            view, done = pasts.restore(spot, at, exact=exact, shown=shown), True
        else:
            view = pasts.preview(spot, at, exact=exact)
    except TOLD as err:
        trouble = err
    return Page(
        template="restore.html",
        status=409 if trouble else 200,
        values={
            "spot": spot,
            "at": at,
            "exact": exact,
            "view": view,
            "stamp": "" if view is None else view.stamp,
            "done": done,
            "few": FEW,
            "trouble": trouble,
        },
    )


def _at(form: Fields) -> Instant:
    """Return the time that a form says, as a field or as a version told it.

    Raises:
        InvalidError: none.
    """
    ms = form.one("ms")
    if ms.isascii() and ms.isdecimal() and len(ms) <= MAX_DIGITS:
        return Instant(int(ms))
    at = instant_of(form.one("at"))
    if at is None:
        raise InvalidError("say to which time")
    return at
