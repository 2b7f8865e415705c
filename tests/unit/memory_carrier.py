"""A carrier in memory, which can be told to be away and to lose its answers."""

from collections.abc import Iterator

from sealhold.model.errors import CarrierAwayError, ObjectNotFoundError
from sealhold.model.ids import ObjectName
from sealhold.net.spec import Abilities, Heads, Listed, Putting


class MemoryCarrier:
    """Keeps objects in a dictionary."""

    abilities = Abilities(ranges=True, pushes=False, deletes=True)

    def __init__(self) -> None:
        self.objects: dict[ObjectName, bytes] = {}
        self.is_away = False
        self.loses_answers = False

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        self._reach()
        if name in self.objects:
            return Putting.EXISTS
        self.objects[name] = data
        if self.loses_answers:
            raise CarrierAwayError("no answer")
        return Putting.CREATED

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        self._reach()
        if name not in self.objects:
            raise ObjectNotFoundError(name)
        return self.objects[name][offset:][:length]

    def list_after(self, prefix: str, after: str = "") -> Iterator[Listed]:
        self._reach()
        for name in sorted(self.objects):
            if name.startswith(prefix) and name > after:
                yield Listed(name, len(self.objects[name]))

    def delete(self, name: ObjectName) -> None:
        self._reach()
        self.objects.pop(name, None)

    def heads(self, box: str, cursor: str = "", seconds: float = 0.0) -> Heads:
        del seconds
        names = tuple(self.list_after(box))
        now = f"{len(names)}"
        return Heads(now, () if now == cursor else names)

    def entries(self, log: str, first: int) -> list[bytes]:
        found: list[bytes] = []
        while (name := ObjectName(f"{log}{first + len(found):016x}")) in self.objects:
            found.append(self.get(name))
        return found

    def wait(self, prefix: str, after: str, seconds: float) -> bool:
        return seconds > 0 and any(True for _ in self.list_after(prefix, after))

    def close(self) -> None:
        self.is_away = True

    def _reach(self) -> None:
        if self.is_away:
            raise CarrierAwayError("no answer")
