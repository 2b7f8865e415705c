"""Questions of our own to a provider, each answered whole: login, one text after the other. No I/O.

- All of them are asked in one transaction that reads and sees one moment; nothing is ever changed.
- What is answered is text, and is bounded: a provider that never ends is hung up on.

Source: docs/spec/56-postgresql-proxy.md section 2, docs/spec/16-protection-policy.md section 7.
"""

from collections.abc import Sequence
from typing import Final

from sealhold.model.clock import Entropy
from sealhold.model.errors import DatabaseAwayError, WireError
from sealhold.protect.sql.names import Cells
from sealhold.protect.sql.parsing import parse_cells, parse_notice
from sealhold.protect.sql.upstream import Account, Upstream
from sealhold.protect.sql.wire import HEAD, Inbox, build_query, frame, u32

MOST: Final = 64 * 2**20  # bytes of all answers: a catalogue of 100,000 columns has about 10 MB
BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SETTINGS: Final = {"client_encoding": "UTF8", "application_name": "sealhold"}
_PASSED_OVER: Final = b"TNSI"  # descriptions, notices, settings, an empty text


class Asking:
    """One connection that asks and ends. What is left in `to_provider` is to be sent."""

    def __init__(
        self, account: Account, entropy: Entropy, endpoint: bytes, questions: Sequence[str]
    ) -> None:
        self._login = Upstream(account, entropy, endpoint, _SETTINGS)
        self.to_provider = self._login.to_provider
        self.answers: list[list[Cells]] = []
        self.is_over = False
        self._questions = iter((BEGIN, *questions))
        self._rows: list[Cells] = []
        self._inbox = Inbox(MOST)
        self._left = MOST

    def receive(self, data: bytes) -> None:
        """Take what the provider sent.

        Raises:
            DatabaseAwayError: it refuses us, or what is asked.
            LoginRefusedError: it does not show that it knows us.
            WireError: it does not speak the protocol, or says too much.
        """
        # THREAT T628: what a provider says of itself is bounded, and is text to be judged
        self._left -= len(data)
        if self._left < 0:
            raise WireError(f"a catalogue of more than {MOST // 2**20} MiB")
        if not self._login.is_ready:
            self._login.receive(data)
            if not self._login.is_ready:
                return
            data = self._login.rest
            self._next()
        data = self._inbox.taken(data)
        at, end = 0, len(data)
        while end - at >= HEAD:
            stop = at + 1 + u32(data, at + 1)[0]
            if stop > end:
                break
            self._take(data[at : at + 1], data[at + HEAD : stop])
            at = stop
        self._inbox.keep(data[at:])

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind == b"D":
            self._rows.append([_text(each) for each in parse_cells(body)])
        elif kind == b"C":
            self.answers.append(self._rows)
            self._rows = []
        elif kind == b"E":
            code = parse_notice(body).get(b"C", b"").decode("ascii", "replace")
            raise DatabaseAwayError(f"the provider refuses what it is asked: {code}")
        elif kind == b"Z":
            self._next()
        elif kind not in _PASSED_OVER:
            raise WireError("a message out of turn in the provider's answer")

    def _next(self) -> None:
        text = next(self._questions, None)
        if text is not None:
            self.to_provider.append(build_query(text.encode()))
            return
        self.to_provider.append(frame(b"X"))
        self.answers = self.answers[1:]  # without that of BEGIN
        self.is_over = True


def _text(cell: bytes | None) -> str | None:
    try:
        return None if cell is None else cell.decode()
    except UnicodeDecodeError as err:
        raise WireError("a text of the provider that is no UTF-8") from err
