"""The rows of people's passkeys: ten at most for each person, found by a keyed tag.

- The row counts how often the key signed, as the key says; what the key is lies sealed under the
  person's own key, and goes with it.
- All of them decide: whether somebody has a passkey settles what a link still permits.

Source: docs/spec/30-access.md section 7.
"""

from collections.abc import Iterator

from sealhold.model.ids import SubjectId
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Guard, Op, TableSpec
from sealhold.vault.core import Core

PASSKEYS = TableSpec(
    name="passkey",
    columns={
        "subject": ColumnKind.ID16,
        "slot": ColumnKind.I64,
        "tag": ColumnKind.TAG16,  # of the credential's id
        "app": ColumnKind.ID16,
        "signed": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("subject", "slot"),
    indexes={"tag": ("tag",)},
)
SLOTS = range(10)


def passkeys_of(core: Core, subject: SubjectId) -> Iterator[Found]:
    """Yield the rows of a person's passkeys, as they were last committed."""
    for slot in SLOTS:
        found = core.deciding.get(PASSKEYS.name, subject, slot)
        if found is not None:
            yield found


def has_passkey(core: Core, subject: SubjectId) -> bool:
    """Return whether a person has a passkey."""
    return any(True for _ in passkeys_of(core, subject))


def without_passkey(subject: SubjectId) -> tuple[Op, ...]:
    """Return what holds a commit to that a person has no passkey."""
    # THREAT T315: what a link still permits is not committed behind the first passkey
    return tuple(Guard(PASSKEYS.name, (subject, slot), Expect.ABSENT) for slot in SLOTS)


def no_passkeys(core: Core, subject: SubjectId) -> Iterator[Op]:
    """Yield the operations that take out a person's passkeys."""
    for found in passkeys_of(core, subject):
        yield Delete(PASSKEYS.name, (subject, found.row[1]))
