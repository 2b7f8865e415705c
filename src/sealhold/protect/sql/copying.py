"""COPY (thin path)."""

from typing import Any


class Copying:
    is_on = False

    def __init__(self, talk: Any) -> None:
        self.talk = talk

    def take(self, data: bytes, at: int, stop: int) -> None: ...
