"""From which sources a dataset comes, and how fresh it is.

- A place that says which datasets it has is believed; of files it counts what they brought. A
  place that is left where it lies and says nothing may have any.

Source: docs/spec/39-dataware.md section 1.
"""

from sealhold.model.ids import Collection
from sealhold.vault.catalogue import FEDERATE, UNDONE, Catalogue, SourceRow

LIVE, REGULAR, STILL = "live", "regular", "still"


def sources_of(catalogue: Catalogue, collection: Collection) -> list[SourceRow]:
    """Return the sources that a dataset may come from, in the order in which they were added."""
    brought = {
        job.source
        for job in catalogue.jobs()
        if job.state != UNDONE and collection in job.by_collection
    }
    found = [
        each
        for each in catalogue.sources()
        if each.id in brought or (each.named and _says(each, collection))
    ]
    return sorted(found, key=lambda each: each.id)


def freshness(sources: list[SourceRow]) -> str:
    """Return `live` if a source is read when it is asked, `regular` if by a clock, or `still`."""
    if any(each.mode == FEDERATE for each in sources):
        return LIVE
    return REGULAR if any(each.schedule for each in sources) else STILL


def _says(source: SourceRow, collection: Collection) -> bool:
    declared = source.settings.get("dataset")
    if isinstance(declared, dict):
        return bool(declared["name"] == collection)
    named = source.settings.get("datasets")
    if isinstance(named, list):
        return collection in named
    return source.mode == FEDERATE
