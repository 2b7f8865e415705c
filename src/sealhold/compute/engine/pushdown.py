"""Where the owner's SQL is answered in an engine: over files whose tables are left in place.

- The places are told when a query comes: the engine that is warm may read those files and no other.

Source: docs/spec/38-in-place.md section 7.
"""

from collections.abc import Sequence
from typing import Final

from sealhold.compute.engine.cell import UnfitError
from sealhold.compute.engine.fields import fields_of
from sealhold.compute.engine.orders import Answer, Ask, View
from sealhold.compute.engine.warm import WarmEngine, files_of
from sealhold.model.errors import SourceAwayError
from sealhold.vault.pushdown import There, Told
from sealhold.vault.views import MAX_ROWS, TIME_S

_LATE: Final = 30.0  # seconds that an answer may take behind its time


class EnginePushdown:
    """Answers the owner's SQL where the tables lie."""

    def __init__(self, engine: WarmEngine | None = None) -> None:
        self._engine = engine or WarmEngine()

    def __call__(self, sql: str, places: Sequence[There]) -> Told | None:
        """Return what a query gives, or None if it is to be answered in the ordinary way.

        Raises:
            SourceAwayError: a file cannot be opened.
            InvalidQueryError: it took too long or too much memory.
        """
        views = tuple(_view(each) for each in places)
        files = tuple(sorted({file for view in views for file in files_of(view.path)}))
        order = Ask(sql=sql, views=views, most=MAX_ROWS, seconds=TIME_S)
        try:
            with self._engine.of(files) as engine:
                said = [*engine.ask(order, TIME_S + _LATE)]
        except UnfitError:
            return None
        except OSError as err:
            raise SourceAwayError("the file cannot be opened") from err
        answers = [each for each in said if isinstance(each, Answer)]
        if len(answers) != 1:
            return None
        found = answers[0]
        rows = tuple(map(tuple, found.rows))
        return Told(columns=found.columns, rows=rows, is_cut=found.is_cut)

    def close(self) -> None:
        """Let go of the engine."""
        self._engine.close()


def _view(there: There) -> View:
    settings = there.source.settings
    query = str(settings.get("query") or "")
    return View(
        name=str(there.dataset.name),
        kind=there.source.kind,
        path=str(settings.get("place") or ""),
        what=query or str(settings.get("table") or ""),
        is_query=bool(query),
        source=there.source.name,
        key=tuple(there.dataset.natural_key),
        fields=fields_of(there.dataset, settings),
    )
