"""A file that came with a form."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came with a form; it is gone when the page returns."""

    name: str  # as its sender called it: hostile
    path: Path
    size: int  # bytes
