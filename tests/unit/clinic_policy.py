"""A protection policy without a fault, which says most of what one can say, and ways to bend it."""

from pathlib import Path

from sealhold.protect.findings import Finding, Severity
from sealhold.protect.policy import Policy
from sealhold.protect.policycheck import check
from sealhold.protect.policyfile import load, read

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "proxy" / "clinic.policy.toml"
CLARUS = ROOT / "examples" / "proxy" / "clinic-clarus.xml"

CLINIC = """\
format = "sealhold-policy/1"
name = "clinic"
version = 1
default = "refuse"

[limits]
fetch_bytes = "64MiB"

[[csp]]
id = "a"
url = "postgresql://a.example.org/clinic"
secret = "env:A_PASSWORD"
group = "one"

[[csp]]
id = "b"
url = "postgresql://b.example.org/clinic"
secret = "vault:b"
group = "two"

[[csp]]
id = "s"
kind = "s3"
url = "https://s.example.org"

[[csp]]
id = "t"
kind = "s3"
url = "https://t.example.org"

[[table]]
dataset = "clinic"
name = "patient"
key = ["id"]
csps = ["a"]
rate = { rows_per_minute = 5000 }

[[table.column]]
name = "id"
type = "bigint"
class = "technical_identifier"
protect = "clear"

[[table.column]]
name = "email"
type = "varchar(200)"
class = "identifier"
usages = ["storage", "search"]
protect = ["match"]
domain = "email"

[[table.column]]
name = "income"
type = "numeric(12,2)"
usages = ["storage", "search", "compute"]
protect = ["order"]
scale = 2

[[table.column]]
name = "city"
type = "text"
class = "quasi_identifier"
protect = ["sealed"]

[[table.column]]
name = "ward"
type = "text"
class = "non_confidential"
protect = "clear"

[[table]]
dataset = "clinic"
name = "visit"
key = ["id"]
csps = ["b"]

[[table.column]]
name = "id"
type = "bigint"
class = "technical_identifier"
protect = "clear"

[[table.column]]
name = "mail"
type = "text"
class = "identifier"
usages = ["storage", "search"]
protect = ["match"]
domain = "email"

[[table.column]]
name = "ended"
type = "timestamptz"
class = "non_confidential"
protect = "clear"

[[constraint]]
never_together = ["patient.ward", "visit.ended"]

[[anonymise]]
table = "patient"
quasi = ["city"]
sensitive = ["income"]
k = 10
l = 2

[[object]]
bucket = "scans"
split = { k = 2, n = 2, csps = ["s", "t"] }

[[role]]
name = "billing"
users = ["bill", "betty"]

[[role.mask]]
column = "patient.email"
show = "domain"

[[role.mask]]
column = "patient.income"
show = "range:1000"
"""


def policy(text: str = CLINIC) -> Policy:
    """Return what a text says."""
    return load(text.encode())


def bent(old: str, new: str, text: str = CLINIC) -> str:
    """Return the text with one change; `old` stands in it once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


def errors(text: str, before: str | None = None, *, accepted: bool = False) -> list[Finding]:
    """Return the errors of a text."""
    previous = None if before is None else policy(before)
    found = check(read(text.encode()), previous, accept_weaker=accepted)
    return [each for each in found if each.severity is Severity.ERROR]


def warnings(text: str) -> list[Finding]:
    """Return the warnings of a text."""
    return [each for each in check(read(text.encode())) if each.severity is Severity.WARNING]


def line_of(text: str, part: str) -> int:
    """Return the line on which `part` begins; it stands in the text once."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1
