"""The columns of a dataset as an engine is told of them.

Source: docs/spec/38-in-place.md section 3.
"""

from collections.abc import Mapping
from typing import Final

from sealhold.compute.engine.orders import Field
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidError
from sealhold.model.records import Dataset

UNITS: Final = {"ms": 1, "s": 1000}


def fields_of(dataset: Dataset, settings: Mapping[str, Plain]) -> tuple[Field, ...]:
    """Return the columns of a source, as its owner set it up."""
    unit = unit_of(settings)
    return tuple(
        Field(name=each.name, of=each.name, type=each.type.name, unit=unit)
        for each in dataset.columns
    )


def unit_of(settings: Mapping[str, Plain]) -> int:
    """Return how many milliseconds there are in one of a time that is a number.

    Raises:
        InvalidError: that unit is not known.
    """
    said = str(settings.get("unit") or "ms")
    if said not in UNITS:
        raise InvalidError("`unit` is `s` or `ms`")
    return UNITS[said]
