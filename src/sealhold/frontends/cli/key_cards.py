"""`sealhold key cards` and `sealhold key recover`: the recovery secret on cards, and back."""

import re
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import asked, folder_of, reading, world_of
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import CardError, NoFileError, NoHomeError, UsageError
from sealhold.node import Node, recovery_in, rooting

COLUMNS = 3  # of words on a card
WIDTH = 20  # characters of each
LONGEST = 8_192  # bytes of a card's file
_LINE = re.compile(r"\s*(?:\d{1,2} [a-z]+\s*)+")  # of a card: numbers, each with its word


def key_cards(
    context: typer.Context,
    secret: Annotated[
        Path, typer.Argument(metavar="SECRET", help="The file with the vault's recovery secret.")
    ],
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the cards are written, a file each.")
    ],
    needed: Annotated[
        int, typer.Option("--needed", metavar="K", help="So many cards open the vault.")
    ] = 3,
    count: Annotated[
        int, typer.Option("--cards", metavar="N", help="So many cards there are, at most 16.")
    ] = 5,
) -> None:
    """Write the recovery secret on cards, of which some are enough.

    Fewer than are needed tell nothing of it. Print each card, give them to people or places that
    do not meet, and take the files away, that of the secret too. Whoever brings enough of them
    together opens the vault at once. Each call makes another set; cards of two sets do not join.
    """
    session = Session.of(context)
    with reading(session) as node:
        made = rooting.make_cards(node, recovery_in(secret), needed, count)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = [folder / f"card-{number}-of-{count}.txt" for number in range(1, count + 1)]
    texts = [card_text(words, number, count, needed) for number, words in enumerate(made, start=1)]
    rooting.write_private([*zip(files, texts, strict=True)], "recovery card")
    emit(
        session,
        {"files": [str(file) for file in files], "needed": needed, "cards": count},
        Line(
            f"{counted(count, 'card')} in {safe(str(folder))}; any {needed} open the vault.", "head"
        ),
        Line("Print them, keep them apart, and take these files and that of the secret away."),
        Line(f"Try them now: sealhold key recover {safe(str(folder))}/* --check", "hint"),
    )


def key_recover(
    context: typer.Context,
    cards: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[CARD]...", help="Files of cards; without any they are typed."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write the recovery secret there.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell whether the cards open the vault.")
    ] = False,
) -> None:
    """Bring recovery cards together: they give the recovery secret.

    It opens the vault where a passphrase is asked for, and sets a new one. The cards are compared
    with the vault in this folder, if one is there; they are enough without it, too.

    Raises:
        UsageError: neither `--to` nor `--check`, or both.
    """
    session = Session.of(context)
    if (to is None) is not check:
        raise UsageError("say `--to FILE` for the secret, or `--check`")
    text = rooting.join_cards([_words(each) for each in cards] if cards else _typed(session))
    is_known = _is_of_vault(session, text)
    if to is not None:
        rooting.write_private([(to, f"{text}\n")], "recovery secret")
    emit(
        session,
        {"opens_this_vault": is_known, "written": str(to) if to else None},
        Line("The cards give the recovery secret.", "head"),
        Line("It opens this vault." if is_known else "No vault is here to compare it with."),
        *([] if to is None else [Line(_then(to), "hint")]),
    )


def _then(to: Path) -> str:
    file = safe(str(to))
    return f"A new passphrase: SEALHOLD_RECOVERY_FILE={file} sealhold key change-passphrase"


def _is_of_vault(session: Session, text: str) -> bool:
    """Return whether the secret is that of the vault in the folder; False if no vault is there.

    Raises:
        CardError: it is the secret of another vault.
    """
    try:
        with Node(folder_of(session), world_of(session)) as node:
            node.home.check()
            is_known = rooting.is_recovery(node, text)
    except NoHomeError:
        return False
    # THREAT T443: what cards give is compared before anybody relies on it
    if not is_known:
        raise CardError("the cards are of another vault, or of a recovery secret that ended")
    return True


def _typed(session: Session) -> list[str]:
    """Return the cards that are typed, one after the other, until one is left empty."""
    texts: list[str] = []
    while text := asked(session, f"Card {len(texts) + 1}, its words; nothing if that was all: "):
        texts.append(text)
    return texts


def card_text(words: str, number: int, count: int, needed: int) -> str:
    """Return a card as it is printed."""
    listed = [f"{at:2} {word}".ljust(WIDTH) for at, word in enumerate(words.split(), start=1)]
    rows = -(-len(listed) // COLUMNS)
    lines = ["".join(listed[row::rows]).rstrip() for row in range(rows)]
    return "\n".join(
        (
            f"sealhold recovery card {number} of {count}",
            "",
            f"Any {needed} of these cards open the vault at once, without passphrase or device.",
            "Fewer tell nothing. Keep this one where none of the others is.",
            "",
            *lines,
            "",
            "To open: sealhold key recover CARD CARD ... --to FILE",
            "",
        )
    )


def _words(file: Path) -> str:
    """Return the words on a card's file: by their numbers, or as they stand.

    Raises:
        NoFileError: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            text = opened.read(LONGEST).decode("utf-8", "replace")
    except OSError as err:
        raise NoFileError(f"no card in `{safe(str(file))}`") from err
    lines = [line for line in text.splitlines() if _LINE.fullmatch(line)]
    numbered = re.findall(r"(\d{1,2}) ([a-z]+)", "\n".join(lines))
    return " ".join(word for _, word in sorted(numbered, key=lambda pair: int(pair[0]))) or text
