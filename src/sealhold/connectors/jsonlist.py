"""What connectors of one form have in common: a JSON document that is a list of objects.

- Each element is looked at by itself; one that is not what its connector reads is a reject.

Source: docs/spec/43-chats-and-media.md section 3.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.jsonstream import Part, parts
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Why
from sealhold.model.encoding import Plain

Element = dict[str, Plain]


class JsonList(ABC):
    """Reads the elements of a list, in their order."""

    called: ClassVar[str]  # what an element is: `play`
    most: ClassVar[int]  # characters of one

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        """Yield what the elements hold, from after `cursor`."""
        del file_name
        return by_count(self._found(file), cursor, self._rows)

    def _found(self, file: BinaryIO) -> Iterator[Found]:
        names = Names()
        for part in parts(file, "[]", most=self.most):
            if not isinstance(part, Part):
                yield part
                continue
            where = f"{self.called} {part.where}"
            if not isinstance(part.value, dict):
                detail = f"a {self.called} that is no object"
                yield reject(where, Why.MALFORMED, detail, part.text)
            elif lack := self.lack(part.value):
                yield reject(where, Why.MALFORMED, lack, part.text)
            else:
                yield from self.found(part.value, where, names, part.text)

    def lack(self, element: Element) -> str:
        """Return what an element lacks to be one, or nothing."""
        del element
        return ""

    @abstractmethod
    def found(self, element: Element, where: str, names: Names, text: str) -> Iterator[Found]:
        """Yield what one element holds; `text` is how it stands in the file."""
