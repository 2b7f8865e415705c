"""One request in eight numbered parts, as a person decides on it.

- The order and the figures are those of the consent screen: who, why, what would leave, how much
  that tells, what never leaves, the program, the terms, what happens on refusal.

Source: docs/spec/20-faces.md section 3.
"""

from sealhold.frontends.cli.grant_list import MODES
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, figure, safe
from sealhold.frontends.cli.resource_list import facts_of
from sealhold.frontends.cli.words import counted, short
from sealhold.frontends.web.formats import bits, day, grouped, moment, ordinal
from sealhold.frontends.web.safetext import mixes_scripts
from sealhold.model.ids import Kind
from sealhold.model.quantities import show_bits
from sealhold.model.shown import Choice, Meter, RequestCard, RequestState, Terms

FEW = 6  # so many possible answers are said one by one
INDENT = 3


def card_blocks(card: RequestCard, terms: Terms) -> list[Block]:
    """Return the request as it stands on `terms`."""
    return [
        *_title(card),
        *_part(1, "Who asks", *_who(card)),
        *_part(2, "Why", *_why(card)),
        *_part(3, "What would leave: one number and nothing else", *_what(card, terms)),
        *_part(4, "How much that tells", *_tells(card)),
        *_part(5, "What never leaves", *_stays(card, terms)),
        *_part(6, "The program", *_program(card)),
        *_part(7, "Terms", *_terms(card, terms)),
        *_part(
            8,
            "If you refuse",
            Line(
                "They see “refused”, the same as for an expired request or an unknown person. No"
                " reason is sent. They cannot ask this again for 90 days.",
                indent=INDENT,
            ),
        ),
    ]


def _title(card: RequestCard) -> list[Block]:
    waits = card.state is RequestState.WAITING
    state = f"waits for you until {moment(card.expires_at)}" if waits else card.state.value
    return [
        Line(f"Request {short(Kind.REQUEST, card.id)}: {safe(card.answer.label)}", "head"),
        Line(f"Received {moment(card.received_at)}; {state}"),
    ]


def _part(number: int, title: str, *blocks: Block) -> list[Block]:
    return [Line(""), Line(f"{number}  {title}", "head"), *blocks]


def _who(card: RequestCard) -> list[Block]:
    asker = card.asker
    flagged = " (letters of several alphabets)" if mixes_scripts(asker.name) else ""
    history = (
        f"{ordinal(asker.asked).lower()} request; {asker.allowed} allowed, {asker.refused} refused"
    )
    return [
        _facts(
            ("Name", f"{safe(asker.name)}{flagged}, registered by you on {day(asker.known_since)}"),
            ("Key", f"{' '.join(asker.key_words)} ({grouped(asker.key_digest)})"),
            ("Asked", history),
        )
    ]


def _why(card: RequestCard) -> list[Block]:
    return [
        _facts(
            ("Purpose", f"{card.purpose_words} (dpv:{card.purpose})"),
            ("Their words", f"“{safe(card.reason)}”"),
        )
    ]


def _what(card: RequestCard, terms: Terms) -> list[Block]:
    shape = card.answer
    if shape.alternatives <= FEW:
        possible = range(shape.first, shape.last + 1, max(shape.step, 1))
        answers = f"one of {', '.join(map(str, possible))}"
    elif shape.step == 1:
        answers = f"{shape.unit} from {shape.first:,} to {shape.last:,}"
    else:
        second = shape.first + shape.step
        answers = f"{shape.unit}: {shape.first:,}, {second:,} and so on to {shape.last:,}"
    example = next((c.example for c in card.choices if c.coarsen == terms.coarsen), None)
    facts = [
        ("Answers", f"{answers}; {shape.default} also where the program fails"),
        ("For example", f"{example or shape.example}, from made-up data: yours was not read"),
    ]
    if shape.noise:
        facts.append(("Blurred", shape.noise))
    if card.preview.answer is not None:
        facts.append(("Yours", safe(card.preview.answer.decode(errors="replace"))))
    return [_facts(*facts)]


def _tells(card: RequestCard) -> list[Block]:
    unit, one = card.granularity.partition(",")[0], bits(card.cost_per_object)
    timed = ", and the slot it comes in" if "mode_demand" in card.points else ""
    rows = [_meter(each) for each in card.meters]
    columns = (Column("   Budget this year"), figure("Now"), figure("After"), figure("At most"))
    return [
        _facts(
            (
                "An answer",
                f"{bits(card.cost_per_answer)}: one of {card.answer.alternatives:,} answers{timed}",
            ),
            (
                "One object",
                f"{one} of {safe(unit)}, added for life, to {bits(card.object_before)} so far",
            ),
            ("Ever", f"at most {bits(card.object_cap)} of any one object, by all askers"),
            ("Asked", f"{counted(card.asked_before, 'time')} so far, at most {card.asked_most:,}"),
            ("A look first", f"{bits(card.preview.cost)}, charged before you see it (--preview)"),
        ),
        Line(""),
        Table(columns, rows),
        *_beyond(card),
    ]


