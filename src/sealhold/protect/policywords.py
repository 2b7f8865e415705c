"""The closed lists of words that a protection policy is written in, and the forms of its texts.

Source: docs/spec/16-protection-policy.md section 2.
"""

import re
from typing import Final

FORMAT: Final = "sealhold-policy/1"
SERVERS: Final = ("postgres", "s3", "agent")
CLASSES: Final = (
    *("identifier", "quasi_identifier", "confidential", "non_confidential"),
    "technical_identifier",
)
KINDS: Final = (
    *("categoric", "categoric_ordinal", "numeric_discrete", "numeric_continuous"),
    "geometric_object",
)
USAGES: Final = ("storage", "search", "update", "compute")
TECHNIQUES: Final = (
    *("sealed", "match", "deterministic", "order", "range-hidden", "words", "he-sum"),
    *("paillier-sum", "fpe", "token", "split", "anonymise", "redact", "private-lookup"),
)
AUDITS: Final = ("none", "write", "all")
FOLDS: Final = ("none", "casefold")
PADS: Final = (0, 16, 64, 256)
REACTIONS: Final = ("failover", "repair", "rotate", "quarantine", "notify")
RIGHTS: Final = ("read", "write", "define")  # of users of a proxy, and of roles
METHODS: Final = ("mondrian", "microaggregate", "coarsen", "shift")
ALPHABETS: Final = {"digits": 10, "hex": 16, "lower": 26, "upper": 26, "alnum": 36}
"""Alphabets of `fpe` that have a name, and how many characters each has."""

DATASET: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# no dot, which parts table and column; no quote and nothing that is not seen
SQL_NAME: Final = re.compile(r"[^\W\d][\w$ -]{0,62}")
COLUMN: Final = re.compile(r"(?:[^\W\d][\w$ -]{0,62}\.){1,2}[^\W\d][\w$ -]{0,62}")
TABLE: Final = re.compile(r"(?:[^\W\d][\w$ -]{0,62}\.)?[^\W\d][\w$ -]{0,62}")
TYPE: Final = re.compile(
    r"[A-Za-z][A-Za-z0-9_ ]{0,62}(?:\([0-9, -]{1,20}\))?[A-Za-z ]{0,24}(?:\[\])?"
)
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
VISIBLE: Final = re.compile(r"[!-~]{1,500}")
BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX: Final = re.compile(r"[^\x00-\x1f\x7f]{0,500}")
WORD: Final = re.compile(r"[^\x00-\x20\x7f]{0,100}")
TOKENS: Final = re.compile(r"unicode|prefix[1-9][0-9]?-[1-9][0-9]?")
ALPHABET: Final = re.compile(rf"{'|'.join(ALPHABETS)}|=[!-~]{{2,94}}")
NAME_IS: Final = "a name of up to 63 letters, digits, `_`, `$`, `-` and blanks"
COLUMN_IS: Final = "`table.column`, or `schema.table.column`"
TABLE_IS: Final = "`table`, or `schema.table`"
