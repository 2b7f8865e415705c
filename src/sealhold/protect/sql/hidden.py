"""Statements on protected columns (thin path)."""

from typing import Any


class Hiding:
    def __init__(self, talk: Any) -> None:
        self.talk = talk

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)
