"""Whether an export is what a vault signed: told from its bytes alone, by anybody who has it.

- The manifest has its one form and the signature of the key in it, lists the files that are there
  and no others, and each of them has the size and the SHA-256 that it was signed with.
- What the app knew of the person is not judged: that is what the vault said at that moment.

Source: docs/spec/27-rights.md section 8.
"""

from collections.abc import Collection, Iterator

from sealhold.audit.exported import MANIFEST
from sealhold.audit.verdict import check_trust, judge
from sealhold.model.ids import Kind, show
from sealhold.model.quantities import rfc3339
from sealhold.model.shown import Check, Verdict
from sealhold.vault.parcel import Parcel

_PAPER = "this export"
_ZIP, _NAMES = b"PK", (MANIFEST.encode(), b"profile.json")


def looks_like_parcel(data: bytes) -> bool:
    """Return whether `data` is an export, perhaps an altered one."""
    return data.startswith(_ZIP) and any(name in data for name in _NAMES)


def verify_parcel(data: bytes, pinned: Collection[bytes]) -> Verdict:
    """Return what holds of an export. `pinned`: keys of vaults that are trusted."""
    return judge(_PAPER, _steps(data, pinned))


def _steps(data: bytes, pinned: Collection[bytes]) -> Iterator[Check]:
    parcel = Parcel(data, None)
    told = parcel.manifest
    who = show(Kind.SUBJECT, told.subject)
    yield Check(name="form", held=True, detail=f"person {who}, as of {rfc3339(told.at)}")
    yield Check(name="signature", held=True, detail="the issuer")
    names = parcel.names()
    for name in names:
        parcel.check(name)
    yield Check(name="files", held=True, detail=f"{len(names)}, each as it was signed")
    yield check_trust(parcel.issuer, pinned)
