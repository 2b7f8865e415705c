"""The months of the sample vault."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from sealhold.model.ids import GrantId
from sealhold.model.shown import RequestState
from sealhold.model.shown.statement import Odd, Statement
from tests.unit.month_log import APPS, MonthLog, by_chance
from tests.web.sample_data import NOW
from tests.web.sample_state import Part

NAMES = ("GreenCorp HR", "Desk assistant", "Tariff Finder", "Heat & Home Co-op")


@cache
def _log(*, empty: bool) -> MonthLog:
    return MonthLog() if empty else by_chance(61)


class SampleStatements(Part):
    """What a month came to."""

    def statement(self, month_text: str) -> Statement:
        names = {
            app.hex(): name + self._vault.stranger
            for app, name in zip(APPS, NAMES * 4, strict=False)
        }
        log = _log(empty=not self._vault.item_lines)
        return replace(log.statement(month_text), names=names)

    def paper(self, statement: Statement) -> bytes:
        return _log(empty=not self._vault.item_lines).paper(statement.drawn.month)

    def export(self) -> Iterator[bytes]:
        yield _log(empty=not self._vault.item_lines).export()

    def alerts(self) -> tuple[Odd, ...]:
        apps = list(self._vault.app_views)
        return tuple(
            Odd(rule="new_hour", app=app.hex(), at=NOW, about="03", indices=(5,))
            for app in apps[:1]
        )

    def grant_of(self, odd: Odd) -> GrantId | None:
        held = (one for one in self._vault.grant_views if one.app.hex() == odd.app)
        return next((one.id for one in held if one.state is RequestState.ALLOWED), None)
