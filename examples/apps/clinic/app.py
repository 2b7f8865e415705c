"""The appointment book at the desk of a small clinic. Of patients it keeps nothing: a vault does.

- Whoever is at the desk opens the printed address; nobody finds it without its secret part.
- Each request is answered by a process of its own, which ends with it: between two requests nothing
  of a patient is in memory, and nothing is ever in a file or a log.

Use: `SEALHOLD_URL=http://localhost:8722 SEALHOLD_TOKEN=... PORT=8000 python app.py`.
"""

import os
import secrets
from collections.abc import Iterable
from html import escape
from socketserver import ForkingMixIn
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from sealhold.client import Token, Vault, VaultError, people, records, rights

URL, TOKEN = os.environ["SEALHOLD_URL"], Token(os.environ.pop("SEALHOLD_TOKEN"))
CARE, BOOK, DESK = "ServiceProvision", "appointments", secrets.token_urlsafe(16)
HTML, ZIP = "text/html; charset=utf-8", "application/zip"
HEADERS = [("cache-control", "no-store"), ("referrer-policy", "no-referrer")]
Said = dict[str, str]  # what was filled in


def form(deed: str, who: str, *names: str) -> str:
    """Return a form with a field for each name."""
    fields = "".join(f"<input name={name} placeholder={name} required>" for name in names)
    to = f"<form method=post action='/{DESK}/{deed}/{escape(who)}'>"
    return f"{to}{fields}<button>{deed}</button></form>"


def desk(_vault: Vault, _who: str, _said: Said) -> bytes:
    """Show what can be done."""
    return (form("new", "", "name", "mail") + form("find", "", "mail")).encode()


def new(vault: Vault, _who: str, said: Said) -> bytes:
    """Take a patient in."""
    patient = vault(people.replace(vault(people.make()), said, CARE))
    return show(vault, patient.subject, said)


def find(vault: Vault, _who: str, said: Said) -> bytes:
    """Find a patient by their mail address."""
    found = vault(people.find("mail", said["mail"], CARE))
    return show(vault, found[0], said) if found else b"Nobody has this address."


def show(vault: Vault, who: str, _said: Said) -> bytes:
    """Show a patient, and what can be done."""
    name = escape(str(vault(people.read(who, CARE)).fields["name"]))
    visits = [each.content for each in vault.each(records.all_of(who, BOOK, CARE))]
    rows = "".join(f"<li>{escape(v['at'])}: {escape(v['about'])}" for v in visits)
    forms = form("book", who, "at", "about") + "".join(form(each, who) for each in LATER)
    return f"<h1>{name}</h1><ul>{rows}</ul>{forms}".encode()


def book(vault: Vault, who: str, said: Said) -> bytes:
    """Book an appointment."""
    vault(records.make(who, BOOK, said, CARE))
    return show(vault, who, said)


def export(vault: Vault, who: str, _said: Said) -> bytes:
    """Return all that is kept of a patient, at their word."""
    with vault.holding(vault(people.token(who)).token).stream(rights.export(who)) as pieces:
        return b"".join(pieces)


def page(vault: Vault, who: str, _said: Said) -> bytes:
    """Return the address of the patient's own page at the vault."""
    return f"For the patient, once: {URL}{escape(vault(people.link(who)).path.reveal())}".encode()


def erase(vault: Vault, who: str, _said: Said) -> bytes:
    """Erase a patient."""
    return f"Erased. Receipt {vault(people.erase(who)).receipt}.".encode()


LATER = {"export": export, "page": page, "erase": erase}
DEEDS = {"new": new, "find": find, "show": show, "book": book, **LATER}


def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """Answer one request."""
    secret, deed, who = [*environ["PATH_INFO"].split("/")[1:], "", "", ""][:3]
    said = dict(parse_qsl(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode()))
    does = DEEDS.get(deed, desk) if environ["REQUEST_METHOD"] == "POST" else desk
    status, told = "404 Not Found", b"Nothing is here."
    try:
        if secrets.compare_digest(secret.encode(), DESK.encode()):
            with Vault(URL, TOKEN) as vault:
                status, told = "200 OK", does(vault, who, said)
    except VaultError as err:
        told = escape(f"{err.code}: {err}. {err.remedy}").encode()
    start(status, [("content-type", ZIP if told[:2] == b"PK" else HTML), *HEADERS])
    return [told]


class Server(ForkingMixIn, WSGIServer):
    """Answers each request in a process of its own."""


class Quiet(WSGIRequestHandler):
    """Logs no address: it would say who was here."""

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with make_server("127.0.0.1", int(os.environ["PORT"]), answer, Server, Quiet) as server:
        print(f"http://localhost:{server.server_port}/{DESK}/", flush=True)
        server.serve_forever()
