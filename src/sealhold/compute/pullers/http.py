"""Rows in JSON from a server of the web, as a dataset of their own.

- Name, columns, key and time are guessed from the first page when it is added; the owner may say
  each otherwise. What all rows had then is asked of the rows later: without it nothing is read
  until the owner accepts the new shape.

Source: docs/spec/37-live.md section 6.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from sealhold.compute.live import calling
from sealhold.compute.live.saying import Shown
from sealhold.compute.pullers.address import COMMON, Scheme, Ways, order_of
from sealhold.connectors.columns import column
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import Column, ColumnType, Dataset, Sensitivity

SCHEMES: Mapping[str, Scheme] = {
    "https": Scheme(port=443, tls="tls"),
    "http": Scheme(port=80, tls="none"),
}
TYPES = {each.name.lower(): each for each in ColumnType}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_PAGING = re.compile(r"link|none|page:[\w.\[\]-]{1,64}|cursor:[\w.-]{1,128}:[\w.\[\]-]{1,64}")


class HttpPuller:
    """Reads rows in JSON."""

    kind: ClassVar[str] = "http"
    about: ClassVar[str] = "Rows in JSON from a server of the web."
    place: ClassVar[str] = "https://api.example.org/readings"
    options: ClassVar[Mapping[str, str]] = {
        "rows": "where the rows stand in a page: `data.items`; without it its only list",
        "paging": "`link` (header), `page:PARAMETER`, `cursor:FIELD:PARAMETER` or `none`",
        "columns": "`when:instant,kwh:float`; without it guessed",
        "key": "columns that name a row, with commas; without it guessed",
        "time": "the column of its time; without it guessed",
        "sensitivity": "0 public to 3 special; 2 without it",
        **COMMON,
    }
    is_local: ClassVar[bool] = False
    is_whole: ClassVar[bool] = True
    can_stay: ClassVar[bool] = True

    def __init__(self, names: Mapping[str, list[str]] | None = None) -> None:
        self._ways = Ways(schemes=SCHEMES, names=names or {})

    def check(self, where: Where) -> Health:
        """Look at the first page: what its rows are."""
        _paging(where.settings)
        found = calling.check(order_of(self.kind, where, self._ways, is_check=True, cursor=None))
        settings = {name: value for name, value in where.settings.items() if name != "shape"}
        told = settings.pop("dataset", None)
        if isinstance(told, dict):  # it was added before: what was accepted stands
            return Health(sentence=found.sentence, settings=where.settings)
        shape: Plain = {name: kind for name, kind, is_always in found.columns if is_always}
        return Health(
            sentence=found.sentence,
            settings={**settings, "shape": shape},
            dataset=dataset_of(found, settings, told),
        )

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield the rows as JSON lines, unless the server says that none changed."""
        order = order_of(self.kind, where, self._ways, is_check=False, cursor=cursor)
        yield from calling.pull(order, (JsonLines.name, JsonLines.version))


def _paging(settings: Mapping[str, Plain]) -> None:
    said = settings.get("paging", "link")
    if not isinstance(said, str) or not _PAGING.fullmatch(said):
        raise InvalidError("`paging` is `link`, `none`, `page:NAME` or `cursor:FIELD:NAME`")


def dataset_of(found: Shown, settings: Mapping[str, Plain], told: Plain) -> Dataset:
    """Return what the rows are, by what was found and what the owner says.

    Raises:
        InvalidError: an option does not fit what was found.
    """
    columns = _columns(found, settings.get("columns"))
    names = [each.name for each in columns]
    if not names:
        raise InvalidError("there is no row to guess the columns from: say `--with columns=...`")
    key = _among(names, "key", settings.get("key"), found.key)
    time = _among(names, "time", settings.get("time"), [found.time] if found.time else [])
    level = settings.get("sensitivity", "2")
    if level not in ("0", "1", "2", "3"):
        raise InvalidError("`sensitivity` is 0, 1, 2 or 3")
    return Dataset(
        name=_name(told, settings),
        columns=tuple(columns),
        time_column=FieldName(time[0]) if time else None,
        natural_key=tuple(FieldName(each) for each in key),
        sensitivity=Sensitivity(int(str(level))),
        granularity="a row, because the server gives rows",
    )


def _columns(found: Shown, said: Plain) -> list[Column]:
    if not said:
        return [column(name, ColumnType[kind], "as found") for name, kind, _ in found.columns]
    columns = []
    for each in str(said).split(","):
        name, _, kind = each.strip().rpartition(":")
        if not name or kind not in TYPES:
            kinds = ", ".join(f"`{one}`" for one in sorted(TYPES))
            raise InvalidError(f"a column is `NAME:TYPE`, a type one of {kinds}")
        columns.append(column(name, TYPES[kind], "as said"))
    return columns


def _among(names: list[FieldName], what: str, said: Plain, found: list[str]) -> list[str]:
    wanted = [each.strip() for each in str(said).split(",")] if said else found
    for each in wanted:
        if each not in names and said:
            raise InvalidError(f"`{what}` names no column: `{each}`")
    return [each for each in wanted if each in names]


def _name(told: Plain, settings: Mapping[str, Plain]) -> Collection:
    """Return the name of the dataset: what the owner says, else what the address ends in.

    Raises:
        InvalidError: neither is a name.
    """
    path = urlsplit(str(settings["place"])).path.rstrip("/").rpartition("/")[2].lower()
    last = re.sub(r"[^a-z0-9]+", "_", path.removesuffix(".json")).strip("_")
    name = str(told or last)
    if not _NAME.fullmatch(name):
        raise InvalidError("say what the rows are called: `--with dataset=NAME`, in a-z, 0-9, _")
    return Collection(name)
