"""What the process that runs a program does with a job, whichever tier it is of.

- One answer for each object, in order; a partition gets one instance, and an answer for each of its
  members. What did not come, because it was too large, is a fault of all that it held.
- Both tiers serve by this one loop, so a job that one of them knows is known to the other.

Source: docs/spec/19-confinement.md section 5.
"""

from collections.abc import Iterator, Mapping, Sequence

from sealhold.compute.frames import MAX_FRAME, MEMBERS, Channel, scalar
from sealhold.compute.spec import FAULT, Fault, Handle, Sandbox
from sealhold.model.encoding import Plain, unpack_own
from sealhold.model.errors import UsageError


def serve(channel: Channel, sandbox: Sandbox, handle: Handle, job: Mapping[str, Plain]) -> None:
    """Do a job that asks a program for whole numbers, to its end.

    Raises:
        BrokerLostError: the Core wants no more.
        UsageError: there is no such job.
    """
    match job["do"]:
        case "aggregate":
            channel.send([scalar(_told(sandbox.aggregate(handle, job["parts"])))])
        case "evaluate":
            for payload in _items(channel, job):
                channel.send([scalar(_told(_one(sandbox, handle, job, payload)))])
        case "partitions":
            for payload in _items(channel, job):
                channel.send([scalar(_told(each)) for each in _all(sandbox, handle, job, payload)])
        case _:
            raise UsageError("no such job")


def _items(channel: Channel, job: Mapping[str, Plain]) -> Iterator[bytes]:
    for _ in range(job["count"]):
        yield channel.receive(MAX_FRAME)


def _one(sandbox: Sandbox, handle: Handle, job: Mapping[str, Plain], payload: bytes) -> int | Fault:
    """Return the answer of one object; nothing came if it was too large to come."""
    return sandbox.run(handle, unpack_own(payload), job["res"]) if payload else FAULT


def _all(
    sandbox: Sandbox, handle: Handle, job: Mapping[str, Plain], payload: bytes
) -> Sequence[int | Fault]:
    """Return the answers of one partition."""
    members = unpack_own(payload[MEMBERS:]) if payload[MEMBERS:] else None
    told = FAULT if members is None else sandbox.run_partition(handle, members, job["res"])
    return [told] * int.from_bytes(payload[:MEMBERS], "big") if isinstance(told, Fault) else told


def _told(answer: int | Fault) -> int | None:
    return None if isinstance(answer, Fault) else answer
