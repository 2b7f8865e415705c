"""What the commands about processings share: who calls, which one is meant, how it is shown."""

from typing import Annotated

import typer

from sealhold.frontends.cli.out import Facts, safe
from sealhold.frontends.cli.words import counted, short
from sealhold.frontends.processingseam import Processings
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Kind, canonical, parse_id
from sealhold.model.principals import Caller
from sealhold.model.processing import ProcessingView

OWNER = Caller(role="owner", token="")
Which = Annotated[
    str, typer.Argument(metavar="PROCESSING", help="Its id, from `sealhold processing list`.")
]


def whole_id(processings: Processings, text: str) -> str:
    """Return the whole id of the processing that `text` means.

    Raises:
        NotFoundError: there is none.
    """
    tail = parse_id(Kind.PROCESSING, text)
    found = (each for each in processings.list(OWNER) if each.processing.endswith(tail))
    one = next(found, None)
    if one is None:
        raise NotFoundError(f"no processing `{text}`")
    return canonical(one.processing)


def facts_of(view: ProcessingView) -> Facts:
    """Return what a person agrees to, and what stands behind it."""
    terms = view.terms
    assessed = view.assessment.outcome.value if view.assessment else "not assessed"
    rows = [
        ("Processing", f"{safe(terms.name)}, {short(Kind.PROCESSING, view.processing)}"),
        ("App", short(Kind.APP, view.app)),
        ("State", f"{view.state.value}, version {view.version}, edition {view.edition}"),
        ("Program", terms.code),
        ("Purpose", terms.purpose),
        ("Bases", " ".join(filter(None, (terms.basis, terms.special)))),
        ("Reads", _joined([*sorted(terms.fields), *sorted(terms.collections)])),
        ("Recipients", _joined(sorted(terms.recipients))),
        ("Outside", _joined(sorted(terms.transfers))),
        ("Kept for", counted(terms.retention_days, "day")),
        ("Gives out", counted(terms.output_bytes, "byte")),
        ("Risk", f"{terms.risk.value}{', decides by itself' if terms.automated else ''}"),
        ("Assessment", assessed if view.needs_assessment else "not needed"),
        ("Notice", view.notice),
        ("Not said", _joined(list(view.gaps))),
    ]
    return Facts(rows)


def _joined(names: list[str]) -> str:
    return ", ".join(map(safe, names)) or "nothing"
