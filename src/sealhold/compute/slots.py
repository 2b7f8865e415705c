"""When an answer may leave, and how large a reply is: time and size say nothing of the content.

- Slots are counted from the moment of the call. An answer that is ready leaves at the end of the
  first slot, never in between; in mode `ahead` it always is.
- In mode `demand` it leaves at the end of the first slot by which it is ready; after the last
  one it is abandoned, which is an answer too and is priced as one.
- The work is killed at 60 % of the slots it may fill, so that no end of work meets a boundary.
- Each reply of a task has one size, whatever it says.

Source: docs/spec/08-task-manifest.md section 7.
"""

from enum import StrEnum

from sealhold.model.errors import InvalidError
from sealhold.model.quantities import DAY, SECOND, Instant, Millis

REPLY_BYTES = 24_576  # every reply of `fetch`: a proof of 16 KiB, its seal, and room
WORK_SHARE = (3, 5)  # of a slot or epoch that work may fill: kills overshoot, timers are late
_PAD_END = b"\x01"  # stands before the zeros, so that content may itself end in zeros


class SlotMode(StrEnum):
    """When the program runs."""

    AHEAD = "ahead"  # once per epoch, off the clock of whoever asks
    DEMAND = "demand"  # when it is asked


def boundary(first: Instant, seconds: int, ready: Instant) -> Instant:
    """Return the end of the slot by which an answer was `ready`; the first slot ends at `first`."""
    slot = seconds * SECOND  # how long the work took never shows, only its slot
    return Instant(first + -(-max(0, ready - first) // slot) * slot)


def gives_up_at(invoked: Instant, seconds: int, max_slots: int) -> Instant:
    """Return when an abandoned call in mode `demand` is answered so: at the last boundary."""
    return Instant(invoked + seconds * SECOND * max_slots)


def work_limit(length: Millis) -> Millis:
    """Return how long work may run that has to be done within `length`."""
    above, below = WORK_SHARE
    return Millis(length * above // below)


def fits_first_slot(partitions: int, ms_per_partition: int, seconds: int) -> bool:
    """Return whether the work is done within the first slot whatever happens."""
    return partitions * ms_per_partition <= work_limit(Millis(seconds * SECOND))


def fits_epoch(partitions: int, ms_per_partition: int) -> bool:
    """Return whether an evaluation ahead is done within its epoch whatever happens."""
    return partitions * ms_per_partition <= work_limit(DAY)


def epoch_of(at: Instant) -> int:
    """Return the epoch that `at` falls in: the number of its UTC day."""
    return at // DAY


def pad(content: bytes, size: int = REPLY_BYTES) -> bytes:
    """Return `content` filled up to exactly `size` bytes.

    Raises:
        InvalidError: the content is too long for the one size.
    """
    if len(content) >= size:
        raise InvalidError(f"{len(content)} bytes do not fit a reply of {size}")
    return (content + _PAD_END).ljust(size, b"\x00")


def unpad(reply: bytes) -> bytes:
    """Return the content of a padded reply.

    Raises:
        InvalidError: not a padded reply.
    """
    content = reply.rstrip(b"\x00")
    if not content.endswith(_PAD_END):
        raise InvalidError("not a padded reply")
    return content[: -len(_PAD_END)]
