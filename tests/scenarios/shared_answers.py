"""A program over one person's calendar that answers another person, under a share."""

from dataclasses import dataclass
from pathlib import Path

from sealhold.model.ids import GrantId, TaskDigest
from sealhold.model.shown.shares import GivenAnswer
from sealhold.node.contactwork import ContactWork
from sealhold.node.sharedwithme import SharedWithMe
from sealhold.node.shareforms import ShareForm
from sealhold.node.sharework import ShareWork
from tests.scenarios.met_people import Vault
from tests.scenarios.shared_walks import accepted, share
from tests.scenarios.vaults import Asker, Job, opened

NAME = "rides"
EARLY = "start < '2026-01-01T02:00:00Z'"
FEW = {"min": 0, "max": 7, "step": 1}  # eight answers: three bits each
GREEN = Job(
    aggregate={"kind": "count", "args": {"value": 1}, "range": FEW, "default": 0},
    fields=("summary", "start"),
    selections={"all": ("all", []), "early": (EARLY, ["start"])},
)


def install(vault: Vault, *jobs: Job) -> list[TaskDigest]:
    """Bring programs into a vault, each by the request of an app; return what they are named."""
    found: list[TaskDigest] = []
    with opened(vault.home) as node:
        for number, job in enumerate(jobs):
            asker = Asker(node, f"App {number}")
            papers = asker.papers(job)
            asker.hand_in(node, papers)
            found.append(papers.digest)
    return found


def form(task: TaskDigest, **more: object) -> ShareForm:
    """Return a share in which a program answers, of all but the doctor."""
    said = {
        "people": ("bo",),
        "dataset": "events",
        "rows": "summary != 'doctor'",
        "task": task.hex(),
    }
    return ShareForm(**{**said, **more})  # type: ignore[arg-type]  # reason: fields by name


@dataclass
class Answering:
    """Ada, whose program answers, and Bo, who asks."""

    ada: Vault
    bo: Vault
    folder: Path
    task: TaskDigest

    def accept(self) -> None:
        """Have Bo take on what Ada shared."""
        accepted(self.ada, self.bo)

    def ask(self, name: str = NAME, param: str = "", selection: str = "") -> GivenAnswer | None:
        """Ask as Bo; None: there is no answer yet."""
        with self.bo.work() as work:
            mine = SharedWithMe(work, ContactWork(work).names())
            return mine.ask(*mine.named(name), param, selection, "")

    def carry(self) -> None:
        """Carry what Bo asked to Ada, have it answered, and carry that back."""
        for vault in (self.bo, self.ada, self.bo):
            assert vault.sync() == ()

    def share(self, name: str = NAME, task: TaskDigest | None = None, **more: object) -> None:
        """Share a program; Bo has still to take it on."""
        share(self.ada, form(task or self.task, **more), name)

    def answer(self, name: str = NAME, param: str = "", selection: str = "") -> GivenAnswer:
        """Return what Bo is answered."""
        assert self.ask(name, param, selection) is None
        self.carry()
        found = self.ask(name, param, selection)
        assert found is not None
        return found

    def grant(self, name: str = NAME) -> GrantId:
        """Return the id of a share."""
        with self.ada.work() as work:
            return ShareWork(work).record(name).grant
