"""Mail on a server, over IMAP: looked at, never touched.

- A folder is opened by EXAMINE and mails are fetched by BODY.PEEK[]: nothing is marked as read.
- A cursor holds for each folder its UIDVALIDITY and the last UID. Within one session numbers stand
  still, as nothing but FETCH is asked; the first new mail is found by halving.
- Mails come in pieces of at most 200 in the form of mbox.
- A mail over 64 MiB comes cut behind that, and the reader tells of it as too large.

Source: docs/spec/37-live.md section 4; RFC 3501, RFC 7628, RFC 8314.
"""

import imaplib
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sealhold.compute.live.saying import Ended, FailedError, Order, Shown, Up, shown
from sealhold.net.dial import Server, context_of, dial

WINDOW: Final = 200  # mails in a piece
AT_ONCE: Final = 8_388_608  # bytes asked for in one command, if more than one mail
MAX_MAIL: Final = 67_108_864  # bytes, as the connector of mbox has it
MAX_ANSWER: Final = MAX_MAIL + 1_048_576  # bytes of one answer
LEAST: Final = 512  # bytes that a line counts for, so that many empty ones are too much, too
MAX_FOLDERS: Final = 2_000
_BEGIN: Final = b"From imap@server.invalid Thu Jan  1 00:00:00 1970\r\n"
_FROM: Final = re.compile(rb"^(>*From )", re.MULTILINE)
_UID: Final = re.compile(rb"\bUID (\d{1,10})\b")
_SIZE: Final = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b")
_NUMBER: Final = re.compile(rb"^(\d{1,10}) \(")
_QUOTED: Final = re.compile(rb'BODY\[\](?:<0>)? ("(?:\\.|[^"\\])*")', re.IGNORECASE)
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_LISTED: Final = re.compile(rb'\(([^)]*)\) (?:"(?:\\.|[^"\\])*"|NIL) (.*)', re.DOTALL)
_LEFT_OUT: Final = (rb"\noselect", rb"\nonexistent", rb"\junk", rb"\trash", rb"\all")