def _beyond(card: RequestCard) -> list[Block]:
    """Return what a yes would come to nothing by: a budget that is too small, or used up."""
    waits = card.state is RequestState.WAITING
    told = card.object_before + card.cost_per_object
    over: list[Block] = []
    if waits and card.cost_per_object and told > card.object_cap:
        over.append(Line("   Too much of any one object: it cannot be allowed so.", "bad"))
    if waits and card.asked_before >= card.asked_most:
        over.append(Line("   It was asked as often as it may be: no answer would leave.", "bad"))
    return over + [
        Line(
            f"   Too much for {safe(each.label)} on these terms: no answer would leave this year.",
            "bad",
        )
        for each in card.meters
        if each.pending and each.used + each.pending > each.cap
    ]


def _meter(meter: Meter) -> tuple[str, str, str, str]:
    after = show_bits(type(meter.used)(meter.used + meter.pending))
    return f"   {safe(meter.label)}", show_bits(meter.used), after, show_bits(meter.cap)


def _stays(card: RequestCard, terms: Terms) -> list[Block]:
    rows = [
        (f"   {each.name}", safe(each.about)) for each in card.fields if each.name in terms.fields
    ]
    return [
        _facts(
            ("Records", f"{counted(card.objects, 'record')} of {card.collection} in the vault"),
            ("Chosen by", safe(card.selection) if card.selection != "all: all" else "all of them"),
        ),
        Line(""),
        Table((Column("   Read, and kept here", whole=True), Column("What it is")), rows),
    ]


def _program(card: RequestCard) -> list[Block]:
    code = card.code
    lines = counted(len(code.text.splitlines()), "line")
    read = f"sealhold request show {short(Kind.REQUEST, card.id)} --code"
    before = (
        f"changed since {code.before}, which you allowed"
        if code.diff
        else f"the same as {code.before}, which you allowed"
        if code.before
        else "you have allowed no version of it before"
    )
    return [
        _facts(
            ("Name", f"{safe(code.name)} {safe(code.version)}, by {safe(code.author)}"),
            ("Digest", code.digest),
            ("Length", f"{lines}; read it: {read}"),
            ("Confined", code.isolation),
            ("Evidence", code.evidence),
            ("Before", before),
        ),
        *(Line(safe(line), indent=INDENT) for line in code.diff),
        *_files(card),
    ]


def _files(card: RequestCard) -> list[Block]:
    """Return the third parties' files that the program reads."""
    blocks: list[Block] = []
    for view in card.resources:
        blocks += [Line(""), Line(f"It reads {view.id}, a third party's file", indent=INDENT)]
        blocks.append(_facts(*facts_of(view)))
    return blocks


def _terms(card: RequestCard, terms: Terms) -> list[Block]:
    blocks: list[Block] = [
        _facts(
            ("How often", f"{MODES[terms.mode]}; answers {card.schedule}"),
            ("Until", moment(terms.until)),
            ("Budget", f"{bits(terms.budget)} in all"),
            *sight_facts(terms),
            ("Goes to", safe(card.destination)),
            ("Erased after", f"{counted(card.retention_days, 'day')}, they promise"),
            ("Legal basis", card.legal_basis),
        )
    ]
    if card.points and card.state is RequestState.WAITING:
        points = [
            (f"   --confirm {code}", safe(sentence)) for code, sentence in card.points.items()
        ]
        yes = Column("   Needs a yes of its own", whole=True)
        blocks += [Line(""), Table((yes, Column("Because")), points)]
    narrower = [each for each in card.choices if each.coarsen != terms.coarsen]
    if narrower and card.state is RequestState.WAITING:
        rows = [_choice(each) for each in card.choices]
        columns = (
            Column("   You may answer", whole=True),
            figure("Answers"),
            figure("Bits"),
            Column("For example", whole=True),
        )
        blocks += [Line(""), Table(columns, rows)]
    return blocks


def sight_facts(terms: Terms) -> list[tuple[str, str]]:
    """Return what terms say of rows, if they say anything."""
    found = [] if terms.rows == "all" else [("Only rows", safe(terms.rows))]
    return found + [("Coarser", safe(rule)) for rule in terms.precision]


def _choice(choice: Choice) -> tuple[str, str, str, str]:
    how = "   as asked" if choice.coarsen == 1 else f"   --coarsen {choice.coarsen}"
    return how, f"{choice.alternatives:,}", show_bits(choice.cost), choice.example


def _facts(*pairs: tuple[str, str]) -> Facts:
    return Facts([(f"   {name}", what) for name, what in pairs])
