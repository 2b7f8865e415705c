"""What went wrong, what is safe, and what to do; never a trace."""

from sealhold.frontends.web.formats import sentence
from sealhold.frontends.web.texts import text
from sealhold.frontends.web.visit import Page
from sealhold.model.errors import ErrorKind, SealholdError

GRAVE = frozenset({ErrorKind.BUG, ErrorKind.TAMPERED})


def page(err: SealholdError, status: int) -> Page:
    """Return the page that tells of `err`."""
    is_grave = err.kind in GRAVE
    return Page(
        template="error.html",
        status=status,
        values={
            "title": text(f"error.{err.kind.name.lower()}"),
            "message": sentence(str(err) or type(err).__name__),
            "safe": text("error.in_ledger" if is_grave else "error.nothing_changed"),
            "remedy": _remedy(err),
            "code": err.code(),
            "grave": is_grave,
        },
    )


def _remedy(err: SealholdError) -> str:
    if err.kind is ErrorKind.NOTFOUND:  # the remedy of the class names a command
        return text("error.go_home")
    return sentence(err.remedy())
