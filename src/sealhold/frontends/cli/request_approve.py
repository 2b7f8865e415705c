"""`sealhold request approve`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from sealhold.frontends.cli.card import card_blocks
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading, world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe, say
from sealhold.frontends.cli.session import STOPPED, Session
from sealhold.frontends.cli.stopping import counted_and_stoppable
from sealhold.frontends.cli.words import read_bits, read_time, short
from sealhold.frontends.web.formats import bits, moment
from sealhold.model.errors import UsageError
from sealhold.model.ids import FieldName, Kind, canonical
from sealhold.model.quantities import Instant
from sealhold.model.shown import GrantView, Mode, RequestCard, Terms
from sealhold.node import Node


@dataclass(frozen=True, slots=True)
class Narrower:
    """What the owner said to make the terms narrower."""

    once: bool
    each: bool
    until: str | None
    budget: str | None
    fields: str | None
    coarsen: int | None
    rows: str | None
    precision: tuple[str, ...]

    def of(self, asked: Terms, now: Instant) -> Terms:
        """Return the terms: as asked, but for what was said.

        Raises:
            UsageError: `--once` and `--each` together.
        """
        if self.once and self.each:
            raise UsageError("`--once` and `--each` exclude each other")
        mode = Mode.ONCE if self.once else Mode.EACH if self.each else asked.mode
        fields = asked.fields
        if self.fields is not None:
            fields = frozenset(FieldName(each.strip()) for each in self.fields.split(","))
        return Terms(
            mode=mode,
            until=asked.until if self.until is None else read_time(self.until, now),
            budget=asked.budget if self.budget is None else read_bits(self.budget),
            fields=fields,
            coarsen=asked.coarsen if self.coarsen is None else self.coarsen,
            rows=asked.rows if self.rows is None else self.rows,
            precision=self.precision,
        )


def request_approve(  # noqa: PLR0913  reason: each is one way to give less than was asked
    context: typer.Context,
    *,
    request: Annotated[
        str, typer.Argument(metavar="REQUEST", help="Its id, from `sealhold request list`.")
    ],
    once: Annotated[bool, typer.Option("--once", help="One answer, then it is over.")] = False,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="End earlier: a date, or `7d`.")
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="Be asked before each answer.")] = False,
    budget: Annotated[str | None, typer.Option(metavar="BITS", help="Less in all.")] = None,
    fields: Annotated[
        str | None, typer.Option(metavar="A,B", help="Show the program only these fields.")
    ] = None,
    coarsen: Annotated[
        int | None, typer.Option(metavar="N", help="Answer in steps of N.", min=1)
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(metavar="FILTER", help="Only these rows: `sample(start, 15m, 1m)`."),
    ] = None,
    precision: Annotated[
        list[str] | None,
        typer.Option(metavar="RULE", help="Coarser: `round(lat, 0.01)`; once for each rule."),
    ] = None,
    confirm: Annotated[
        list[str] | None,
        typer.Option(metavar="POINT", help="Say yes to this point of it; once for each."),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option(
            "--preview", help="Do not allow yet: show my answer first. Costs what part 4 says."
        ),
    ] = False,
) -> None:
    """Allow a request, as it is asked or narrower.

    Shows the whole request on the terms that you say, then takes your passphrase, typed at the
    terminal for this one decision. Only a headless vault takes it from SEALHOLD_PASSPHRASE.

    Raises:
        UsageError: a point of the request lacks its own yes.
    """
    session, less = Session.of(context), tuple(precision or ())
    narrower = Narrower(once, each, until, budget, fields, coarsen, rows, less)
    with reading(session) as node:
        asked = node.requests.show(request)
        terms = narrower.of(asked.asked_terms, world_of(session).clock())
        card = node.requests.show_with(request, terms)
        check_can_confirm(session, node)
        say(session, *card_blocks(card, terms), Line(""))
        points = _all_confirmed(card, confirm or ())
        act = _preview if preview else _approve
        act(session, node, card, terms, points)


def _all_confirmed(card: RequestCard, said: Sequence[str]) -> frozenset[str]:
    """Return the points that were said yes to, if each was.

    Raises:
        UsageError: a point of the request lacks its own yes.
    """
    if missing := sorted(card.points.keys() - set(said)):
        codes = " ".join(f"--confirm {code}" for code in missing)
        raise UsageError(f"not without a yes to each point of it: {codes}")
    return frozenset(said)


def _approve(
    session: Session, node: Node, card: RequestCard, terms: Terms, points: frozenset[str]
) -> None:
    prompt = f"Passphrase, to allow {short(Kind.REQUEST, card.id)}: "
    passphrase = confirmed(session, node, prompt)
    # THREAT T63: the digest of what was shown goes along; the vault refuses any other request.
    with counted_and_stoppable(session, node) as run:
        grant = node.requests.approve(
            canonical(card.id), terms, card.digest, passphrase, points, progress=run.watch
        )
    emit(session, grant, *_allowed(grant))
    if run.is_stopped:
        run.tell(short(Kind.GRANT, grant.id), "it is allowed; ")
        raise typer.Exit(STOPPED)


def _allowed(grant: GrantView) -> list[Line | Facts]:
    id_text = short(Kind.GRANT, grant.id)
    return [
        Line("Allowed.", "head"),
        Facts(
            [
                ("Grant", id_text),
                ("To", safe(grant.app_name)),
                ("Until", moment(grant.terms.until)),
                ("At most", bits(grant.terms.budget)),
            ]
        ),
        Line(f"Next: sealhold run {id_text} --out answer", "hint"),
        Line(f"End it: sealhold grant revoke {id_text}", "hint"),
    ]


def _preview(
    session: Session, node: Node, card: RequestCard, terms: Terms, points: frozenset[str]
) -> None:
    cost = bits(card.preview.cost)
    prompt = f"Passphrase, to charge {cost} and look: "
    passphrase = confirmed(session, node, prompt)
    answer = node.requests.preview(canonical(card.id), terms, card.digest, passphrase, points)
    text = answer.decode(errors="replace")
    emit(
        session,
        {"request": canonical(card.id), "answer": text, "cost": card.preview.cost},
        Line(f"Your answer would be {safe(text)}.", "head"),
        Line(f"{cost} were charged for the look. Nothing left."),
    )
