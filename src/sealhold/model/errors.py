"""Every way in which sealhold says no: one tree.

- A class is one situation. It has a kind, from which exit code and HTTP status follow, and its
  docstring ends in the remedy that the reader is shown.
- A message names ids and counts, never personal data, never a secret.
- An outsider sees DENIED for all that is absent, forbidden, exhausted or away.

Source: docs/spec/01-encoding.md section 5.
"""

import inspect
from enum import IntEnum
from typing import ClassVar


class ErrorKind(IntEnum):
    """What sort of no it is; the value is the exit code of the command line."""

    BUG = 1
    USAGE = 2
    DENIED = 3
    NOTFOUND = 4
    INVALID = 5
    TAMPERED = 6
    UNAVAILABLE = 7
    EXHAUSTED = 8
    CONFLICT = 9


class SealholdError(Exception):
    """Something went wrong that sealhold did not foresee.

    Remedy: report it with the output of `sealhold status --json`.
    """

    kind: ClassVar[ErrorKind] = ErrorKind.BUG

    @classmethod
    def remedy(cls) -> str:
        """Return what the reader can do next, from the class docstring."""
        return inspect.cleandoc(cls.__doc__ or "").partition("Remedy: ")[2].replace("\n", " ")

    @classmethod
    def code(cls) -> str:
        """Return the name that programs match on: `LEAK_EXHAUSTED` for LeakExhaustedError."""
        words = "".join(f"_{c}" if c.isupper() else c.upper() for c in cls.__name__)
        return words.strip("_").removesuffix("_ERROR")


class UsageError(SealholdError):
    """The command or call was not put together as it must be.

    Remedy: see `sealhold COMMAND --help`.
    """

    kind = ErrorKind.USAGE


# --- invalid: what came in is not what it must be ---


class InvalidError(SealholdError):
    """What came in does not have the form it must have.

    Remedy: correct the input; nothing was changed.
    """

    kind = ErrorKind.INVALID


class InvalidEncodingError(InvalidError):
    """Bytes are not the strict JSON or deterministic CBOR they should be.

    Remedy: write the document again with a tool that keeps to docs/spec/01-encoding.md.
    """


class InvalidIdError(InvalidError):
    """A text is not an id of the kind that is asked for.

    Remedy: copy the id from the matching `list` command.
    """

    def __init__(self, what: str, text: str) -> None:
        super().__init__(f"`{text[:64]}` is not a {what} id")


class UnknownPurposeError(InvalidError):
    """A purpose is not a term of the vocabulary, so it cannot be decided on.

    Remedy: use a purpose of the W3C Data Privacy Vocabulary 2.3, for instance `ServiceProvision`.
    """


class InvalidManifestError(InvalidError):
    """A task manifest or a request breaks a rule of its format.

    Remedy: run `sealhold task check PATH`, which names each fault with its place.
    """


class NotAProgramError(InvalidError):
    """A program of tier `wasm` is no WebAssembly that is run.

    Remedy: build it again; `docs/howto/wasm-tasks.md` shows how.
    """


class InvalidGrantError(InvalidError):
    """A grant is not of its format, or is meant to give more than the one above it.

    Remedy: have the vault that issued it issue it again.
    """


class InvalidFilterError(InvalidError):
    """A row filter or precision rule is not in the language.

    Remedy: see docs/spec/07-grants.md section 4 for the grammar.
    """


class UnreadableSourceError(InvalidError):
    """A file is of no kind that a connector reads, or is broken as a whole.

    Remedy: see `sealhold import --help` for the formats; export the data again if it is cut off.
    """


class InvalidSettingsError(InvalidError):
    """The vault's `config.toml` is not as it must be, so the vault does not open.

    Remedy: correct it or take it away; docs/howto/own-vault.md lists what can be set.
    """


class InvalidQueryError(InvalidError):
    """A query cannot be run as it is written.

    Remedy: `sealhold query --tables` lists what can be asked.
    """


class WeakPassphraseError(InvalidError):
    """A new passphrase is too short, or was not typed the same way twice.

    Remedy: take four or five words that nobody says in this order.
    """


class CapTooHighError(InvalidError):
    """A budget's cap is outside of what a cap can be.

    Remedy: `sealhold budget show` tells the highest that each cap can be.
    """


class NotAProofError(InvalidError):
    """A file is neither a proof, a receipt nor an audit bundle.

    Remedy: pass the file that `sealhold run --out` or `sealhold audit show --proof` wrote.
    """


# --- denied ---


class DeniedError(SealholdError):
    """The request is refused; an outsider learns nothing more.

    Remedy: ask the owner, who sees the reason with `sealhold audit show`.
    """

    kind = ErrorKind.DENIED


class WrongPassphraseError(DeniedError):
    """The passphrase does not open this vault.

    Remedy: try again; Caps Lock and keyboard layout are the usual causes.
    """


class WrongKeyFileError(DeniedError):
    """The key file does not open this vault.

    Remedy: name the key file that was made for this vault, or unlock with the passphrase.
    """


class BadTokenError(DeniedError):
    """An access token is forged, expired or used outside its bounds.

    Remedy: ask the owner for a new token.
    """


class LockedError(DeniedError):
    """The vault is locked.

    Remedy: type the passphrase at a terminal or on the vault's page, or set SEALHOLD_PASSPHRASE.
    """


class VerificationNeededError(DeniedError):
    """Deciding, exporting or deleting needs the passphrase typed at a terminal.

    Remedy: run the command in a terminal; only a headless home takes it from the environment.
    """


