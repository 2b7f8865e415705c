"""A vault as a whole with what it has with others: the one that faces make.

- The work on devices and people stands on `Node`, so what joins them stands here.

Source: docs/spec/20-faces.md section 9.
"""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sealhold.node.node import Node
from sealhold.node.world import World

if TYPE_CHECKING:
    from sealhold.node.circle import Circle


class WholeNode(Node):
    """One vault, locked at first."""

    def __init__(self, folder: Path, world: World | None = None) -> None:
        super().__init__(folder, world)
        self._circle: Circle | None = None
        self._joining = Lock()

    @property
    def circle(self) -> "Circle":
        """Devices, people, what was, and what keeps the keys; loaded with the first look.

        Raises:
            LockedError: the vault is locked.
        """
        with self._joining:
            if self._circle is None or self._circle.parts is not self.parts:
                from sealhold.node.circle import Circle  # noqa: PLC0415  # reason: as it says

                self._circle = Circle(self)
            return self._circle

    def lock(self) -> None:
        """Drop the parts and their keys; a round of syncing ends before."""
        with self._joining:
            circle, self._circle = self._circle, None
        if circle is not None:
            circle.close()
        super().lock()
