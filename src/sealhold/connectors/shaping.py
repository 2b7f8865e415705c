"""Rows of a table as items of the dataset that the table's owner named.

- The dataset was laid down when the source was added: its columns, its key, its time.
- A value that is not of its column's type is kept in `raw` and empty in its column, never guessed.

Source: docs/spec/36-sources.md section 3.
"""

import math
from collections.abc import Mapping

from msgspec import structs

from sealhold.connectors.spec import Batch, Item
from sealhold.connectors.times import parse_time
from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection, FieldName
from sealhold.model.records import Column, ColumnType, Dataset, Sensitivity

ROWS = "rows"  # the dataset of whatever is a table


def shaped(batch: Batch, dataset: Dataset | None) -> Batch:
    """Return a batch whose rows are items of `dataset`; as it is without one."""
    if dataset is None:
        return batch
    return structs.replace(batch, items=[_shaped(item, dataset) for item in batch.items])


def _shaped(item: Item, dataset: Dataset) -> Item:
    cells = item.fields.get("cells") if item.dataset == ROWS else item.fields
    if not isinstance(cells, dict):
        cells = {}
    fields: dict[str, Plain] = {}
    left: dict[str, Plain] = {}
    inner: set[str] = set()  # cells that stand in a column as the object they were
    for column in dataset.columns:
        value = cells.get(column.name)
        if value is None and column.type is ColumnType.LIST:
            value = _gathered(cells, column.name)
            inner.update(f"{column.name}.{key}" for key in value or ())
        fitting = _fitting(value, column.type)
        fields[column.name] = fitting
        if fitting is None and value is not None:
            left[column.name] = value
    left |= {
        name: value for name, value in cells.items() if name not in fields and name not in inner
    }
    return Item(
        dataset=dataset.name,
        fields=fields,
        raw=left or None,
        original_id=_key(fields, dataset.natural_key),
        position=item.position,
    )


def _gathered(cells: Mapping[str, Plain], name: str) -> dict[str, Plain] | None:
    """Return an object whose keys the connector of JSON lines set beside its own name."""
    inner = {key[len(name) + 1 :]: cells[key] for key in cells if key.startswith(f"{name}.")}
    return inner or None


def _key(fields: Mapping[str, Plain], names: tuple[FieldName, ...]) -> str | None:
    values = [fields[name] for name in names]
    if not values or any(value is None for value in values):
        return None
    return "\x1f".join(map(str, values))


_EXACT = {ColumnType.TEXT: str, ColumnType.BOOL: bool, ColumnType.INTEGER: int}


def _fitting(value: Plain, kind: ColumnType) -> Plain:
    """Return a value as its column takes it, or None."""
    match kind:
        case ColumnType.TEXT | ColumnType.BOOL | ColumnType.INTEGER:
            return value if type(value) is _EXACT[kind] else None
        case ColumnType.FLOAT:
            is_number = type(value) in (int, float) and math.isfinite(value)
            return float(value) if is_number else None
        case ColumnType.DECIMAL:
            return str(value) if isinstance(value, str) or type(value) is int else None
        case ColumnType.LIST:
            return value if isinstance(value, (list, dict)) else None
        case ColumnType.INSTANT:
            return _instant(value)


def _instant(value: Plain) -> Plain:
    if type(value) is int:
        return value
    found = parse_time(value) if isinstance(value, str) else None
    return found.at if found else None


def dataset_plain(dataset: Dataset) -> dict[str, Plain]:
    """Return a dataset as the settings of a source hold it."""
    return {
        "name": dataset.name,
        "columns": [[each.name, each.type.name, each.about] for each in dataset.columns],
        "time": dataset.time_column,
        "key": list(dataset.natural_key),
        "sensitivity": int(dataset.sensitivity),
        "granularity": dataset.granularity,
    }


def dataset_from(plain: Mapping[str, Plain]) -> Dataset:
    """Return a dataset from the settings of a source."""
    columns = tuple(
        Column(name=FieldName(name), type=ColumnType[kind], about=about)
        for name, kind, about in plain["columns"]
    )
    return Dataset(
        name=Collection(str(plain["name"])),
        columns=columns,
        time_column=FieldName(str(plain["time"])) if plain["time"] else None,
        natural_key=tuple(FieldName(str(each)) for each in plain["key"]),
        sensitivity=Sensitivity(int(plain["sensitivity"])),
        granularity=str(plain["granularity"]),
    )
