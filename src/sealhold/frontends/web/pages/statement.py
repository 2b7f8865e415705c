"""The statement of a month as a page: what is read in a minute, each line of it, papers to keep.

- What is odd stands above, with the buttons that pause the one grant that it is about, and stop the
  app: both narrow, so they need no proof.
"""

from dataclasses import dataclass

from sealhold.frontends.web.pattern import rosette
from sealhold.frontends.web.sheetlines import tables_of
from sealhold.frontends.web.sheetpaper import html_of
from sealhold.frontends.web.sheets import HEAD, month_beside, month_of, odd_words, sheet_of
from sealhold.frontends.web.visit import Outcome, Page, Paper, Visit
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Id16, canonical
from sealhold.model.shown import AppView, GrantView, RequestState
from sealhold.model.shown.statement import Odd


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something odd, and whom to stop."""

    odd: Odd
    words: str
    app: AppView | None  # None: nobody to stop
    grant: GrantView | None  # in force, and the only one that it is about: it can be paused


def newest(visit: Visit) -> Outcome:
    """Return the statement of this month, so far."""
    return _page(visit, month_of(visit.now))


def show(visit: Visit) -> Outcome:
    """Return the statement of one month."""
    return _page(visit, visit.names["month"])


def paper(visit: Visit) -> Outcome:
    """Return the signed paper."""
    month = visit.names["month"]
    data = visit.vault.statements.paper(visit.vault.statements.statement(month))
    return Paper(name=f"statement-{month}.json", media="application/json", data=data)


def file(visit: Visit) -> Outcome:
    """Return the page as one file."""
    month = visit.names["month"]
    html = html_of(visit.vault.statements.statement(month))
    return Paper(name=f"statement-{month}.html", media="text/html", data=html.encode())


def log(visit: Visit) -> Outcome:
    """Return the whole log, to add a statement up again by."""
    data = b"".join(visit.vault.statements.export())
    return Paper(name="log.txt", media="text/plain", data=data)


def _page(visit: Visit, month: str) -> Page:
    statement = visit.vault.statements.statement(month)
    this = month_of(visit.now)
    is_detail = visit.query.one("level") == "detail"
    return Page(
        template="statement.html",
        values={
            "month": month,
            "before": month_beside(month, -1),
            "after": month_beside(month, 1) if month < this else None,
            "sheet": sheet_of(statement),
            "head": HEAD,
            "pattern": rosette(statement.end.root, "root"),
            "tables": tuple(tables_of(statement)) if is_detail else (),
            "is_detail": is_detail,
            "alerts": _alerts(visit) if month == this else (),
        },
    )


def _alerts(visit: Visit) -> tuple[Alert, ...]:
    found = []
    for odd in visit.vault.statements.alerts():
        app = _app(visit, odd.app)
        name = app.name if app is not None else "An app"
        grant = _grant(visit, odd, app)
        found.append(Alert(odd=odd, words=odd_words(odd, name), app=app, grant=grant))
    return tuple(found)


def _grant(visit: Visit, odd: Odd, app: AppView | None) -> GrantView | None:
    found = visit.vault.statements.grant_of(odd)
    known = app.grants if app is not None else visit.vault.grants.list()
    held = (each for each in known if each.state is RequestState.ALLOWED)
    return next((each for each in held if each.id == found), None)


def _app(visit: Visit, app: str) -> AppView | None:
    try:
        return visit.vault.apps.show(canonical(Id16(bytes.fromhex(app)))) if app else None
    except NotFoundError:
        return None
