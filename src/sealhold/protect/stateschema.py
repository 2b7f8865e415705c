"""The tables of a proxy's state.

| Table | Holds |
|---|---|
| meta | the form of the file, and how often it was changed |
| epoch | each epoch that was taken, in order |
| sealed | how many cells each key sealed, or may have |
| series, gap | how far words counted in each epoch, and which counters no pair has |
| ticket, taken, renewed | what is pending: counters, and the series that a renewal replaces |
| token | values and what stands for them |
| migration | how far each table is that was migrated |
| part, staged | the versions of rows, 1,024 to a part; those whose transaction may go on |
| sumkey, sumblock | keys of sums of each column; which rows lie in each block at an agent |

A `place` names a column or domain.

Source: docs/spec/59-proxy-in-a-vault.md section 2.
"""

from typing import Final

FORM: Final = 1  # stands in the schema, too

_BARE: Final = "STRICT, WITHOUT ROWID"
_META: Final = "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT"
_EPOCH: Final = (
    "CREATE TABLE epoch (born INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER UNIQUE) STRICT"
)
_SEALED: Final = "CREATE TABLE sealed (key TEXT PRIMARY KEY, cells INTEGER NOT NULL) STRICT"
_SERIES: Final = (
    "CREATE TABLE series (place TEXT, word BLOB, born INTEGER, count INTEGER NOT NULL,"
    f" PRIMARY KEY (place, word, born)) {_BARE}"
)
_GAP: Final = (
    "CREATE TABLE gap (place TEXT, word BLOB, born INTEGER, first INTEGER, count INTEGER NOT NULL,"
    f" PRIMARY KEY (place, word, born, first)) {_BARE}"
)
_TICKET: Final = (
    "CREATE TABLE ticket (number INTEGER PRIMARY KEY AUTOINCREMENT, place TEXT NOT NULL) STRICT"
)
_TAKEN: Final = (
    "CREATE TABLE taken (ticket INTEGER, word BLOB, born INTEGER, first INTEGER NOT NULL,"
    f" count INTEGER NOT NULL, PRIMARY KEY (ticket, word, born)) {_BARE}"
)
_TAKEN_BY_WORD: Final = "CREATE INDEX taken_word ON taken (word, born)"
_RENEWED: Final = (
    "CREATE TABLE renewed (ticket INTEGER, word BLOB, born INTEGER,"
    f" PRIMARY KEY (ticket, word, born)) {_BARE}"
)
_TOKEN: Final = (
    "CREATE TABLE token (place TEXT, value BLOB, token BLOB NOT NULL,"
    f" PRIMARY KEY (place, value), UNIQUE (place, token)) {_BARE}"
)
_MIGRATION: Final = (
    "CREATE TABLE migration (place TEXT, name TEXT, phase TEXT NOT NULL, is_back INTEGER NOT NULL,"
    f" PRIMARY KEY (place, name)) {_BARE}"
)
_SUMKEY: Final = (
    "CREATE TABLE IF NOT EXISTS sumkey (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " place TEXT NOT NULL,"
    " agent TEXT NOT NULL, name BLOB NOT NULL, key BLOB NOT NULL, first INTEGER NOT NULL,"
    " next INTEGER NOT NULL, state INTEGER NOT NULL) STRICT"
)
_SUMBLOCK: Final = (
    "CREATE TABLE IF NOT EXISTS sumblock (number INTEGER, block INTEGER, rows BLOB NOT NULL,"
    f" PRIMARY KEY (number, block)) {_BARE}"
)
_FIRST: Final = "INSERT INTO meta VALUES ('form', 1), ('turn', 0)"

_PART: Final = (
    "CREATE TABLE IF NOT EXISTS part (place TEXT, number INTEGER, versions BLOB NOT NULL,"
    f" total BLOB NOT NULL, PRIMARY KEY (place, number)) {_BARE}"
)
_STAGED: Final = (
    "CREATE TABLE IF NOT EXISTS staged (ticket INTEGER, place TEXT, rid INTEGER,"
    f" version INTEGER NOT NULL, PRIMARY KEY (ticket, place, rid)) {_BARE}"
)
LATER: Final = (_PART, _STAGED, _SUMKEY, _SUMBLOCK)  # a file of before has none of them

SCHEMA: Final = (
    *(_META, _EPOCH, _SEALED, _SERIES, _GAP),
    *(_TICKET, _TAKEN, _TAKEN_BY_WORD, _RENEWED, _TOKEN, _MIGRATION),
    *LATER,
    _FIRST,
)
