"""S02: the first screen is full: a request waits, items stand by time, the log is there."""

from sealhold.demo.build import APP
from sealhold.demo.stage import Facts, Stage, hold


def run(stage: Stage) -> Facts:
    """Read Home as a browser without script does."""
    page = stage.page("/")
    hold(APP in page, "Home does not show who asks")
    hold("Nothing waits" not in page, "Home says that nothing waits")
    waiting = [line for line in stage.api("GET", "/v1/requests") if line["state"] == "waiting"]
    hold(len(waiting) == 1, f"{len(waiting)} requests wait")
    stage.kept["request"] = waiting[0]["id"]
    return {"bytes": len(page), "waiting": len(waiting)}
