"""Not found: what was named is not here.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


class NotFoundError(SealholdError):
    """Nothing of that name is here.

    Remedy: list what exists with the matching `list` command.

    Over HTTP: list what there is by GET of the address without its last part.
    """

    kind = ErrorKind.NOTFOUND


class NoHomeError(NotFoundError):
    """There is no vault in this folder.

    Remedy: make one with `sealhold init`, or name another folder with `--home`.

    Over HTTP: tell whoever runs the vault.
    """


class NoFileError(NotFoundError):
    """A file or folder that was named is not there, or cannot be read.

    Remedy: look at the path; a name with a space in it needs quotes.
    """


class ObjectNotFoundError(NotFoundError):
    """A stored object was never put, or has been deleted.

    Remedy: run `sealhold audit verify`, which lists each missing object.

    Over HTTP: tell whoever runs the vault.
    """


class NotADeviceError(NotFoundError):
    """This vault does not sync with any other yet.

    Remedy: begin with `sealhold device begin`, or join another by `sealhold device join`.

    Over HTTP: ask whoever runs the vault to have it sync with another.
    """


class NoLinkHostError(NotFoundError):
    """A link is kept by a relay, and this vault knows none where it has an account.

    Remedy: name one with `--at https://HOST --token-file FILE`; `sealhold relay init` makes one.

    Over HTTP: this vault knows no relay that could keep a link.
    """


class NoPlaceError(NotFoundError):
    """Devices meet at a place that both reach, and this one knows none.

    Remedy: name a stick, bucket or relay: `sealhold device place add folder:/media/stick`.

    Over HTTP: ask whoever runs the vault to name a place where its devices meet.
    """
