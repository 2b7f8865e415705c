"""What went wrong, what is safe, and what to do; never a trace."""

from sealhold.frontends.web.formats import sentence
from sealhold.frontends.web.visit import Page
from sealhold.model.errors import ErrorKind, SealholdError

TITLES = {
    ErrorKind.BUG: "Something broke",
    ErrorKind.USAGE: "This cannot be done this way",
    ErrorKind.DENIED: "Not allowed",
    ErrorKind.NOTFOUND: "Nothing of that name is here",
    ErrorKind.INVALID: "This could not be read",
    ErrorKind.TAMPERED: "Something was changed that must not change",
    ErrorKind.UNAVAILABLE: "A part does not answer",
    ErrorKind.EXHAUSTED: "The budget is used up",
    ErrorKind.CONFLICT: "The state has moved",
}
GRAVE = frozenset({ErrorKind.BUG, ErrorKind.TAMPERED})
SAFE = "Nothing was changed, and nothing left the vault."
SAFE_IF_BROKEN = "What left the vault is in the ledger, and nothing else did."


def page(err: SealholdError, status: int) -> Page:
    """Return the page that tells of `err`."""
    return Page(
        template="error.html",
        status=status,
        values={
            "title": TITLES[err.kind],
            "message": sentence(str(err) or type(err).__name__),
            "safe": SAFE_IF_BROKEN if err.kind in GRAVE else SAFE,
            "remedy": sentence(err.remedy()),
            "code": err.code(),
            "grave": err.kind in GRAVE,
        },
    )
