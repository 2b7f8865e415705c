"""The consent screen's content: one request, whole, in the numbers and words that are decided on.

- Its digest covers all that does not change while the owner reads: who, why, what would leave,
  code, terms. An approval names the digest, so what was shown is what is allowed.
- Costs are those of the terms in question; a narrower answer is shown as it would read.
- The example comes from synthetic objects, never from the person's.

Source: docs/spec/20-faces.md section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sealhold.compute import manifest_rules
from sealhold.compute.aggregates import WHOLE_KINDS, Kind, released_range
from sealhold.compute.asked import Asked, outlook
from sealhold.compute.leakage import bits_of_choice, query_price
from sealhold.compute.noising import blur_of
from sealhold.compute.parts import words
from sealhold.crypto.digest import tagged
from sealhold.crypto.sign import key_digest, key_words
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack
from sealhold.model.errors import InvalidManifestError
from sealhold.model.ids import Purpose
from sealhold.model.quantities import Instant, MicroBits, Year, year_of
from sealhold.model.shown import (
    AnswerShape,
    AskerView,
    Choice,
    CodeView,
    Meter,
    Mode,
    PreviewView,
    RequestCard,
    RequestState,
    ResourceView,
    Terms,
)
from sealhold.policy import dpv
from sealhold.policy.names import visible
from sealhold.policy.request import Schedule
from sealhold.vault.budget import Budget
from sealhold.vault.caps import CapKind
from sealhold.vault.noisebudget import NoiseBudget
from sealhold.vault.questions import Questions
from sealhold.vault.requests import RequestRow

COARSENINGS = (1, 4, 16)  # as asked, in fours, in sixteens: two bits less each
EVIDENCE = "software key, no hardware"
_SCHEDULES = {Schedule.DEMAND: "on demand", Schedule.DAILY: "once a day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the vault knows beside the request."""

    history: Sequence[RequestRow]  # of the same app
    before: Asked | None  # the newest request with a task of that name that was allowed
    budget: Budget
    objects: int  # that the selection holds today
    isolation: str
    resources: tuple[ResourceView, ...]  # what the program reads of third parties
    now: Instant
    noise: NoiseBudget
    questions: Questions


def asked_terms(asked: Asked) -> Terms:
    """Return the terms as the app asks for them."""
    wish = asked.wish
    return Terms(
        mode=wish.mode,
        until=wish.until,
        budget=wish.budget,
        fields=asked.signed.task.fields,
        coarsen=1,
    )


def choices(asked: Asked) -> tuple[Choice, ...]:
    """Return the answers that the owner may give: as asked, and coarser ones that make sense."""
    task = asked.signed.task
    every = (1,) if task.aggregate.kind in WHOLE_KINDS else COARSENINGS
    found: list[Choice] = []
    for coarsen in every:
        price = query_price(task, coarsen)
        if price.alternatives < 2 or (found and price.alternatives == found[-1].alternatives):  # noqa: PLR2004  # reason: one answer tells nothing
            break
        found.append(
            Choice(
                coarsen=coarsen,
                alternatives=price.alternatives,
                cost=price.total,
                example=_example(asked, coarsen),
            )
        )
    return tuple(found)


def preview_cost(asked: Asked) -> MicroBits:
    """Return what one look before deciding costs: which answer, or no, is then the decision."""
    return bits_of_choice(1 + len(choices(asked)))


def card(asked: Asked, terms: Terms, around: Surroundings, preview: bytes | None) -> RequestCard:
    """Return the request as it is shown with `terms`.

    Raises:
        InvalidManifestError: the terms take away what the program or the selection needs.
    """
    row, wish, task = asked.row, asked.wish, asked.signed.task
    if not terms.fields & task.fields:
        raise InvalidManifestError("a program that sees no field has nothing to answer")
    proposed = asked.proposed(terms.fields & task.fields, around.now)
    ahead = outlook(around.budget, asked, proposed)
    price = query_price(task, terms.coarsen)
    year = year_of(around.now)
    columns = tuple(c for c in asked.dataset.columns if c.name in task.fields)
    return RequestCard(
        id=row.id,
        state=row.state,
        digest=shown_digest(asked).hex(),
        received_at=row.received_at,
        expires_at=row.expires_at,
        asker=_asker(asked, around),
        purpose=wish.purpose,
        purpose_words=purpose_words(wish.purpose),
        reason=visible(_reason(asked)),
        answer=_shape(asked, terms.coarsen, price.alternatives, around),
        cost_per_answer=price.total,
        cost_per_object=ahead.charge,
        object_before=ahead.before,
        meters=_meters(asked, around, year, price.total),
        collection=task.collection,
        granularity=asked.dataset.granularity,
        objects=around.objects,
        fields=columns,
        selection=_selection(asked),
        code=_code(asked, around),
        asked_terms=asked_terms(asked),
        choices=choices(asked),
        schedule=_SCHEDULES[wish.schedule],
        destination=f"{visible(wish.destination.name)}, {wish.destination.url}",
        retention_days=wish.retention_days,
        legal_basis="your consent (Art 6(1)(a) GDPR)",
        preview=PreviewView(cost=preview_cost(asked), answer=preview),
        grant=row.grant,
        points=points_of(asked, around.now),
        resources=around.resources,
        asked_before=around.questions.used(task.digest),
        asked_most=task.limits.queries,
        object_cap=around.budget.cap(CapKind.OBJECT),
    )


def points_of(asked: Asked, now: Instant) -> dict[str, str]:
    """Return what the owner has to say yes to one by one, beside the whole."""
    found = manifest_rules.points(asked.signed.task, asked.dataset, now)
    confirm = manifest_rules.Gravity.CONFIRM
    return {point.code: point.sentence for point in found if point.gravity is confirm}


