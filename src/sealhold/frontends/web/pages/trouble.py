"""What went wrong, what is safe, and what to do; never a trace."""

from sealhold.frontends.web.formats import sentence
from sealhold.frontends.web.texts import text
from sealhold.frontends.web.visit import Page
from sealhold.frontends.web.words_me import ME
from sealhold.model.errors import ErrorKind, SealholdError

GRAVE = frozenset({ErrorKind.BUG, ErrorKind.TAMPERED})


def page(err: SealholdError, status: int, *, is_mine: bool = False) -> Page:
    """Return the page that tells of `err`; `is_mine` to one of an app's people."""
    is_grave = err.kind in GRAVE
    return Page(
        template="error.html",
        status=status,
        values={
            "title": text(f"error.{err.kind.name.lower()}"),
            "message": sentence(str(err) or type(err).__name__),
            "safe": text("error.in_ledger" if is_grave else "error.nothing_changed"),
            "remedy": _remedy_of_mine(err) if is_mine else _remedy(err),
            "code": err.code(),
            "grave": is_grave,
        },
    )


def _remedy(err: SealholdError) -> str:
    if err.kind is ErrorKind.NOTFOUND:  # the remedy of the class names a command
        return text("error.go_home")
    return sentence(err.remedy())


def _remedy_of_mine(err: SealholdError) -> str:
    """Return what a person can do: what a class says is for whoever keeps the vault."""
    key = f"me.error_{err.kind.name.lower()}"
    return text(key) if key in ME else sentence(err.remedy())
