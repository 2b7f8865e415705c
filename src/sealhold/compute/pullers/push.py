"""A place that nothing is read from: programs push to it, with a token of its own.

Source: docs/spec/37-live.md section 7.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from sealhold.compute.live.saying import Shown
from sealhold.compute.pullers.http import dataset_of
from sealhold.connectors.pulling import Health, Piece, Where
from sealhold.model.errors import InvalidError


class PushPuller:
    """Knows what is pushed."""

    kind: ClassVar[str] = "push"
    about: ClassVar[str] = "What programs of yours push here, by a token: phones, sensors."
    place: ClassVar[str] = "readings"
    options: ClassVar[Mapping[str, str]] = {
        "columns": "what a row has: `when:instant,kwh:float`",
        "key": "columns that name a row, with commas; without it its content does",
        "time": "the column of its time",
        "sensitivity": "0 public to 3 special; 2 without it",
    }
    is_local: ClassVar[bool] = True
    is_whole: ClassVar[bool] = False
    can_stay: ClassVar[bool] = False

    def check(self, where: Where) -> Health:
        """Look what the owner says of the rows.

        Raises:
            InvalidError: no columns.
        """
        if not where.settings.get("columns"):
            raise InvalidError("say what a row has: `--with columns=when:instant,kwh:float`")
        kept = {name: value for name, value in where.settings.items() if name != "dataset"}
        dataset = dataset_of(Shown(""), kept, where.settings.get("place"))
        return Health(sentence="it comes by itself", settings=kept, dataset=dataset)

    def pull(self, where: Where, cursor: str | None) -> Iterator[Piece]:
        """Yield nothing: what is there was pushed."""
        del where, cursor
        yield from ()
