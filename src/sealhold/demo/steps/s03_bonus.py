"""S03: one press shows the answer and costs 2 bits; allowed once, the same answer leaves for 5.

Asked again it is the stored answer, at no cost; and the app that asks for trips is denied.
"""

import base64
import time

from sealhold.demo.build import PASSPHRASE
from sealhold.demo.stage import Facts, Json, Stage, hold
from sealhold.model.quantities import MICRO

LOOK, ANSWER = 2 * MICRO, 5 * MICRO


def run(stage: Stage) -> Facts:
    """Look, allow, run, run again, and try what is not allowed."""
    request = stage.kept["request"]
    card = stage.api("GET", f"/v1/requests/{request}")
    hold(_told(stage) == 0, "something was told before anybody decided")
    hold(card["preview"]["answer"] is None, "the answer is shown before the press")
    hold(card["preview"]["cost"] == LOOK, "a look does not cost 2 bits")
    hold((card["answer"]["first"], card["answer"]["last"]) == (0, 31), "the range is not 0 to 31")
    decision = {
        "terms": card["asked_terms"],
        "shown_digest": card["digest"],
        "passphrase": PASSPHRASE,
    }
    shown = stage.api("POST", f"/v1/requests/{request}/preview", decision)
    hold(_told(stage) == LOOK, "the look was not charged")
    grant = stage.api("POST", f"/v1/requests/{request}/approve", decision)
    answer = _run(stage, grant["id"])
    hold(answer["cost"] == ANSWER, "the answer does not cost 5 bits")
    hold(str(answer["value"]).encode() == shown, "what left is not what was shown")
    hold(0 <= answer["value"] <= 31, "the answer is out of its range")  # noqa: PLR2004  # reason: as declared
    again = _run(stage, grant["id"])
    hold(again["cost"] == 0, "the stored answer was charged")
    hold(again["sealed"] == answer["sealed"], "the stored answer has other bytes")
    hold(_told(stage) == LOOK + ANSWER, "the budget does not add up")
    _denied(stage)
    stage.kept["answer"] = answer
    return {"answer": answer["value"], "bits": ANSWER // MICRO, "look_bits": LOOK // MICRO}


def _run(stage: Stage, grant: str) -> Json:
    answer = stage.api("POST", f"/v1/grants/{grant}/runs", {"passphrase": PASSPHRASE})
    hold(len(base64.b64decode(answer["sealed"])) > 0, "nothing left")
    return answer


def _denied(stage: Stage) -> None:
    token = (stage.folders.greencorp / "token").read_text()
    status, told = stage.call("GET", "/v1/timeline", token=token)
    hold(status in {401, 403}, f"an app that asks for items got {status}")
    hold("items" not in told, "an app was told of items")
    time.sleep(1.2)  # the answer's slot of one second
    status, reply = stage.call("GET", f"/v1/requests/{stage.kept['request']}/answer", token=token)
    hold(status == 200, f"the app's own answer is not there: {status}")  # noqa: PLR2004  # reason: success
    stage.kept["reply"] = reply


def _told(stage: Stage) -> int:
    used: int = stage.api("GET", "/v1/budgets")[0]["used"]
    return used
