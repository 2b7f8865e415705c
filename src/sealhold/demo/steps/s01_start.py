"""S01: Alice's year lies sealed in her vault, the same items for everyone who starts the demo."""

from sealhold.audit.outside import digest_of_lines
from sealhold.demo.stage import Facts, Stage, hold

LEAST_ITEMS, LEAST_KINDS = 15_000, 8
DIGEST = "e3b17ffba56ad6319cd09a035c58959f666f4ce1c910752ef0be5ac5f897ddd3"
PAGE = 1_000


def run(stage: Stage) -> Facts:
    """Count the items, and compare what they are with what seed 7 always makes."""
    stage.sign_in()
    status = stage.api("GET", "/v1/status")
    kinds = status["by_collection"]
    hold(status["items"] >= LEAST_ITEMS, f"only {status['items']} items")
    hold(len(kinds) >= LEAST_KINDS, f"only {len(kinds)} kinds of items")
    digest = _digest(stage)
    hold(digest == DIGEST, f"the items have digest {digest}, not {DIGEST}")
    return {"items": status["items"], "kinds": len(kinds), "digest": digest}


def _digest(stage: Stage) -> str:
    names: list[str] = []
    cursor = ""
    while cursor is not None:
        page = stage.api("GET", f"/v1/timeline?limit={PAGE}&cursor={cursor}")
        names += [f"{item['collection']} {item['at']} {item['title']}" for item in page["items"]]
        cursor = page["cursor"]
    return digest_of_lines(sorted(names))
