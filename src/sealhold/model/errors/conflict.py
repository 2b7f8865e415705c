"""Conflict: the state moved, or the place is taken.

Source: docs/spec/01-encoding.md section 5.
"""

from sealhold.model.errors.base import ErrorKind, SealholdError


class ConflictError(SealholdError):
    """The state moved while you looked at it.

    Remedy: look again, then repeat the call.
    """

    kind = ErrorKind.CONFLICT


class StaleError(ConflictError):
    """A profile or record is not at the version that the change was made for; nothing was changed.

    Remedy: read it again, and repeat the change with the version that it has now.
    """


class UnansweredError(ConflictError):
    """A share has findings that its owner has not answered; nothing was shared.

    Remedy: look at each finding of the preview, and take its fix or say that it is meant so.
    """


class HoldsShareError(ConflictError):
    """Who holds a share of the newest set stays a contact: their notice must be heard.

    Remedy: give a set without them, `sealhold key share send`, and remove them then.

    Over HTTP: give shares without them first.
    """


class NameTakenError(ConflictError):
    """A share that was not taken back is called so already; nothing was shared.

    Remedy: choose another name, or take that share back first.
    """


class StillRunningError(ConflictError):
    """The same request, under the same key, is being carried out at this moment.

    Remedy: send it again, as it was, once the first one was answered.
    """


class TakenError(ConflictError):
    """Something is in this place already, and nothing is ever written over.

    Remedy: name another folder or file, or move away what is there.
    """


class LookalikeError(ConflictError):
    """The name of a new app could be taken for that of an app that is known.

    Remedy: compare the four words of both keys; then choose another name, or say yes to this one.
    """


class FenceLostError(ConflictError):
    """Another writer took over this vault; nothing was written.

    Remedy: stop one of the two processes.
    """


class GivenUpError(ConflictError):
    """A program was not done by its last slot, so its answer was given up for good.

    Remedy: ask for another answer, of a shorter program or one whose task says more slots.
    """


class OutOfOrderError(ConflictError):
    """A step does not follow from what has happened to a rights request or a breach so far.

    Remedy: read its story; docs/spec/23-deadlines.md tells what may follow what.
    """


class TermOverError(ConflictError):
    """A rights request can be extended only while its first term runs.

    Remedy: answer it now, and close it with a justification of the delay.
    """


class NotAssessedError(ConflictError):
    """A processing of high risk, or one that decides by itself, cannot begin unassessed.

    Remedy: record how its assessment ended; only a low remaining risk lets it begin.
    """


class UnsayableError(ConflictError):
    """What a person says does not fit what holds now: nobody asks it, or there is no yes to end.

    Remedy: read the choices again.
    """


class NoticeChangedError(UnsayableError):
    """What was shown to a person is not what applies now, so nothing was decided.

    Remedy: read the choice again, show what it says now, and name its `notice` with the answer.
    """


class MigrationError(ConflictError):
    """A table at a provider cannot be migrated as it is, or the provider refused a step of it.

    Remedy: do what the message says, then migrate again; `--preview` lists all that is in the way.

    Over HTTP: whoever runs the proxy must do what the message says, then migrate again.
    """
