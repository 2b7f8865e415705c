"""Conflict: the state moved, or the place is taken.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


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


class OutOfOrderError(ConflictError):
    """A step does not follow from what has happened to a rights request or a breach so far.

    Remedy: read its story; docs/spec/23-deadlines.md tells what may follow what.
    """


class TermOverError(ConflictError):
    """A rights request can be extended only while its first term runs.

    Remedy: answer it now, and close it with a justification of the delay.
    """
