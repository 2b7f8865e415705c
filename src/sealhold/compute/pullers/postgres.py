"""A table of a PostgreSQL server, or a query there, read in a transaction that can write nothing.

- The password is the account's secret and stands in no setting.

Source: docs/spec/38-in-place.md section 6.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from sealhold.compute.engine.orders import Begin
from sealhold.compute.pullers.tabular import SELECTING, Table, looked, pieces, selected
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.model.errors import InvalidError

_FORM = "an address is written `postgresql://user@host/database`"


class PostgresPuller:
    """Reads a table of a PostgreSQL server."""

    kind: ClassVar[str] = "postgres"
    about: ClassVar[str] = "A table of a PostgreSQL server, where it lies."
    place: ClassVar[str] = "postgresql://me@db.example.org/accounts"
    options: ClassVar[Mapping[str, str]] = {
        "table": "which table, `schema.table` too",
        **SELECTING,
    }
    is_local: ClassVar[bool] = False
    is_whole: ClassVar[bool] = True
    can_stay: ClassVar[bool] = True

    def check(self, where: Where) -> Health:
        """Look which columns and how many rows the table has."""
        table, host = _table(where)
        return looked(table, where, host)

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield its rows."""
        yield from pieces(_table(where)[0], where, cursor)


def _table(where: Where) -> tuple[Table, str]:
    place = where.settings.get("place")
    try:
        parts = urlsplit(str(place))
        is_right = parts.scheme == "postgresql" and parts.hostname and (parts.port or 1)
    except ValueError as err:
        raise InvalidError(_FORM) from err
    if not is_right or not parts.username:
        raise InvalidError(_FORM)
    if parts.password is not None:  # THREAT T406: settings are shown, a secret never is
        raise InvalidError("a password does not belong into an address: use `--login`")
    what, is_query = selected(where)
    begin = Begin(kind="postgres", address=str(place), secret=where.secret)
    return Table(begin=begin, what=what, is_query=is_query), str(parts.hostname)
