"""Unavailable: a part that is needed does not answer now.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


class UnavailableError(SealholdError):
    """A part does not answer now.

    Remedy: try again; `sealhold status` shows which part is away.

    Over HTTP: try again; if it stays away, tell whoever runs the vault.
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


class CarrierAwayError(UnavailableError):
    """A place that devices sync through does not answer; a call may have taken effect.

    Remedy: look whether the relay runs, the network and the stick are there; what waits goes later.

    Over HTTP: this vault cannot reach a place that it syncs through; try again later.
    """


class PeerAwayError(UnavailableError):
    """The proxy of another vault does not answer, or another one answers in its place.

    Remedy: look whether it is served with `--peers` at that address; nothing of the answer is used.

    Over HTTP: nothing of the answer is used; the owner sees to it where proxies are served.
    """


class CarrierFullError(UnavailableError):
    """A place that devices sync through has no room; nothing was kept there.

    Remedy: raise its quota, or free room there; what waits is sent later.

    Over HTTP: a place that this vault syncs through is full.
    """


class NoEpochError(UnavailableError):
    """A key of a collection is not here yet, or its members have none in common.

    Remedy: sync with a device that has it; if devices removed each other, decide which one stays.

    Over HTTP: this vault waits for a key from another device of its owner.
    """


class BudgetAwayError(UnavailableError):
    """Another device counts this budget, and what it lent to this one does not cover the charge.

    Remedy: `sealhold device sync` here, on your other devices, and here again; then try anew.

    Over HTTP: this vault waits for another device of its owner; try again later.
    """

    def __init__(
        self, sentence: str = "", *, budgets: tuple[tuple[str, str, int, int], ...] = ()
    ) -> None:
        super().__init__(*[sentence] if sentence else [])
        self.budgets = budgets  # kind, name, year and what is needed of each


class StoreBusyError(StoreUnavailableError):
    """Another process is writing to this vault.

    Remedy: stop the other `sealhold` process, or wait until it is done.

    Over HTTP: try again; if it stays so, tell whoever runs the vault.
    """


class UnfitBucketError(UnavailableError):
    """A bucket does not do what keeping objects in it needs, so nothing is kept there.

    Remedy: use a service that can put if absent and read ranges, as S3 does.
    """


class UnfitFolderError(UnavailableError):
    """A folder's disk does not do what keeping objects in it needs, so nothing is kept there.

    Remedy: name a disk without links as `folder:PATH`; use another if it cannot lock files.

    Over HTTP: name a folder on another disk, or a stick as `folder:PATH`.
    """


class NotFetchedError(UnavailableError):
    """A third party's file could not be fetched, or is not the one that a task names.

    Remedy: `sealhold resource list` says why; `sealhold resource fetch` tries again.

    Over HTTP: try again; the owner of the vault sees why it did not come.
    """

    def __init__(self, sentence: str = "", *, reason: str = "absent") -> None:
        super().__init__(*[sentence] if sentence else [])
        self.reason = reason  # a code of a closed set, for the log


class SourceAwayError(UnavailableError):
    """A place that data comes from cannot be read now.

    Remedy: see that it is there and on, then `sealhold source run NAME`.

    Over HTTP: see that it is there and on, then try again.
    """

    def __init__(self, sentence: str = "", *, wait_s: int = 0) -> None:
        super().__init__(*[sentence] if sentence else [])
        self.wait_s = wait_s  # seconds in which it asks to be left alone


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

    Over HTTP: try again; if it stays so, tell whoever runs the vault.
    """


class ExtraMissingError(UnavailableError):
    """A package that only some need is not installed.

    Remedy: install what the message names, with `pip install`.
    """


class RootAwayError(UnavailableError):
    """The token or chip that keeps an epoch slot does not answer.

    Remedy: put the token in, or start what speaks to the chip, then try again.
    """


class NoModuleError(RootAwayError):
    """The library that speaks to the token is not where the vault knows it.

    Remedy: install it, and name it by its whole path: `--module /usr/lib/softhsm/libsofthsm2.so`.

    Over HTTP: the owner sees to the library on the machine of the vault.
    """


class MachineChangedError(UnavailableError):
    """The machine started something else than when the slot was made, so its chip keeps the key.

    Remedy: start the system that was running then, or give the vault's recovery secret in place of
    the passphrase and make a new slot: `sealhold key close-epoch`.

    Over HTTP: the owner opens the vault with its recovery secret, and makes a new slot.
    """


class NotReadyError(UnavailableError):
    """The service answers, and cannot do all that it may be asked for now.

    Remedy: unlock the vault, or see to its disk or server; `GET /v1/health` says which.
    """


class NewerFormError(UnavailableError):
    """A newer version of sealhold wrote this vault, in a form that this one does not read.

    Remedy: install that version, or a newer one; nothing here was changed.
    """


class OlderFormError(UnavailableError):
    """An older version of sealhold wrote this vault, in a form that is not used any more.

    Remedy: `sealhold upgrade`, which keeps the old rows until the new ones were checked.

    Over HTTP: tell whoever runs the vault, which is to be upgraded.
    """


class FolderGoneError(UnavailableError):
    """A synced folder is not there, or is another one than was synced; nothing in it was touched.

    Remedy: mount or bring back the folder; to sync another one, name it anew.
    """


class StoppedError(UnavailableError):
    """A run was stopped before its end; what was evaluated until then is kept.

    Remedy: run it again: it goes on where it stopped, and nothing is charged twice.
    """


class BusyError(UnavailableError):
    """More work waits than the queue holds; nothing was begun.

    Remedy: try again in a second.
    """


class ProviderAwayError(UnavailableError):
    """A provider of sign-ins does not answer, or not as OpenID Connect says.

    Remedy: try again; the passphrase opens the pages meanwhile.
    """


class AgentAwayError(UnavailableError):
    """The agent that adds up for the proxy does not answer, or has not what it was given.

    Remedy: look whether `sealhold proxy agent` runs there, then `sealhold proxy fold`.

    Over HTTP: whoever runs the proxy must look after its agent.
    """


class DatabaseAwayError(UnavailableError):
    """The database of a provider does not answer, or is not who it must be.

    Remedy: check address, secret and the root of its certificate, as `[[csp]]` of the policy says.
    """
