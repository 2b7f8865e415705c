"""Invalid: what came in is not what it must be.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


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

    Over HTTP: send a whole UUID, as an answer of the API gave it.
    """

    def __init__(self, what: str, text: str) -> None:
        super().__init__(f"`{text[:64]}` is not a {what} id")


class UnknownPurposeError(InvalidError):
    """A purpose is not a term of the vocabulary, so it cannot be decided on.

    Remedy: use a purpose of the W3C Data Privacy Vocabulary 2.3, for instance `ServiceProvision`.
    """


class TooLargeError(InvalidError):
    """A record's content is larger than a record may be.

    Remedy: put what is large in as an attachment of the record.
    """


class OtherBodyError(InvalidError):
    """Another request came with this `Idempotency-Key` before.

    Remedy: send each request with a key of its own, and the same one only with the same key.
    """


class RangeError(InvalidError):
    """Bytes are asked for that an attachment does not have.

    Remedy: ask for bytes below the size that the list of attachments tells.
    """

    def __init__(self, message: str = "", size: int = 0) -> None:
        super().__init__(message)
        self.size = size  # bytes of the whole


class UnownedError(InvalidError):
    """Data is tied to no person, so nobody could have it shown, exported or erased.

    Remedy: name the person in `subject`; data about nobody belongs into the app's own database.
    """


class InvalidManifestError(InvalidError):
    """A task manifest or a request breaks a rule of its format.

    Remedy: run `sealhold task check PATH`, which names each fault with its place.

    Over HTTP: correct the manifest as `detail` says, and sign it anew.
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

    Over HTTP: send a file in a format that is read here; export the data again if it is cut off.
    """


class SourceChangedError(UnreadableSourceError):
    """A source gives something else than it gave so far; nothing of it was kept.

    Remedy: look at the file; if it is right, `sealhold import --accept-change` or
    `sealhold source accept NAME` takes it as it is now.

    Over HTTP: the owner looks at the source, and accepts it as it is now.
    """


class InvalidSettingsError(InvalidError):
    """The vault's `config.toml` is not as it must be, so the vault does not open.

    Remedy: correct it or take it away; docs/howto/own-vault.md lists what can be set.
    """


class InvalidQueryError(InvalidError):
    """A query cannot be run as it is written.

    Remedy: `sealhold query --tables` lists what can be asked.

    Over HTTP: ask for tables and columns that there are, as `detail` says.
    """


class WeakPassphraseError(InvalidError):
    """A new passphrase is too short, or was not typed the same way twice.

    Remedy: take four or five words that nobody says in this order.
    """


class WeakRootError(InvalidError):
    """A root value in the environment is not 32 random bytes, or stands on a page.

    Remedy: make one with `head -c 32 /dev/urandom | base64`, and show it to nobody.
    """


class CapTooHighError(InvalidError):
    """A budget's cap is outside of what a cap can be.

    Remedy: `sealhold budget show` tells the highest that each cap can be.

    Over HTTP: `GET /v1/caps` tells the highest that each cap can be.
    """


class InvalidCalendarError(InvalidError):
    """A list of public holidays is not one that a term can be counted by.

    Remedy: list public holidays of the controller's place alone; a fortnight has a working day.
    """


class UnjustifiedError(InvalidError):
    """A step needs a justification that was not given, or that does not fit it.

    Remedy: give a term that docs/spec/23-deadlines.md lists for the step, and say why in words.
    """


class InvalidPolicyError(InvalidError):
    """A protection policy cannot be read, or has a hole or a contradiction.

    Remedy: run `sealhold proxy check FILE`, which names each fault with its key and line.

    Over HTTP: whoever keeps the policy must check it.
    """


class NotAProofError(InvalidError):
    """A file is neither a proof, a receipt nor an audit bundle.

    Remedy: pass the file that `sealhold run --out` or `sealhold audit show --proof` wrote.

    Over HTTP: send a proof or receipt as the vault gave it out.
    """


class CardError(InvalidError):
    """Recovery cards do not give a secret.

    Remedy: read the named card again, word by word; take cards that were made together.
    """


class EditorFailedError(InvalidError):
    """The editor cannot be started, or said that it failed; nothing was changed.

    Remedy: name one that works in VISUAL or EDITOR, or give the text by `--file FILE`.

    Over HTTP: send the text itself.
    """


class InvalidEditError(InvalidError):
    """An edit does not fit the document: a place, a length or a value that it cannot have.

    Remedy: read the document again, and edit what stands there now.
    """


class WireError(InvalidError):
    """What comes over a connection to a database is not the PostgreSQL protocol, or out of turn.

    Remedy: use a PostgreSQL client of protocol 3; the connection is closed.
    """
