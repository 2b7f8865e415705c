"""One request: the consent screen, and what its buttons do.

- What is allowed is what was shown: the form carries the digest of the request as it stood on the
  page, and the vault refuses any other.
- Refuse needs nothing. Allow and Show my answer need the passphrase, typed for this one press.
- Terms are worked out anew by the server for each choice; script only presses the button.

Source: docs/spec/20-faces.md section 3.
"""

from dataclasses import dataclass

from sealhold.frontends.web.changes import Change, changes
from sealhold.frontends.web.formats import bits, count, size
from sealhold.frontends.web.pages.slips import Slip, slip
from sealhold.frontends.web.terms import (
    budget_options,
    mode_options,
    read_terms,
    until_options,
    write_terms,
)
from sealhold.frontends.web.visit import Fields, Go, Outcome, Page, Visit
from sealhold.model.errors import ConflictError, WrongPassphraseError
from sealhold.model.ids import canonical
from sealhold.model.shown import Choice, Mode, RequestCard, RequestState, Terms

FEW = 6  # so many possible answers are said one by one
WIDE_FIGURE = 9  # characters that fit the large figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The owner's own answer, after Show my answer."""

    figure: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the page says besides the request itself."""

    status: int = 200
    moved: tuple[Change, ...] | None = None
    wrong_passphrase: bool = False
    charged: bool = False


def show(visit: Visit) -> Outcome:
    """Return the request; query parameters narrow the terms, and nothing is changed by it."""
    return _page(visit, visit.query, Said())


def allow(visit: Visit) -> Outcome:
    """Allow the request on the terms of the form, and send the first answer."""
    id_text = visit.names["id"]
    asked, terms = _asked(visit)
    try:
        # THREAT T63: the digest of what the owner read goes along; the vault refuses any other.
        grant = visit.vault.requests.approve(
            id_text,
            terms,
            visit.form.one("shown"),
            visit.form.one("passphrase"),
            frozenset(visit.form.many("confirm")),
        )
    except WrongPassphraseError:
        return _page(visit, visit.form, Said(status=403, wrong_passphrase=True))
    except ConflictError:
        return _moved(visit)
    if grant.state is not RequestState.ALLOWED or grant.uses or terms.mode is Mode.EACH:
        return Go(to=f"/requests/{canonical(asked.id)}")
    answer = visit.vault.runs.run(canonical(grant.id))
    return Go(to=f"/receipts/{canonical(answer.receipt)}")


def preview(visit: Visit) -> Outcome:
    """Charge one look and show the very bytes that Allow would release."""
    id_text = visit.names["id"]
    _, terms = _asked(visit)
    try:
        visit.vault.requests.preview(
            id_text,
            terms,
            visit.form.one("shown"),
            visit.form.one("passphrase"),
            frozenset(visit.form.many("confirm")),
        )
    except WrongPassphraseError:
        return _page(visit, visit.form, Said(status=403, wrong_passphrase=True))
    except ConflictError:
        return _moved(visit)
    return _page(visit, visit.form, Said(charged=True))


def refuse(visit: Visit) -> Outcome:
    """Refuse the request."""
    visit.vault.requests.refuse(visit.names["id"])
    return Go(to=f"/requests/{visit.names['id']}")


def code(visit: Visit) -> Outcome:
    """Return the program, whole."""
    card = visit.vault.requests.show(visit.names["id"])
    return Page(template="code.html", values={"card": card, "lines": card.code.text.splitlines()})


def _asked(visit: Visit) -> tuple[RequestCard, Terms]:
    asked = visit.vault.requests.show(visit.names["id"])
    return asked, read_terms(visit.form, asked.asked_terms)


def _moved(visit: Visit) -> Page:
    """Return the request as it is now, with what changed since it was read."""
    before = visit.shown.recall(visit.form.one("shown"))
    now = visit.vault.requests.show(visit.names["id"])
    marked = changes(before, now) if before else ()
    return _page(visit, Fields(), Said(status=409, moved=marked))


def _page(visit: Visit, fields: Fields, said: Said) -> Page:
    vault, id_text = visit.vault, visit.names["id"]
    asked = vault.requests.show(id_text)
    waits = asked.state is RequestState.WAITING
    terms = read_terms(fields, asked.asked_terms) if waits else asked.asked_terms
    card = asked if terms == asked.asked_terms else vault.requests.show_with(id_text, terms)
    visit.shown.remember(card)
    grant = next((one for one in vault.grants.list() if one.id == card.grant), None)
    return Page(
        template="request.html",
        status=said.status,
        values={
            "card": card,
            "waits": waits,
            "grant": grant,
            "slips": _slips(visit, card),
            "terms": terms,
            "term_fields": write_terms(terms),
            "example": _example(asked, terms),
            "answers": _answers(card),
            "over": _over(card) if waits else (),
            "unit_word": card.granularity.partition(",")[0],
            "code_lines": len(card.code.text.splitlines()),
            "choices": _choices(asked),
            "modes": mode_options(asked.asked_terms, terms),
            "untils": until_options(asked.asked_terms, terms, visit.now),
            "budgets": budget_options(card, terms),
            "asked_fields": sorted(asked.asked_terms.fields),
            "look": _look(card.preview.answer),
            "allow_key": "decide.allow_once" if terms.mode is Mode.ONCE else "decide.allow_until",
            "changes": said.moved,
            "changed_parts": {change.part for change in said.moved or ()},
            "wrong_passphrase": said.wrong_passphrase,
            "charged": bits(card.preview.cost) if said.charged else "",
        },
    )


def _choices(asked: RequestCard) -> tuple[Choice, ...]:
    """Return the answer as asked, then each coarser one."""
    whole = Choice(
        coarsen=asked.asked_terms.coarsen,
        alternatives=asked.answer.alternatives,
        cost=asked.cost_per_answer,
        example=str(asked.answer.example),
    )
    return (whole, *(choice for choice in asked.choices if choice.coarsen != whole.coarsen))


def _example(asked: RequestCard, terms: Terms) -> str:
    """Return how an answer would read on `terms`."""
    named = {choice.coarsen: choice.example for choice in _choices(asked)}
    return named.get(terms.coarsen, str(asked.answer.example))


def _slips(visit: Visit, card: RequestCard) -> tuple[Slip, ...]:
    """Return the receipts of what left under this request."""
    if card.grant is None:
        return ()
    answers = visit.vault.runs.answers()
    return tuple(slip(visit, answer) for answer in answers if answer.grant == card.grant)


def _answers(card: RequestCard) -> tuple[str, dict[str, object]]:
    """Return the text that says all possible answers, and its values."""
    shape = card.answer
    values: dict[str, object] = {
        "unit": shape.unit,
        "first": count(shape.first),
        "second": count(shape.first + shape.step),
        "last": count(shape.last),
        "number": count(shape.alternatives),
        "default": count(shape.default),
    }
    if shape.alternatives <= FEW:
        possible = range(shape.first, shape.last + 1, max(shape.step, 1))
        return "p3.all", values | {"answers": ", ".join(map(str, possible))}
    return ("p3.every" if shape.step == 1 else "p3.range"), values


def _over(card: RequestCard) -> tuple[str, ...]:
    """Return what a yes would come to nothing by: the texts that say so."""
    told = card.object_before + card.cost_per_object
    matters = {
        "p4.object_over": card.cost_per_object > 0 and told > card.object_cap,
        "p4.asked_over": card.asked_before >= card.asked_most,
    }
    return tuple(key for key, is_so in matters.items() if is_so)


def _look(answer: bytes | None) -> Look | None:
    if answer is None:
        return None
    try:
        text = answer.decode()
    except UnicodeDecodeError:
        text = answer.hex(" ")
    figure = "".join(char for char in text.rpartition(":")[2] if char.isdigit() or char == "-")
    return Look(figure=figure if 0 < len(figure) <= WIDE_FIGURE else size(answer), text=text)
