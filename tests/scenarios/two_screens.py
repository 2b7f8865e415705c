"""Two terminals at which the commands of a pairing run, and the people before them."""

import os
import re
import select
import time
from pathlib import Path

from tests.forked import Program

PATIENCE = 40.0  # seconds
WORDS = re.compile(rb"\r\n    ([a-z]+(?: [a-z]+){5})\r\n")
ASKS = re.compile(rb"yes or no: ")
OFFER = re.compile(rb"(\d{6}-\d{6}|SEALHOLD-PAIR:[A-Z2-7]+)(?=\s)")  # all of it is there


class Screen:
    """A process with a terminal of its own."""

    def __init__(self, folder: Path, passphrase: str, *words: str) -> None:
        self.seen = b""
        self._end, theirs = os.openpty()
        environment = {
            **os.environ,
            "SEALHOLD_HOME": "home",
            "SEALHOLD_PASSPHRASE": passphrase,
            "NO_COLOR": "1",
        }
        self._program = Program(words, folder, environment, theirs)
        os.close(theirs)

    def until(self, pattern: re.Pattern[bytes]) -> str:
        """Return what the screen shows of a pattern, once it does."""
        end = time.monotonic() + PATIENCE
        while (found := pattern.search(self.seen)) is None:
            assert time.monotonic() < end, self.seen.decode(errors="replace")
            assert self._more(), self.seen.decode(errors="replace")
        return found[found.lastindex or 0].decode()

    def types(self, text: str) -> None:
        """Type a line."""
        os.write(self._end, text.encode() + b"\n")

    def ended(self) -> int:
        """Return the exit code, once the process ends."""
        while self._more():
            pass
        code = self._program.wait(PATIENCE)
        os.close(self._end)
        return code

    def _more(self) -> bool:
        """Read on; return whether the process goes on."""
        ready, _, _ = select.select([self._end], [], [], 1.0)
        if not ready:
            return True
        try:
            data = os.read(self._end, 65_536)
        except OSError:  # the other end was closed
            return False
        self.seen += data
        return bool(data)


def run_both(
    one: Path,
    other: Path,
    place: str,
    passphrase: str,
    says: str,
    *,
    name: str = "phone",
    ways: tuple[str, ...] = ("--code",),
) -> list[int]:
    """Pair the vaults of two folders; both people say `says`. Return both exit codes."""
    member = Screen(one, passphrase, "device", "pair", *ways)
    code = member.until(OFFER)
    newcomer = Screen(other, passphrase, "device", "join", code, "--name", name, "--place", place)
    shown = [screen.until(WORDS) for screen in (member, newcomer)]
    assert shown[0] == shown[1]
    for screen in (member, newcomer):
        screen.until(ASKS)
        screen.types(says)
    return [member.ended(), newcomer.ended()]
