"""The tokens of one domain and what they stand for, in a proxy's state.

- A value has one token and a token one value, for good: the file itself says so. Without it what
  lies at a provider stands for nothing.

Source: docs/spec/55-protected-columns.md; docs/spec/59-proxy-in-a-vault.md section 2.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from sealhold.protect.state import State

AT_ONCE: Final = 500  # values of one statement
_KEEP: Final = "INSERT INTO token VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_FORGET: Final = "DELETE FROM token WHERE place = ?"
_HAS: Final = "SELECT token FROM token WHERE place = ? AND value = ?"


class Tokens:
    """The tokens of one domain; `place` names it, and never anything else."""

    def __init__(self, state: State, place: str) -> None:
        self._state, self._place = state, place

    def tokens(self, values: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """Return the token of each value that has one."""
        return self._found("value", "token", values)

    def values(self, tokens: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """Return the value of each token that stands for one."""
        return self._found("token", "value", tokens)

    def keep(self, drawn: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """Keep the token of each value; return those that values have, which may be others.

        A value whose token stands for another one has none then: nothing was kept for it.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: the disk refuses.
        """
        found: dict[bytes, bytes] = {}
        with self._state.changing() as connection:
            for value, token in drawn.items():
                connection.execute(_KEEP, (self._place, value, token))
                kept = connection.execute(_HAS, (self._place, value)).fetchone()
                if kept is not None:
                    found[value] = bytes(kept[0])
        return found

    def forget(self) -> None:
        """Forget all of the domain: nothing at the provider is made of them any more.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        with self._state.changing() as connection:
            connection.execute(_FORGET, (self._place,))

    def _found(self, by: str, wanted: str, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        with self._state.reading() as connection:
            for some in _chunks(keys):
                marks = ", ".join("?" for _ in some)
                # both names are of this class
                text = f"SELECT {by}, {wanted} FROM token WHERE place = ? AND {by} IN ({marks})"  # noqa: S608
                rows = connection.execute(text, (self._place, *some)).fetchall()
                found.update((bytes(key), bytes(value)) for key, value in rows)
        return found


def _chunks(keys: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
    following = iter(keys)
    while some := tuple(islice(following, AT_ONCE)):
        yield some
