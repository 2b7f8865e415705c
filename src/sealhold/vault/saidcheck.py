"""The check of what a person said: the events are whole, and each choice is what they come to.

Source: docs/spec/26-processings.md section 6.
"""

from collections.abc import Iterator, Sequence

from sealhold.model.ids import Kind, ProcessingId, show
from sealhold.policy.consent import Standing, standing_of
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.says import CHOICES, Said, Says


def said_faults(core: Core, keys: SubjectKeys) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with what a person said.

    Raises:
        SealBrokenError: an event is gone, or not as it was written.
    """
    says, subject = Says(core), keys.subject
    name = show(Kind.SUBJECT, subject)
    events = says.events(says.of(subject, keys), keys)
    named = {each.processing for each in events if each.processing is not None}
    kept = {found.row[1] for found in rows_of(core.store, CHOICES, "key", subject)}
    if named != kept:
        yield f"person `{name}` has choices that were never made, or lacks some"
    for processing in sorted(named & kept):
        choice = says.kept(subject, processing)
        if choice is None or choice.standing != _fold(events, processing):
            yield f"person `{name}` has a choice that is not what they said"


def _fold(events: Sequence[Said], processing: ProcessingId) -> Standing:
    of_it = [each.event for each in events if each.processing == processing and each.event]
    last = of_it[-1]
    return standing_of((each for each in of_it if each.consent == last.consent), last.at)