class Session(imaplib.IMAP4):
    """`imaplib` over a connection that is made already, with every answer bounded."""

    def __init__(self, to: Server, sock: socket.socket) -> None:
        self._ready = sock
        self._room = MAX_ANSWER
        super().__init__(to.host, to.port, to.idle)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Take the connection that is there."""
        self.host, self.port = host, port
        self.sock = self._ready
        self.sock.settimeout(timeout)
        self.file = self.sock.makefile("rb")

    def read(self, size: int) -> bytes:
        """Read a literal, if there is room for it.

        Raises:
            FailedError: there is none, or it is cut off.
        """
        self._spend(size)  # THREAT T400: before a byte of it is waited for
        data = super().read(size)
        if len(data) < size:
            raise FailedError("cut")
        return data

    def readline(self) -> bytes:
        """Read a line, if there is room for it."""
        line = super().readline()
        self._spend(max(len(line), LEAST))
        return line

    def ask(self, name: str, *words: str | bytes) -> list[bytes | tuple[bytes, bytes]]:
        """Return the untagged answers of its name that a command gets.

        Raises:
            FailedError: it is refused.
        """
        self._room = MAX_ANSWER
        self.untagged_responses.clear()
        kind, said = self._simple_command(name, *words)
        if kind != "OK":
            raise FailedError("busy" if b"[UNAVAILABLE]" in (said[0] or b"") else "cut")
        found = self.untagged_responses.get("FETCH" if name == "FETCH" else name, [])
        return [*found]

    def _spend(self, count: int) -> None:
        self._room -= count
        if self._room < 0:
            raise FailedError("size")


@dataclass(slots=True)
class _Folder:
    """One folder, as it is read."""

    name: bytes  # as the server writes it, without quotes
    exists: int = 0
    validity: int = 0

    @property
    def title(self) -> str:
        """What people read."""
        return shown(_decoded(self.name))


@dataclass(slots=True)
class _Place:
    """Where the last pull ended, by folder."""

    at: dict[str, list[int]] = field(default_factory=dict)  # UIDVALIDITY, last UID

    @classmethod
    def of(cls, cursor: str | None) -> "_Place":
        """Return what a cursor says."""
        return cls(json.loads(cursor)["f"] if cursor else {})

    def last(self, folder: _Folder) -> int:
        """Return the last UID that was read of a folder as it is numbered now."""
        validity, uid = self.at.get(folder.name.decode("latin-1"), (0, 0))
        return uid if validity == folder.validity else 0

    def reach(self, folder: _Folder, uid: int) -> str:
        """Return the cursor behind a mail."""
        self.at[folder.name.decode("latin-1")] = [folder.validity, uid]
        return json.dumps({"v": 1, "f": self.at}, separators=(",", ":"))


def speak(order: Order, up: Up) -> None:
    """Do what an order says.

    Raises:
        FailedError: it goes no further.
        DialError: there is no connection.
    """
    try:
        session = _entered(order)
        folders = _folders(session, order)
        if order.is_check:
            opened = [_opened(session, each) for each in folders]
            count = sum(each.exists for each in opened)
            up.send(Shown(f"{len(opened):,} folders, {count:,} messages"))
            return
        place = _Place.of(order.cursor)
        for each in folders:
            _read(session, each, place, up)
    except imaplib.IMAP4.error as err:
        raise FailedError("cut") from err


def _entered(order: Order) -> Session:
    """Return a session that the server let in.

    Raises:
        FailedError: it does not encrypt, or refuses the account.
        imaplib.IMAP4.abort: it broke off.
    """
    made = dial(order.server)
    if order.server.tls == "none" and not made.is_here:
        raise FailedError("secret")
    session = Session(order.server, made.sock)
    if order.server.tls == "starttls":
        # THREAT T402: without TLS nothing is said, and a server that is logged in before is none
        if session.state != "NONAUTH" or "STARTTLS" not in session.capabilities:
            raise FailedError("starttls")
        try:
            session.starttls(context_of(order.server))
        except (imaplib.IMAP4.error, OSError) as err:
            is_false = "CERTIFICATE_VERIFY_FAILED" in str(err)
            raise FailedError("certificate" if is_false else "starttls") from err
    try:
        if order.settings.get("auth") == "token":
            _show_token(session, order)
        elif "AUTH=PLAIN" in session.capabilities:
            said = f"\0{order.user}\0{order.secret}".encode()
            session.authenticate("PLAIN", lambda _: said)
        else:
            session.login(order.user, order.secret)
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeError) as err:
        is_down = "UNAVAILABLE" in str(err)
        raise FailedError("busy" if is_down else "login") from err
    return session


def _show_token(session: Session, order: Order) -> None:
    """Sign in with an access token, in the form of RFC 7628 or the one that came before it.

    Raises:
        FailedError: the server takes none, or user or token cannot stand in what is said.
        imaplib.IMAP4.error: it is refused.
    """
    # THREAT T402: a name or token with a control character in it would be other fields
    if not (order.user + order.secret).isprintable():
        raise FailedError("login")
    token, server = f"auth=Bearer {order.secret}\1\1", order.server
    if "AUTH=OAUTHBEARER" in session.capabilities:
        way, end = "OAUTHBEARER", b"\1"
        user = order.user.replace("=", "=3D").replace(",", "=2C")
        said = f"n,a={user},\1host={server.host}\1port={server.port}\1{token}"
    elif "AUTH=XOAUTH2" in session.capabilities:
        way, end = "XOAUTH2", b""
        said = f"user={order.user}\1{token}"
    else:
        raise FailedError("tokenless")
    answers = iter((said.encode(), end))  # the second ends what is refused with a reason
    session.authenticate(way, lambda _: next(answers, b""))


def _folders(session: Session, order: Order) -> list[_Folder]:
    """Return the folders that are meant, in the order of their names.

    Raises:
        FailedError: one that the owner named is not there.
    """
    found: dict[str, _Folder] = {}
    left_out: set[str] = set()
    for each in session.ask("LIST", '""', "*"):
        head, literal = each if isinstance(each, tuple) else (each, None)
        listed = _LISTED.match(head)
        if listed is None:
            continue
        name = literal if literal is not None else _unquoted(listed[2])
        # THREAT T400: a name with the end of a line in it would be a command of the server's own
        if _CONTROL.search(name) or len(found) > MAX_FOLDERS:
            continue
        folder = _Folder(name)
        found[_decoded(name)] = folder
        if any(flag in listed[1].lower().split() for flag in _LEFT_OUT):
            left_out.add(_decoded(name))
    said = str(order.settings.get("folders", ""))
    wanted = [each.strip() for each in said.split(",") if each.strip()]
    lacking = [each for each in wanted if each not in found]
    if lacking:
        raise FailedError("folder", *lacking)
    return [found[each] for each in wanted or sorted(found.keys() - left_out)]


def _opened(session: Session, folder: _Folder) -> _Folder:
    """Open a folder to look at it."""
    escaped = folder.name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    session.ask("EXAMINE", b'"' + escaped + b'"')
    session.state, session.is_readonly = "SELECTED", True
    folder.exists = _told(session, "EXISTS")
    folder.validity = _told(session, "UIDVALIDITY")
    return folder


def _told(session: Session, name: str) -> int:
    found = session.untagged_responses.get(name, [b"0"])[-1]
    return int(found[:10]) if isinstance(found, bytes) and found[:10].isdigit() else 0


def _read(session: Session, folder: _Folder, place: _Place, up: Up) -> None:
    """Give what is new in a folder, piece by piece."""
    _opened(session, folder)
    last = place.last(folder)
    first = _first_after(session, folder, last)
    for start in range(first, folder.exists + 1, WINDOW):
        end = min(start + WINDOW - 1, folder.exists)
        count = 0
        for uid, mail in _mails(session, start, end):
            last, count = max(last, uid), count + 1
            _give(up, mail)
        up.send(Ended(f"{folder.title}, {count:,} messages", place.reach(folder, last)))


def _first_after(session: Session, folder: _Folder, last: int) -> int:
    """Return the number of the first mail behind a UID."""
    low, high = 1, folder.exists + 1
    while last and low < high:
        middle = (low + high) // 2
        found = session.ask("FETCH", str(middle), "(UID)")
        uid = max(
            (int(told[1]) for each in found if (told := _UID.search(_words(each)))), default=0
        )
        if uid > last:
            high = middle
        else:
            low = middle + 1
    return low


def _mails(session: Session, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield UID and text of mails by their numbers, several at once if they are small."""
    sizes = dict.fromkeys(range(start, end + 1), 0)
    for each in session.ask("FETCH", f"{start}:{end}", "(RFC822.SIZE)"):
        number, size = _NUMBER.match(_words(each)), _SIZE.search(_words(each))
        if number and size and int(number[1]) in sizes:
            sizes[int(number[1])] = min(int(size[1]), MAX_MAIL)
    batch, room = start, AT_ONCE
    for at, bytes_ in sizes.items():
        room -= bytes_
        if room < 0 and at > batch:
            yield from _fetched(session, batch, at - 1)
            batch, room = at, AT_ONCE - bytes_
    yield from _fetched(session, batch, end)


