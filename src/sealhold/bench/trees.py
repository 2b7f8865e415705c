"""The tree that folders, backups and their peers are measured with: the same each time.

- 4,408 files of 200 MB: 4,000 notes of words, 400 pictures of 100 KB, 8 films of 17 MB, the last of
  which is the first with a kilobyte put in. A quick tree has a twentieth of that.

Source: docs/benchmarks.md.
"""

from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Final

SEED: Final = 30
NOTES, PICTURES, FILMS = 4_000, 400, 8
NOTE_WORDS, PICTURE, FILM, PUT_IN = 900, 100_000, 17_000_000, 1_000
QUICK: Final = 20
VOCABULARY: Final = 4_000
FOLDER: Final = 100  # notes in one


def grow_tree(root: Path, *, quick: bool) -> int:
    """Write the tree into a new folder; return how many files it has."""
    draw = Random(SEED)  # noqa: S311  # reason: bytes to be measured with, the same each time
    less = QUICK if quick else 1
    words = [
        "".join(draw.choices(ascii_lowercase, k=draw.randint(2, 10))) for _ in range(VOCABULARY)
    ]
    for number in range(NOTES // less):
        note = root / "notes" / f"{number // FOLDER:02d}" / f"{number}.md"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(" ".join(draw.choices(words, k=NOTE_WORDS)))
    (root / "pictures").mkdir()
    for number in range(PICTURES // less):
        (root / "pictures" / f"{number}.jpg").write_bytes(draw.randbytes(PICTURE))
    (root / "films").mkdir()
    for number in range(FILMS - 1):
        (root / "films" / f"{number}.bin").write_bytes(draw.randbytes(FILM // less))
    first = (root / "films" / "0.bin").read_bytes()
    (root / "films" / f"{FILMS - 1}.bin").write_bytes(edited(first, draw))
    return NOTES // less + PICTURES // less + FILMS


def edited(content: bytes, draw: Random) -> bytes:
    """Return a content with a kilobyte put into its middle."""
    half = len(content) // 2
    return content[:half] + draw.randbytes(PUT_IN) + content[half:]
