"""The check of all that is kept of apps' people: each row opens, and none is missing or over.

Source: docs/spec/24-people.md section 7.
"""

from collections.abc import Iterator
from contextlib import suppress

from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import Kind, SubjectId, show
from sealhold.vault.attachments import ATTACHMENTS
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.holdrows import keeping_ids
from sealhold.vault.identifiable import FIELDS, open_field
from sealhold.vault.keyblocks import KEY_BLOCKS
from sealhold.vault.lookups import LOOKUPS, anew, check_row
from sealhold.vault.passkeyrows import PASSKEYS
from sealhold.vault.personloginrows import PERSON_LOGINS, login_faults
from sealhold.vault.personrows import OLDER, RECORDS
from sealhold.vault.recordcheck import record_faults
from sealhold.vault.saidcheck import said_faults
from sealhold.vault.says import CHOICES, SAID, SAYS
from sealhold.vault.subjects import ACTIVE, SUBJECTS, Subjects
from sealhold.vault.tokenrows import PERSON_TOKENS

SAID_BY = tuple((f"row of `{table.name}`", table, 0) for table in (SAYS, CHOICES, SAID))


def people_faults(core: Core) -> Iterator[str]:
    """Yield a sentence for each thing that is not as it was written."""
    seen: set[bytes] = set()
    for found in scan_all(core.store, SUBJECTS):
        seen.add(found.row[0])
        name = show(Kind.SUBJECT, found.row[0])
        if found.row[2] != ACTIVE:  # on the way out: the keys are gone, or will be
            if Subjects(core).mark(found) is None:
                yield f"person `{name}` is said to be on the way out, and is not"
            continue
        try:
            person, keys = Subjects(core).opened(found)
            rows = {each.row[1]: each for each in rows_of(core.store, FIELDS, "key", person.id)}
            if rows.keys() - person.fields.keys():
                yield f"person `{name}` has a field that was never written"
            for field, version in person.fields.items():
                open_field(keys, field, version, rows.get(field))
            for each in rows_of(core.store, LOOKUPS, "subject", person.id):
                check_row(core, keys, person.fields.get(each.row[1]), each)
            yield from record_faults(core, keys)
            yield from said_faults(core, keys)
            yield from (f"a login of person `{name}` {each}" for each in login_faults(core, keys))
        except (NotFoundError, TamperedError):
            yield f"person `{name}` does not open"
    yield from _of_nobody(core, seen | keeping_ids(core))
    yield from _tag_faults(core)


def _tag_faults(core: Core) -> Iterator[str]:
    """Yield a sentence for each row whose tag is not one of the key in force."""
    for found in scan_all(core.store, LOOKUPS):
        with suppress(TamperedError):  # then the person was named
            if anew(core, found):
                name = show(Kind.SUBJECT, SubjectId(found.row[3]))
                yield f"person `{name}` is found by a tag that is not in force"


def _of_nobody(core: Core, seen: set[bytes]) -> Iterator[str]:
    for what, table, at in (
        ("field", FIELDS, 0),
        ("token", PERSON_TOKENS, 2),
        ("passkey", PASSKEYS, 0),
        ("login", PERSON_LOGINS, 2),
        ("block of keys", KEY_BLOCKS, 0),
        ("record", RECORDS, 0),
        ("older record", OLDER, 0),
        ("attachment", ATTACHMENTS, 0),
        *SAID_BY,
    ):
        for found in scan_all(core.store, table):
            if found.row[at] not in seen:
                yield f"a {what} is of nobody: `{show(Kind.SUBJECT, SubjectId(found.row[at]))}`"
