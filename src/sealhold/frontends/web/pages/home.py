"""Home: what waits, what was told, what came in today, and how things stand."""

from datetime import datetime

from sealhold.frontends.web.formats import local
from sealhold.frontends.web.uses import Use, of_lines
from sealhold.frontends.web.visit import Outcome, Page, Visit
from sealhold.model.ids import canonical
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import AppView, ItemLine, RequestState

DAY_LINES = 7  # of items and uses together; the timeline has them all
LOOK_BACK = 500  # log entries searched for the uses of today


def show(visit: Visit) -> Outcome:
    """Return Home."""
    vault = visit.vault
    waiting = [line for line in vault.requests.list() if line.state is RequestState.WAITING]
    newest = vault.records.timeline(None, DAY_LINES)
    today = vault.records.today()
    uses = _uses_today(visit)
    meters = vault.budgets.meters()
    now = local(visit.now)
    return Page(
        template="home.html",
        values={
            "headline": _headline(len(waiting)),
            "card": vault.requests.show(canonical(waiting[0].id)) if waiting else None,
            "total_items": newest.total,
            "today": today,
            "today_total": sum(number for _, number in today),
            "minutes": now.hour * 60 + now.minute,
            "uses": uses,
            "use_hours": tuple(_hours(local(line.at)) for line in uses),
            "day_lines": _merged(_of_day(newest.items, visit.now), uses),
            "year": now.year,
            "all_told": meters[0] if meters else None,
            "app_sums": _sums(vault.apps.list()),
            "sources": vault.sources.list()[:4],
        },
    )


def _headline(waiting: int) -> str:
    return {0: "home.nobody", 1: "home.one"}.get(waiting, "home.many")


def _uses_today(visit: Visit) -> tuple[Use, ...]:
    today = local(visit.now).date()
    lines = visit.vault.audit.ledger(None, LOOK_BACK)
    return of_lines(visit, (line for line in lines if local(line.at).date() == today))


def _of_day(items: tuple[ItemLine, ...], now: Instant) -> tuple[ItemLine, ...]:
    today = local(now).date()
    return tuple(item for item in items if item.at is not None and local(item.at).date() == today)


def _hours(at: datetime) -> float:
    return at.hour + at.minute / 60


def _merged(items: tuple[ItemLine, ...], uses: tuple[Use, ...]) -> list[tuple[str, ItemLine | Use]]:
    """Return the newest items and uses in one order of time."""
    lines: list[tuple[str, ItemLine | Use]] = [("item", item) for item in items]
    lines += [("use", use) for use in uses]
    lines.sort(key=lambda pair: pair[1].at or Instant(0), reverse=True)
    return lines[:DAY_LINES]


def _sums(apps: tuple[AppView, ...]) -> list[tuple[str, MicroBits]]:
    told = [(app.name, app.meter.used) for app in apps if app.meter.used]
    return sorted(told, key=lambda pair: pair[1], reverse=True)[:5]
