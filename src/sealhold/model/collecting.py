"""Making objects by the thousand without looking for cycles among them.

- A batch of items is thousands of objects that live for a moment and refer to nothing above them.
  Python looks for cycles whenever enough of them were made, and finds none.
- Threads may overlap: whoever began last may end while another still works, and then looking goes
  on a little early. It never stays off.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no cycles as long as the block runs."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()
