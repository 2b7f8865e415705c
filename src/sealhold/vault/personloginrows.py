"""The rows of people's logins: an app's provider, and which account there is which of its people.

- What an account is called stands nowhere. A login is found by a tag of issuer and account under
  two keys of the app, one over the other, as people are found by a value; the inner tag lies sealed
  under the person's key beside it, and the outer one is made anew with the app's key of tags.
- The key of an app's inner tags is its own, so one account in two apps has tags that do not join.
- All of them decide. They are written by the vault alone, and go with their person or app.

Source: docs/spec/30-access.md section 10.
"""

from collections.abc import Iterator

from sealhold.model.encoding import Plain
from sealhold.model.errors import NotFoundError, SealBrokenError
from sealhold.model.ids import AppId, Id16, SubjectId
from sealhold.stores.spec import ColumnKind, Delete, Expect, Found, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.papers import Papers

ISSUERS = TableSpec(
    name="issuer",
    columns={"app": ColumnKind.ID16, "paper": ColumnKind.SEALED},
    key=("app",),
    indexes={},
)
PERSON_LOGINS = TableSpec(
    name="personlogin",
    columns={
        "app": ColumnKind.ID16,
        "tag": ColumnKind.TAG16,  # of issuer and account
        "subject": ColumnKind.ID16,
        "paper": ColumnKind.SEALED,
    },
    key=("app", "tag"),
    indexes={"subject": ("subject",)},
)
TABLES = (ISSUERS, PERSON_LOGINS)
ACCOUNTS = "@account"  # in place of a field's name: the key of an app's inner tags of accounts
TO_TELL_APART = b"sealhold/accounts"  # from the outer tags of any field, whose names have no `/`


def inner_tag(core: Core, app: AppId, issuer: str, sub: str) -> bytes:
    """Return what stands for an account of a provider in one app: 16 bytes.

    Raises:
        NotFoundError: the app never had a provider.
    """
    # THREAT T436: the key is this app's alone, so no two apps have a tag in common
    return core.keyring.fields(app, ACCOUNTS)[0].mac16(issuer.encode(), sub.encode())


def outer_tag(core: Core, app: AppId, inner: bytes) -> bytes:
    """Return the tag under which a login stands, by the app's key in force.

    Raises:
        NotFoundError: the app never had a provider.
    """
    return core.keyring.tags(app).after(TO_TELL_APART).mac16(inner)


def put_login(core: Core, keys: SubjectKeys, inner: bytes, added_at: int) -> Put:
    """Return what lets an account in as a person."""
    clear = (keys.app, outer_tag(core, keys.app, inner), keys.subject)
    paper = Papers(keys, core.entropy).seal(PERSON_LOGINS.name, clear, [inner, added_at])
    return Put(PERSON_LOGINS.name, (*clear, paper), Expect.ABSENT)


def open_login(core: Core, keys: SubjectKeys, found: Found) -> tuple[bytes, int]:
    """Return the inner tag of a login that stands for this person, and since when.

    Raises:
        SealBrokenError: it is not as it was written.
    """
    *clear, sealed = found.row
    inner, added_at = Papers(keys, core.entropy).open(PERSON_LOGINS.name, tuple(clear), sealed)
    return inner, added_at


def logins_of_person(core: Core, subject: SubjectId) -> Iterator[Found]:
    """Yield the logins of a person, as they were last committed."""
    for found in rows_of(core.store, PERSON_LOGINS, "subject", subject):
        held = core.deciding.get(PERSON_LOGINS.name, *found.row[:2])
        if held is not None and held.row[2] == subject:
            yield held


def no_person_logins(core: Core, subject: SubjectId) -> tuple[Op, ...]:
    """Return the operations that take out a person's logins."""
    gone = logins_of_person(core, subject)
    return tuple(Delete(PERSON_LOGINS.name, found.row[:2]) for found in gone)


def issuer_of(core: Core, app: AppId) -> tuple[Found, list[Plain]] | None:
    """Return the row of an app's provider and what it says, if the app named one.

    Raises:
        SealBrokenError: the row is not as it was written.
    """
    found = core.deciding.get(ISSUERS.name, app)
    if found is None:
        return None
    return found, core.papers.open(ISSUERS.name, found.row[:1], found.row[1])


def no_issuer(core: Core, app: AppId) -> Iterator[Op]:
    """Yield the operation that takes out the provider of an app, if it named one."""
    found = core.deciding.get(ISSUERS.name, app)
    if found is not None:
        yield Delete(ISSUERS.name, (app,), found.v)


def no_ways_in(core: Core) -> Iterator[Op]:
    """Yield the operations that take out all providers of apps, and all logins of people."""
    for table, parts in ((ISSUERS, 1), (PERSON_LOGINS, 2)):
        for found in core.deciding.all(table.name):
            yield Delete(table.name, found.row[:parts], found.v)


def login_anew(core: Core, found: Found) -> tuple[Op, ...]:
    """Return the operations that give a login the tag of the key in force; none if it has it.

    A login of somebody who was erased goes.

    Raises:
        SealBrokenError: the row is not as it was written.
    """
    gone = Delete(PERSON_LOGINS.name, found.row[:2], found.v)
    try:
        keys = core.keyring.subject(SubjectId(Id16(found.row[2])))
    except NotFoundError:
        return (gone,)
    inner, added_at = open_login(core, keys, found)
    put = put_login(core, keys, inner, added_at)
    return () if put.row[:2] == found.row[:2] else (gone, put)


def login_faults(core: Core, keys: SubjectKeys) -> Iterator[str]:
    """Yield a sentence for each login of a person that is not as it was written."""
    for found in rows_of(core.store, PERSON_LOGINS, "subject", keys.subject):
        try:
            inner, _ = open_login(core, keys, found)
        except SealBrokenError:
            yield "does not open"
        else:
            if outer_tag(core, keys.app, inner) != found.row[1]:
                yield "stands under a tag that is not in force"
