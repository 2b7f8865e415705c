"""Conversations whose turns lead back to themselves, or nowhere, or further than anybody talked."""

import io
import json
import time

import pytest

from sealhold.connectors.sources.chatgpt import ChatGpt
from sealhold.connectors.sources.claude import Claude
from sealhold.connectors.spec import Batch, Source

TURNS = 5_000
SECONDS = 10.0  # for trees that a walk without memory of its way would never leave


def batches_of(source: Source, document: object) -> list[Batch]:
    return list(source.read(io.BytesIO(json.dumps(document).encode()), "file", None))


def ring(count: int) -> dict[str, object]:
    """Return the `mapping` of a ring: each turn answers the one before it, the first the last."""
    return {
        f"t{n}": {"message": {"id": f"t{n}"}, "parent": f"t{(n - 1) % count}"} for n in range(count)
    }


@pytest.mark.threat("T391")
def test_a_ring_of_turns_is_walked_once_and_told() -> None:
    begun = time.process_time()
    batches = batches_of(
        ChatGpt(), [{"id": "c", "title": "", "mapping": ring(TURNS), "current_node": "t7"}]
    )

    assert time.process_time() - begun < SECONDS
    assert sum(len(batch.items) for batch in batches) == TURNS
    assert sum(len(batch.rejects) for batch in batches) == 1


@pytest.mark.threat("T391")
def test_a_turn_that_answers_itself_is_walked_once_and_told() -> None:
    messages = [{"uuid": "a", "parent_message_uuid": "a", "text": "x"}]
    (batch,) = batches_of(
        Claude(), [{"uuid": "c", "chat_messages": messages, "current_leaf_message_uuid": "a"}]
    )

    assert (len(batch.items), len(batch.rejects)) == (1, 1)