def shown_digest(asked: Asked) -> bytes:
    """Return the 32-byte digest of what a decision on this request is about.

    It covers the signed request, the signed task, the program's digest and the asker's key: all
    that the screen shows is computed from them and from the vault's own counters.
    """
    row = asked.row
    parts = [row.id, row.request, row.task, row.code.digest, asked.app.public]
    return tagged(Tag.DECISION, pack(parts))


def purpose_words(purpose: Purpose) -> str:
    """Return why, in our words, as a sentence of its own: `To pay wages.`."""
    return f"To {dpv.label(purpose)}."


def label(asked: Asked) -> str:
    """Return what would leave, in the asker's words."""
    return visible(asked.wish.name)


def answer_text(asked: Asked, value: int, coarsen: int) -> str:
    """Return how an answer reads: `17`, or `16-19` if it was rounded down to every fourth."""
    declared = asked.signed.task.aggregate.range
    if coarsen == 1:
        return str(value)
    last = declared.member(min(declared.position(value) + coarsen - 1, declared.size - 1))
    return str(value) if last == value else f"{value}-{last}"


def _example(asked: Asked, coarsen: int) -> str:
    left = released_range(asked.signed.task.aggregate, coarsen)
    return answer_text(asked, left.clamp(asked.row.example), coarsen)


def _asker(asked: Asked, around: Surroundings) -> AskerView:
    app = asked.app
    words = key_words(app.public)
    states = [row.state for row in around.history]
    allowed = sum(row.allowed_at is not None for row in around.history)
    return AskerView(
        app=app.id,
        name=visible(app.name),
        key_digest=key_digest(app.public),
        key_words=(words[0], words[1], words[2], words[3]),
        known_since=app.registered_at,
        asked=len(states),
        allowed=allowed,
        refused=states.count(RequestState.REFUSED),
    )


def _reason(asked: Asked) -> str:
    reasons = dict(asked.wish.reason)
    return reasons.get("en") or next(iter(reasons.values()), "")


def answer_reads(asked: Asked, value: int) -> str:
    """Return what an answer of several parts says; empty if the number says it all."""
    task = asked.signed.task
    return words(task.aggregate, task.evaluate.range, task.input.max_objects, value)


def _noise(asked: Asked, around: Surroundings) -> str:
    blur = blur_of(asked.signed.task)
    if blur is None:
        return ""
    meter = around.noise.meter(asked.dataset.name, year_of(around.now))
    return f"{blur.words()}; {blur.cost:,} micro-rho of {meter.cap:,} a year, {meter.used:,} spent"


def _shape(asked: Asked, coarsen: int, alternatives: int, around: Surroundings) -> AnswerShape:
    task = asked.signed.task
    left = released_range(task.aggregate, coarsen)
    return AnswerShape(
        label=label(asked),
        unit=asked.dataset.name if task.aggregate.kind is Kind.COUNT else "units",
        first=left.first,
        last=left.last,
        step=left.step,
        alternatives=alternatives,
        default=left.clamp(task.aggregate.default),
        example=left.clamp(asked.row.example),
        noise=_noise(asked, around),
    )


def _meters(asked: Asked, around: Surroundings, year: Year, cost: MicroBits) -> tuple[Meter, ...]:
    app, budget = asked.app, around.budget
    waits = asked.row.state is RequestState.WAITING
    pending = cost if waits else MicroBits(0)
    return (
        budget.app_meter(app.id, visible(app.name), year, pending),
        budget.all_meter(year, pending),
    )


def _selection(asked: Asked) -> str:
    """Return which objects are meant, and whether those that come later are too."""
    task = asked.signed.task
    selection = task.selection(asked.wish.selection)
    words = f"{selection.id}: {visible(selection.predicate)}"
    if task.input.objects == "frozen":
        return words
    later = f"{asked.dataset.name} that come later count too, so the days on which they come show"
    return f"{words}; {later}"


def _code(asked: Asked, around: Surroundings) -> CodeView:
    task, row = asked.signed.task, asked.row
    text = _text_of(asked)
    old = around.before
    diff: tuple[str, ...] = ()
    if old is not None and old.row.code != row.code:
        from difflib import unified_diff  # noqa: PLC0415  # reason: few programs have an older one

        lines = unified_diff(_text_of(old).splitlines(), text.splitlines(), lineterm="", n=2)
        diff = tuple(visible(line) for line in list(lines)[2:])
    return CodeView(
        name=visible(task.name),
        version=task.version,
        author=visible(task.author.name),
        digest=task.code.sha256,
        text=text,
        isolation=around.isolation,
        evidence=EVIDENCE,
        before=old.signed.task.version if old is not None else None,
        diff=diff,
    )


def _text_of(asked: Asked) -> str:
    """Return the program as a person reads it; one that is no text, by length and digest."""
    code = asked.signed.task.code
    if code.tier == "wasm":
        return f"WebAssembly, {code.bytes} bytes, without any import\nSHA-256 {code.sha256}\n"
    return asked.row.code.read().decode(errors="replace")


def is_narrower(asked: Asked, terms: Terms) -> bool:
    """Return whether `terms` give nothing that was not asked for."""
    width = {Mode.ONCE: 0, Mode.EACH: 1, Mode.UNTIL: 2}
    wide = asked_terms(asked)
    return (
        width[terms.mode] <= width[wide.mode]
        and terms.until <= wide.until
        and terms.budget <= wide.budget
        and terms.fields <= wide.fields
        and terms.coarsen in {choice.coarsen for choice in choices(asked)}
    )
