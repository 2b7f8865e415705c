"""`sealhold budget set`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.budget_show import OF
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_bits, short
from sealhold.model.errors import UsageError
from sealhold.model.ids import Kind
from sealhold.model.quantities import MicroBits, show_bits
from sealhold.model.shown.budgets import CapLook

RAISE = "raise"  # the point of its own that raising a cap has


def budget_set(
    context: typer.Context,
    cap: Annotated[str, typer.Argument(metavar="CAP", help="`object`, `app`, `purpose`, `all`.")],
    most: Annotated[str, typer.Argument(metavar="BITS", help="The most that is told; 0 for none.")],
    confirm: Annotated[
        list[str] | None,
        typer.Option(metavar="POINT", help="Say yes to this point of it: `raise`."),
    ] = None,
) -> None:
    """Set the most that may be told.

    A lower cap holds at once; what was told beyond it stays told. A higher one is shown first, with
    what it would allow, and needs `--confirm raise`. Both take your passphrase, typed at the
    terminal for this one decision.

    Raises:
        UsageError: more would be told, without a yes to that.
    """
    session, bits = Session.of(context), _read(most)
    with reading(session) as node:
        look = node.budgets.look(cap, bits)
        check_can_confirm(session, node)
        say(session, *_look(look), Line(""))
        points = frozenset(confirm or ())
        if unknown := sorted(points - {RAISE}):
            raise UsageError(f"there is no point `{unknown[0]}`; there is `{RAISE}`")
        if look.raises and RAISE not in points:
            raise UsageError(f"not without a yes to it: --confirm {RAISE}")
        passphrase = confirmed(session, node, f"Passphrase, to set the cap `{look.kind}`: ")
        # THREAT T63: what was shown goes along; the vault refuses if it is another by now.
        view = node.budgets.set_cap(
            look.kind, bits, look.before, passphrase, confirmed=RAISE in points
        )
    emit(
        session,
        view,
        Line(f"Set: {OF[view.kind]}, at most {show_bits(view.cap)} bits.", "head"),
        Line("See all: sealhold budget show", "hint"),
    )


def _read(text: str) -> MicroBits:
    return MicroBits(0) if text == "0" else read_bits(text)


def _look(look: CapLook) -> list[Block]:
    columns = (Column("Of"), figure("Told"), figure("Left now"), figure("Left then"))
    rows = [
        (safe(each.label), *map(show_bits, (each.used, *_left(look, each.used))))
        for each in look.budgets
    ]
    told: list[Block] = [Line(""), Table(columns, rows)] if rows else []
    head = Line(f"{OF[look.kind].capitalize()}: {_from_to(look)}", "head")
    return [head, *told, *_allows(look)]


def _from_to(look: CapLook) -> str:
    return f"at most {show_bits(look.before)} bits now, {show_bits(look.after)} then"


def _left(look: CapLook, used: MicroBits) -> tuple[MicroBits, MicroBits]:
    now, then = (MicroBits(max(0, cap - used)) for cap in (look.before, look.after))
    return now, then


def _allows(look: CapLook) -> list[Block]:
    """Return what more could be told."""
    if not look.raises:
        return [Line(""), Line("Nothing is given back; what is beyond it is refused from now on.")]
    whole, more = -(-look.after // 8_000_000), show_bits(MicroBits(look.after - look.before))
    said = {
        "object": f"An object of {whole} bytes or fewer could then be told whole.",
        "app": f"Each app could be told {more} bits more this year, and each year.",
        "purpose": f"For each purpose {more} bits more could be told this year, and each year.",
        "all": f"All askers together could be told {more} bits more this year, and each year.",
    }
    fits = [
        Line(f"{short(Kind.REQUEST, each.request)} of {safe(each.asker)} would fit then.")
        for each in look.opens
    ]
    return [Line(""), Line(said[look.kind]), *fits]
