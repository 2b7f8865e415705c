"""Why an item is here: its source, reading, connector and place in the input; and what one made.

- All of it stands in the item's own seal and in the job's paper: nothing is worked out later.
- Each look is in the log, as any reading of its owner is.

Source: docs/spec/41-snapshots.md section 3.
"""

from collections.abc import Callable, Mapping

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.ids import Collection
from sealhold.model.shown import ItemView
from sealhold.model.shown.origins import MadeView, OriginView, VersionView
from sealhold.vault.catalogue import Catalogue
from sealhold.vault.core import Core
from sealhold.vault.firewall import Firewall
from sealhold.vault.snapshotviews import Snapshots
from sealhold.vault.telling import Teller
from sealhold.vault.undoing import versions_of


class Origins:
    """Where the items of a vault are from."""

    def __init__(
        self,
        core: Core,
        firewall: Firewall,
        get: Callable[[str], ItemView],
        counts: Callable[[], Mapping[Collection, int]],
    ) -> None:
        """Take the door, what opens an item for its owner, and how many each collection has."""
        self._core = core
        self._get = get
        self._snapshots = Snapshots(core)
        self._counts = counts
        self._firewall = firewall
        self._teller = Teller(core.keys)
        self._catalogue = Catalogue(core.store, core.papers, core.owner)

    def why(self, id_text: str) -> OriginView:
        """Return where one item is from, and each of its versions.

        Raises:
            NotFoundError: no item of that id.
        """
        item = self._get(id_text)
        jobs = {job.id: job for job in self._catalogue.jobs()}
        versions, brought = [], versions_of(self._core, item.id)
        self._snapshots.keep()  # so that there is one which tells of it
        kept = self._snapshots.telling_of({job for _, job in brought})
        for version, job in brought:
            known = jobs.get(job)
            versions.append(
                VersionView(
                    version=version,
                    job=job,
                    file=known.file if known else "",
                    at=known.started if known else None,
                    input=known.input.hex() if known else "",
                    snapshot=kept.get(job),
                )
            )
        made = item.provenance
        return OriginView(
            id=item.id,
            collection=item.collection,
            version=item.version,
            source=item.source,
            connector=made.connector,
            connector_version=made.connector_version,
            position=made.position,
            original_id=made.original_id,
            content=made.content_hash.hex(),
            versions=tuple(versions),
            also=item.also,
        )

    def made_by(self, connector: str, version: str = "") -> tuple[MadeView, ...]:
        """Return the items whose newest version a connector made, or one version of it did."""
        found = []
        for name, count in sorted(self._counts().items()):
            event = Event(
                kind=EventKind.READ,
                actor=Actor.OWNER,
                subject=self._teller.subject,
                collection=name,
                rows_read=count,
                reason="origins",
            )
            for record in self._firewall.collection(name, event):
                made = record.provenance
                if made.connector == connector and version in {"", made.connector_version}:
                    found.append(
                        MadeView(
                            id=record.id,
                            collection=record.collection,
                            connector_version=made.connector_version,
                            job=made.job,
                        )
                    )
        return tuple(found)
