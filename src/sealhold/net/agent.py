"""Calls of an agent that adds up for the proxy: blocks put there, and sums asked for.

- The same few lines of HTTP as to a relay: TLS 1.3 with the name checked, or this machine alone;
  one address, no redirect, answers bounded.
- Each answer has the version of what it is of; one that is older than what was seen is refused.

Source: docs/spec/64-sums-at-an-agent.md section 5.
"""

from collections.abc import Collection, Sequence
from threading import Lock
from typing import Final

from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import AgentAwayError, CarrierAwayError, InvalidEncodingError
from sealhold.net.relay.calling import Call, Caller, RelayAddress

PATIENCE: Final = 60.0  # seconds for the head of an answer
_OK, _NOT_FOUND = 200, 404


class AgentClient:
    """One agent. Methods block; several threads may call at once."""

    def __init__(self, address: RelayAddress, token: str) -> None:
        """Take an address; nothing is connected to before the first call."""
        self._caller = Caller(address, patience=PATIENCE)
        self._token = token
        self._guard = Lock()
        self._seen: dict[bytes, int] = {}

    def put_key(self, name: bytes, public: bytes) -> None:
        """Give it the public part of a key.

        Raises:
            AgentAwayError: it does not take it.
        """
        self._versioned(name, self._told("PUT", _path(name), public))

    def drop_key(self, name: bytes) -> None:
        """Have it forget a key and all blocks under it.

        Raises:
            AgentAwayError: it does not answer.
        """
        self._told("DELETE", _path(name))
        with self._guard:
            self._seen.pop(name, None)

    def blocks(self, name: bytes) -> Collection[int] | None:
        """Return the numbers of the blocks that it has; None if it does not know the key.

        Raises:
            AgentAwayError: it does not answer, or tells of what was before.
        """
        told = self._called("GET", _path(name))
        if told is None:
            return None
        found = self._versioned(name, told)
        if not isinstance(found, list) or not all(type(each) is int for each in found):
            raise AgentAwayError("the agent answers in no form that is known")
        return frozenset(found)

    def put(self, name: bytes, block: int, planes: Sequence[bytes]) -> None:
        """Give it a block.

        Raises:
            AgentAwayError: it does not take it.
        """
        self._versioned(name, self._told("PUT", f"{_path(name)}/{block}", pack(list(planes))))

    def drop(self, name: bytes, block: int) -> None:
        """Have it forget a block.

        Raises:
            AgentAwayError: it does not answer.
        """
        self._versioned(name, self._told("DELETE", f"{_path(name)}/{block}"))

    def add(self, name: bytes, blocks: Sequence[tuple[int, bytes | None]]) -> list[bytes]:
        """Return the sum of each plane of blocks, each under a mask of 512 bytes, or whole.

        Raises:
            AgentAwayError: it gives none, or one of what was before.
        """
        asked = pack([[number, mask] for number, mask in blocks])
        found = self._versioned(name, self._told("POST", f"{_path(name)}/sum", asked))
        if not isinstance(found, list) or not all(isinstance(each, bytes) for each in found):
            raise AgentAwayError("the agent answers in no form that is known")
        return found

    def close(self) -> None:
        """Let go of all connections."""
        self._caller.close()

    def _versioned(self, name: bytes, told: Plain) -> Plain:
        """Return what an answer tells, once its version was looked at.

        Raises:
            AgentAwayError: it is none, or of what was before.
        """
        if not isinstance(told, list) or len(told) != 2 or type(told[0]) is not int:  # noqa: PLR2004  # reason: version and answer
            raise AgentAwayError("the agent answers in no form that is known")
        with self._guard:
            # THREAT T726: what was put back from an older copy is not asked any further
            if told[0] < self._seen.get(name, 0):
                raise AgentAwayError("the agent has an older copy of its blocks")
            self._seen[name] = told[0]
        return told[1]

    def _told(self, method: str, path: str, body: bytes | None = None) -> Plain:
        """Return what it says.

        Raises:
            AgentAwayError: it does not answer, or does not know what it was asked about.
        """
        told = self._called(method, path, body)
        if told is None:
            raise AgentAwayError("the agent has not what it was given")
        return told

    def _called(self, method: str, path: str, body: bytes | None = None) -> Plain:
        """Return what it says; None if it does not know what it was asked about.

        Raises:
            AgentAwayError: it does not answer, or refuses.
        """
        try:
            reply = self._caller.call(Call(method=method, path=path, token=self._token, body=body))
        except CarrierAwayError as err:
            raise AgentAwayError("the agent does not answer") from err
        if reply.status == _NOT_FOUND:
            return None
        if reply.status != _OK:
            raise AgentAwayError(f"the agent says {reply.status}")
        try:
            return unpack(reply.body)
        except InvalidEncodingError as err:
            raise AgentAwayError("the agent answers in no form that is known") from err


def _path(name: bytes) -> str:
    return f"/sums/{name.hex()}"