# --- not found ---


class NotFoundError(SealholdError):
    """Nothing of that name is here.

    Remedy: list what exists with the matching `list` command.
    """

    kind = ErrorKind.NOTFOUND


class NoHomeError(NotFoundError):
    """There is no vault in this folder.

    Remedy: make one with `sealhold init`, or name another folder with `--home`.
    """


class NoFileError(NotFoundError):
    """A file or folder that was named is not there, or cannot be read.

    Remedy: look at the path; a name with a space in it needs quotes.
    """


class ObjectNotFoundError(NotFoundError):
    """A stored object was never put, or has been deleted.

    Remedy: run `sealhold audit verify`, which lists each missing object.
    """


# --- tampered ---


class TamperedError(SealholdError):
    """Something that was kept is not what was written.

    Remedy: keep the folder as it is, and restore a backup into an empty one.
    """

    kind = ErrorKind.TAMPERED


class SealBrokenError(TamperedError):
    """A ciphertext does not open under its key and place: changed, moved or swapped.

    Remedy: run `sealhold audit verify`, which names each record and file that does not fit.
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
    """


class PlaintextStoreError(TamperedError):
    """A database file that must be encrypted is not.

    Remedy: a wrong library wrote it; restore a backup and reinstall sealhold.
    """


class RolledBackError(TamperedError):
    """A file is older than what the vault last wrote.

    Remedy: put the newest files back, or `sealhold audit accept`, which spends all budgets.
    """


class InsecureHomeError(TamperedError):
    """The home folder or a file in it may be read by other users.

    Remedy: `chmod 700` the folder and `chmod 600` the files, then look who could have read them.
    """


# --- unavailable ---


class UnavailableError(SealholdError):
    """A part does not answer now.

    Remedy: try again; `sealhold status` shows which part is away.
    """

    kind = ErrorKind.UNAVAILABLE


class AuditUnavailableError(UnavailableError):
    """The audit log cannot be written, so nothing is released.

    Remedy: free disk space or repair the disk, then try again.
    """


class StoreUnavailableError(UnavailableError):
    """A store does not answer; whether the last call took effect is unknown. It may be repeated.

    Remedy: check that the disk is mounted and has room, then try again.
    """


class StoreFullError(StoreUnavailableError):
    """The disk is full; nothing was written.

    Remedy: free disk space, then try again.
    """


class StoreBusyError(StoreUnavailableError):
    """Another process is writing to this vault.

    Remedy: stop the other `sealhold` process, or wait until it is done.
    """


class NotFetchedError(UnavailableError):
    """A third party's file could not be fetched, or is not the one that a task names.

    Remedy: `sealhold resource list` says why; `sealhold resource fetch` tries again.
    """

    def __init__(self, sentence: str = "", *, reason: str = "absent") -> None:
        super().__init__(*[sentence] if sentence else [])
        self.reason = reason  # a code of a closed set, for the log


class IsolationUnavailableError(UnavailableError):
    """This kernel cannot confine a foreign program, so none is run.

    Remedy: use Linux 5.13 or newer with Landlock and seccomp. To run programs that you trust
    without a jail, set `isolation = "language-only"`: docs/howto/own-vault.md.
    """


class EvidenceUnavailableError(UnavailableError):
    """A program that this kind of evidence is made or checked with is not installed.

    Remedy: install sealhold with its extra `attest` for `sgx` and `tdx`, tpm2-tools for `tpm2`.
    """


class BrokerLostError(UnavailableError):
    """The jailed process that runs a task ended, or answered in no known form.

    Remedy: run it again; if it stays away, `sealhold status` shows what this machine lacks.
    """


class ExtraMissingError(UnavailableError):
    """A package that only some need is not installed.

    Remedy: install what the message names, with `pip install`.
    """


class StoppedError(UnavailableError):
    """A run was stopped before its end; what was evaluated until then is kept.

    Remedy: run it again: it goes on where it stopped, and nothing is charged twice.
    """


class BusyError(UnavailableError):
    """More work waits than the queue holds; nothing was begun.

    Remedy: try again in a second.
    """


# --- exhausted ---


class ExhaustedError(SealholdError):
    """A budget or limit is used up.

    Remedy: raise the limit, or wait until its term ends.
    """

    kind = ErrorKind.EXHAUSTED


class LeakExhaustedError(ExhaustedError):
    """The task would reveal more than the owner allowed.

    Remedy: `sealhold budget set` raises a cap, `sealhold budget show` tells each; or ask for a
    coarser answer.
    """


class GrantExhaustedError(LeakExhaustedError):
    """The answer would tell more than this one grant still covers.

    Remedy: have the app ask again; no cap makes a grant wider.
    """


class QuestionsExhaustedError(ExhaustedError):
    """The task was asked as often as its manifest says.

    Remedy: nothing raises this; its author can publish a task that may be asked more often.
    """


class NoiseExhaustedError(ExhaustedError):
    """Blurred answers would add up to a sharper one than a year allows.

    Remedy: ask with a smaller epsilon, or wait until the year ends.
    """


# --- conflict ---


class ConflictError(SealholdError):
    """The state moved while you looked at it.

    Remedy: look again, then repeat the call.
    """

    kind = ErrorKind.CONFLICT


class TakenError(ConflictError):
    """Something is in this place already, and nothing is ever written over.

    Remedy: name another folder or file, or move away what is there.
    """


class FenceLostError(ConflictError):
    """Another writer took over this vault; nothing was written.

    Remedy: stop one of the two processes.
    """
