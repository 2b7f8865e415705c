"""The agent's door: which request asks for what, of whoever has its token.

    PUT /sums/NAME              a key, public part          GET /sums/NAME     version and blocks
    DELETE /sums/NAME           the key and all its blocks
    PUT, DELETE /sums/NAME/N    a block                     POST /sums/NAME/sum

- The server is the relay's: one strict form of a request, a thread for each connection, TLS 1.3.
- Bodies and answers are CBOR; an answer is its version and what was asked for.

Source: docs/spec/64-sums-at-an-agent.md section 5.
"""

import re
from pathlib import Path
from typing import Final

from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    InvalidEncodingError,
    InvalidError,
    NotFoundError,
    StoreFullError,
    StoreUnavailableError,
)
from sealhold.net.relay.server import RelayServer, bind, tls
from sealhold.net.relay.wire import Answer, Body, Head, RefusedError
from sealhold.protect.agent import BLOCK_BYTES, KEY_BYTES, Agent

SUM_BYTES: Final = 1_048_576  # of a request for a sum: 1,008 masks of 512 bytes, and their numbers
_ROUTE = re.compile(r"/sums/([0-9a-f]{32})(?:/([1-9][0-9]{0,9}|sum))?")
_OK, _BAD, _NO, _NONE, _NOT_SO, _AWAY, _FULL = 200, 400, 403, 404, 405, 503, 507


class AgentDoors:
    """Answers the requests of one proxy."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def answer(self, head: Head, body: Body) -> Answer:
        """Return the answer to a request.

        Raises:
            RefusedError: no.
        """
        # THREAT T728: nothing is told and nothing read before whoever asks has the token
        if not self._agent.admits(head.headers.get("authorization", "")):
            raise RefusedError(_NO)
        found = _ROUTE.fullmatch(head.path)
        if found is None or head.query:
            raise RefusedError(_NONE)
        try:
            return Answer(_OK, pack(self._done(head.method, found[1], found[2] or "", body)))
        except NotFoundError as err:
            raise RefusedError(_NONE) from err
        except (InvalidError, InvalidEncodingError) as err:
            raise RefusedError(_BAD) from err
        except StoreFullError as err:
            raise RefusedError(_FULL) from err
        except StoreUnavailableError as err:
            raise RefusedError(_AWAY) from err

    def end(self) -> None:
        """Nobody waits here."""

    def _done(self, method: str, name: str, what: str, body: Body) -> Plain:
        agent = self._agent
        # THREAT T727: a body is read up to what its request may have, and no further
        match method, what:
            case "GET", "":
                return list(agent.blocks(name))
            case "PUT", "":
                return [agent.put_key(name, bytes(body(KEY_BYTES))), None]
            case "DELETE", "":
                agent.drop_key(name)
                return [0, None]
            case "POST", "sum":
                asked = _asked(unpack(bytes(body(SUM_BYTES))))
                body.room()
                return list(agent.add(name, asked))
            case "PUT", number if number != "sum":
                planes = unpack(bytes(body(BLOCK_BYTES)))
                if not isinstance(planes, list) or not all(type(one) is bytes for one in planes):
                    raise InvalidError("no block")
                return [agent.put(name, int(number), planes), None]
            case "DELETE", number if number and number != "sum":
                return [agent.drop(name, int(number)), None]
            case _:
                raise RefusedError(_NOT_SO)


def agent_server(
    folder: Path, token: str, host: str, port: int, pair: tuple[Path, Path] | None
) -> RelayServer:
    """Return an agent that listens; `pair` has the files of a certificate and its key.

    Raises:
        InvalidError: something is in the folder that no agent holds, or the token is too short.
        StoreUnavailableError: the disk refuses.
        UsageError: the address or port cannot be had.
        InvalidSettingsError: the files are no certificate with its key.
    """
    return RelayServer(
        AgentDoors(Agent(folder, token)), bind(host, port), tls(*pair) if pair else None
    )


def _asked(told: Plain) -> list[tuple[int, bytes | None]]:
    found: list[tuple[int, bytes | None]] = []
    for each in told if isinstance(told, list) else ():
        if not isinstance(each, list) or len(each) != 2 or type(each[0]) is not int:  # noqa: PLR2004  # reason: number and mask
            raise InvalidError("blocks are pairs of a number and a mask")
        if each[1] is not None and not isinstance(each[1], bytes):
            raise InvalidError("a mask is bytes")
        found.append((each[0], each[1]))
    return found
