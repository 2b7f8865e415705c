"""Own names of items within one file: each is given out once.

Source: docs/spec/18-connectors.md section 5.
"""

LONGEST = 998  # characters; a longer name names nothing, the item is recognised by its content


class Names:
    """The names that a file gave so far."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def once(self, name: str | None) -> str | None:
        """Return the name, told apart from equal ones before it: `a`, then `a` and `#2`."""
        if not name or len(name) > LONGEST:
            return None
        count = self._seen[name] = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name}\n#{count}"
