"""Tampered: what was kept, signed or proven is not what it was.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


class TamperedError(SealholdError):
    """Something that was kept is not what was written.

    Remedy: keep the folder as it is, and restore a backup into an empty one.
    """

    kind = ErrorKind.TAMPERED


class SealBrokenError(TamperedError):
    """A ciphertext does not open under its key and place: changed, moved or swapped.

    Remedy: run `sealhold audit verify`, which names each record and file that does not fit.

    Over HTTP: tell whoever runs the vault: what is kept is not what was written.
    """


class BadSignatureError(TamperedError):
    """A signature does not fit the bytes or the key.

    Remedy: get the document again from its source, and check that the key is the one you trust.
    """


class BadProofError(TamperedError):
    """A Merkle proof does not lead from the entry to the root, or from one root to the other.

    Remedy: get the file again from its source; if that does not help, the log was changed.
    """


class BadChainError(TamperedError):
    """A chain of certificates does not lead to a pinned root, or not at that time.

    Remedy: get evidence and certificates again; what is older is judged at its own time, `--at`.

    Over HTTP: get evidence and certificates again.
    """


class BadCertificateError(TamperedError):
    """A device's certificate does not lead to the person's root identity, or not for this use.

    Remedy: pair the device again from one that may add devices.

    Over HTTP: pair the device again.
    """


class BadMembershipError(TamperedError):
    """An entry of a membership log is by nobody who could write it, or does not fit the log.

    Remedy: it was set aside; look in the list of devices for one that you do not know.
    """


class PolicyRefusedError(TamperedError):
    """A protection policy does not follow the one that was in force: unsigned, old or of another.

    Remedy: sign the next version with `sealhold proxy sign FILE`, made from the one in force.

    Over HTTP: whoever keeps the policy must sign the next version, made from the one in force.
    """


class PlaintextStoreError(TamperedError):
    """A database file that must be encrypted is not.

    Remedy: a wrong library wrote it; restore a backup and reinstall sealhold.
    """


class RolledBackError(TamperedError):
    """A file is older than what the vault last wrote.

    Remedy: put the newest files back, or `sealhold audit accept`, which spends all budgets.

    Over HTTP: tell whoever runs the vault, which is older than it should be.
    """


class ProxyStateLostError(TamperedError):
    """What a proxy before a rented database keeps is gone, or older than what it was.

    Remedy: put the newest file back; or `sealhold proxy serve --renew`, which begins a new one.

    Over HTTP: whoever runs the proxy must put the newest file back, or begin a new one.
    """


class RowTamperedError(TamperedError):
    """A row at a provider is not one that its proxy wrote: changed, invented, or given twice.

    Remedy: `sealhold proxy audit` names each such row; put them back from a copy of the provider's.

    Over HTTP: tell whoever runs the proxy: a row at the provider is not what was written.
    """


class RowStaleError(TamperedError):
    """A row at a provider is an older one than was written last, or one that was deleted.

    Remedy: `sealhold proxy audit` names each such row; the provider went back, or was put back.

    Over HTTP: tell whoever runs the proxy: the provider shows an older row than the last one.
    """


class InsecureHomeError(TamperedError):
    """The home folder or a file in it may be read by other users.

    Remedy: `chmod 700` the folder and `chmod 600` the files, then look who could have read them.
    """