def _fetched(session: Session, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    found = session.ask("FETCH", f"{start}:{end}", f"(UID BODY.PEEK[]<0.{MAX_MAIL + 1}>)")
    for place, each in enumerate(found):
        head = _words(each)
        if b"BODY[]" not in head.upper():
            continue
        after = _words(found[place + 1]) if place + 1 < len(found) else b""
        uid = _UID.search(head) or _UID.search(after)
        if uid is None:
            raise FailedError("cut")
        quoted = _QUOTED.search(head)  # a short mail need not be a literal
        mail = each[1] if isinstance(each, tuple) else _unquoted(quoted[1]) if quoted else b""
        yield int(uid[1]), mail


def _give(up: Up, mail: bytes) -> None:
    """Give one mail in the form of mbox."""
    up.give(_BEGIN + _FROM.sub(rb">\1", mail) + (b"\r\n" if mail.endswith(b"\n") else b"\r\n\r\n"))


def _words(found: bytes | tuple[bytes, bytes]) -> bytes:
    return found[0] if isinstance(found, tuple) else found


def _unquoted(said: bytes) -> bytes:
    said = said.strip()
    if said.startswith(b'"') and said.endswith(b'"'):
        return re.sub(rb"\\(.)", rb"\1", said[1:-1])
    return said


def _decoded(name: bytes) -> str:
    """Return a folder's name, which is written in the UTF-7 of IMAP."""
    text = name.decode("ascii", "replace")
    try:
        return re.sub(
            r"&([^-]*)-",
            lambda found: (
                f"+{found[1].replace(',', '/')}-".encode().decode("utf-7") if found[1] else "&"
            ),
            text,
        )
    except UnicodeError:
        return text
