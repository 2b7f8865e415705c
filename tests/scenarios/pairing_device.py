"""One device of a pairing, as a process: it speaks by lines, and meets the other in a folder.

Written: `offer TEXT`, `words SIX WORDS`, `certified`, `failed WHY`. Read: an offer, then the words
that the other screen shows, or a code that was typed again.
"""

import sys
import time
from pathlib import Path

from sealhold.crypto.entropy import system_entropy
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.secret import Secret
from sealhold.model.errors import PairingFailedError
from sealhold.model.quantities import Instant
from sealhold.sharing.devices.carrier import StoreCarrier
from sealhold.sharing.devices.conversation import Conversation
from sealhold.sharing.devices.pairing import Member, Newcomer
from sealhold.sharing.devices.pairingcode import (
    Way,
    draw_code,
    invite,
    read_code,
    read_invitation,
    six_digits,
)
from sealhold.sharing.devices.pairingside import Certified
from sealhold.sharing.devices.rendezvous import CarrierMeetings
from sealhold.stores.backends.localdir import LocalDir

INTRODUCTION = b"the chain of the laptop" * 200
POLL = 0.005  # seconds


class AtTheLines:
    """A person at the other end of standard input and output."""

    def wrong(self, left: int) -> Secret | None:
        tell(f"wrong {left}")
        return (
            None if sys.argv[1].startswith("member") else six_digits(sys.stdin.readline().strip())
        )

    def compare(self, words: tuple[str, ...], theirs: bytes) -> bool | str:
        assert theirs
        tell(f"words {' '.join(words)}")
        return sys.stdin.readline().strip()

    def certify(self, keys: bytes, request: bytes) -> bytes:
        return b"certificate of " + request + keys[:4]

    def sync(self, done: Certified) -> None:
        tell(f"certified {done.payload.hex()}")
        sys.stdin.readline()  # the first exchange, which is not part of a pairing


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def now() -> Instant:
    return Instant(int(time.time() * 1000))


def side(role: str) -> Member | Newcomer:
    if role == "newcomer":
        text = sys.stdin.readline().strip()
        way: Way = read_invitation(text, now()) if ":" in text else read_code(text, now())
        keys = (b"s" * 32, BoxKey.generate(system_entropy))
        return Newcomer(way, keys, b"phone", now(), system_entropy)
    if role == "member-qr":
        invitation = invite(INTRODUCTION, "folder", now(), system_entropy)
        tell(f"offer {invitation.text()}")
        return Member(invitation, INTRODUCTION, now(), system_entropy)
    code = draw_code(now(), system_entropy)
    tell(f"offer {code.text()}")
    return Member(code, INTRODUCTION, now(), system_entropy)


def main(role: str, folder: Path) -> None:
    meetings = CarrierMeetings(StoreCarrier(LocalDir(folder)))
    talk = Conversation(side(role), meetings, now)
    try:
        talk.run(AtTheLines(), lambda: time.sleep(POLL))
    except PairingFailedError as err:
        tell(f"failed {err}")
    tell(f"state {talk.side.state.value}")
    sys.stdin.read()  # until both are over: the other one may not yet have read what was said last
    meetings.clear()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
