"""Denied: who asks may not, or has not shown who they are.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


class DeniedError(SealholdError):
    """The request is refused; an outsider learns nothing more.

    Remedy: ask the owner, who sees the reason with `sealhold audit show`.

    Over HTTP: ask the owner of the vault, whose ledger tells the reason.
    """

    kind = ErrorKind.DENIED


class QuarantinedError(DeniedError):
    """A table, user or provider before a rented database is quarantined: something was found.

    Remedy: `sealhold proxy alarms` tells what; `sealhold proxy release` lets go of it.

    Over HTTP: ask the owner of the vault, whose ledger tells the reason.
    """


class WrongPassphraseError(DeniedError):
    """The passphrase does not open this vault.

    Remedy: try again; Caps Lock and keyboard layout are the usual causes.
    """


class WrongKeyFileError(WrongPassphraseError):
    """The key does not open this vault, which takes a key where others take a passphrase.

    Remedy: give the key that was made with this vault: its key file, or the value of its root.
    """


class WrongPinError(DeniedError):
    """The PIN does not open this token, or the token takes none any more.

    Remedy: give the PIN of this token; after a few wrong ones only its maker's tool unlocks it.
    """


class NoPinError(DeniedError):
    """The token of this root opens with a PIN, and none was given.

    Remedy: run the command at a terminal, or set SEALHOLD_PIN.

    Over HTTP: the owner starts the service anew with the token's PIN.
    """


class NoSecretError(DeniedError):
    """The password or token of a source is wanted, and nobody can type it.

    Remedy: run the command at a terminal, or set SEALHOLD_SOURCE_SECRET.

    Over HTTP: the owner gives it where the vault runs.
    """


class BadTokenError(DeniedError):
    """An access token is forged, expired or used outside its bounds.

    Remedy: ask the owner for a new token.
    """


class CarrierRefusedError(DeniedError):
    """A place that devices sync through refuses this: it knows no such token, or not for that.

    Remedy: ask who runs the relay for a token, or pair this device again.

    Over HTTP: a place that this vault syncs through refuses it.
    """


class LinkRefusedError(DeniedError):
    """A link does not open: it is not there any more, or its key or passphrase is another one.

    Remedy: copy the whole link anew, with what stands behind `#`, and type the passphrase again.

    Over HTTP: copy the whole link anew, with what stands behind its number sign.
    """


class LinkEndedError(DeniedError):
    """A link opens no more: its time is over, it was taken back or used up, or closed.

    Remedy: ask whoever sent the link for another one.
    """


class QueryRefusedError(DeniedError):
    """The proxy of another vault refuses a statement, by the code that the message begins with.

    Remedy: `sealhold proxy grant show FILE` tells what the grant covers; its owner may give more.

    Over HTTP: the grant tells what it covers; its owner may give more.
    """


class WrongCodeError(DeniedError):
    """A pairing met another code, an altered message, or its own message sent back.

    Remedy: type the code that the other screen shows now; after three wrong ones make a new one.

    Over HTTP: type the code that the other screen shows now.
    """


class PairingFailedError(DeniedError):
    """A pairing ended before it was done; neither device kept anything of it.

    Remedy: begin again with a new code; if the words differed, somebody stood between: move away.

    Over HTTP: begin again with a new code.
    """


class HeldBackError(DeniedError):
    """A share of somebody's recovery secret is held back; its words stay here.

    Remedy: `sealhold key held list` tells what it waits for; ask again then.

    Over HTTP: ask again once its window is over.
    """

    def __init__(self, message: str = "", until: int | None = None) -> None:
        super().__init__(message)
        self.until = until  # when it is handed out as things stand, in ms since 1970


class LockedError(DeniedError):
    """The vault is locked.

    Remedy: type the passphrase at a terminal or on the vault's page, or set SEALHOLD_PASSPHRASE.

    Over HTTP: ask the owner to unlock the vault.
    """


class NoKeyError(LockedError):
    """This vault opens with a key, and none was given.

    Remedy: set SEALHOLD_KEY_FILE to the path of its key file, or SEALHOLD_ROOT to its root value.
    """


class VerificationNeededError(DeniedError):
    """Deciding, exporting or deleting needs the passphrase typed at a terminal.

    Remedy: run the command in a terminal; only a headless home takes it from the environment.

    Over HTTP: send the owner's passphrase in the body.
    """


class UnboundLoginError(DeniedError):
    """Somebody proved to a provider who they are, and nobody said that they may enter here.

    Remedy: the owner adds them with `sealhold login add`, and the name that is shown.

    Over HTTP: ask the owner to add the name that is shown.
    """

    def __init__(self, sub: str = "", provider: str = "") -> None:
        super().__init__(f"nobody enters here as `{sub}` of `{provider}`" if provider else sub)
        self.provider = provider
        self.sub = sub


class LoginNeededError(DeniedError):
    """A place that data comes from refuses its account.

    Remedy: give the password or token anew with `sealhold source login NAME`.

    Over HTTP: give the account's password or token anew.
    """


class LoginRefusedError(DeniedError):
    """A login at the proxy, or of the proxy at its provider, failed; who fails learns no more.

    Remedy: check user and password, and that nobody stands between the two ends of TLS.
    """
