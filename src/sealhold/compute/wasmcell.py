"""Inside the processes of tier `wasm`: one compiles a program, one runs it; both are jailed first.

- Neither can start anything, reach anybody or open a file. The one that runs can open what it
  holds open already, because the runtime maps a compiled program by name.
- Each serves one job and ends. Neither holds a key, a path, an environment or a logical id.
- The compiler is given 30 seconds of a processor and 1.5 GB for a component, 8 and 700 MB for a
  core module; what needs more is no program.

Source: docs/spec/19-confinement.md section 9.
"""

import os
import socket
from collections.abc import Mapping
from typing import NoReturn

from sealhold.compute import jail
from sealhold.compute.frames import JAILED, JAILED_ALONE, MAX_FRAME, UNJAILED, Channel, scalar
from sealhold.compute.jail import MEBIBYTE, Profile
from sealhold.compute.sandboxes.wasm import WasmSandbox, compile_program, engine
from sealhold.compute.serving import serve
from sealhold.compute.spec import Limits
from sealhold.compute.wasmforms import COMPILE, Kind
from sealhold.model.encoding import Plain, unpack_own
from sealhold.model.errors import IsolationUnavailableError, NotAProgramError

_COMPILED = {work: kind for kind, work in COMPILE.items()}
PART = 4_194_304  # bytes of a compiled program in one frame
ERROR = 300  # letters told of why a program is none
_MEANS = {  # of the compiler, by form: seconds of a processor, bytes of addresses
    Kind.CORE: (8, 700 * MEBIBYTE),
    Kind.COMPONENT: (30, 1536 * MEBIBYTE),
}


def live(work: bytes, talk: int, held: int, *, is_jailed: bool) -> NoReturn:
    """Do one piece of `work` and end: `talk` is the socket to the Core.

    `held` is an open file in memory: the program to compile, or the compiled one to run.
    """
    channel = Channel(socket.socket(fileno=talk))
    try:
        if work in _COMPILED:
            _compile(channel, held, _COMPILED[work], is_jailed=is_jailed)
        else:
            _run(channel, held, is_jailed=is_jailed)
    except IsolationUnavailableError as err:
        channel.send([scalar(str(err)[:ERROR])])  # raised before a byte of a program was read
    finally:
        # Nothing of the interpreter may outlive the work, and no handler may write anywhere.
        os._exit(0)


def _enter_jail(profile: Profile, *, is_jailed: bool) -> int:
    if not is_jailed:
        jail.limit(profile)
        return UNJAILED
    keeper = os.getppid()
    is_alone = jail.leave_namespaces()
    # THREAT T148: closed before the first byte of a program is read.
    jail.confine(profile, dies_with=keeper)
    return JAILED_ALONE if is_alone else JAILED


def _compile(channel: Channel, held: int, kind: Kind, *, is_jailed: bool) -> None:
    profile = Profile.compiler(*_MEANS[kind])
    channel.send([scalar(_enter_jail(profile, is_jailed=is_jailed))])
    try:
        product = memoryview(compile_program(_whole(held), engine()).serialize())
    except NotAProgramError as err:
        channel.send([scalar(str(err)[:ERROR])])
        return
    channel.send([scalar(len(product))])
    for start in range(0, len(product), PART):
        channel.send([bytes(product[start : start + PART])])


def _run(channel: Channel, held: int, *, is_jailed: bool) -> None:
    channel.send([scalar(_enter_jail(Profile.program(), is_jailed=is_jailed))])
    job: Mapping[str, Plain] = unpack_own(channel.receive(MAX_FRAME))
    sandbox = WasmSandbox()
    # By name, so that the memory of an instance is shared with the file until it is written to.
    fits = sandbox.adopt(f"/proc/self/fd/{held}", Kind(job["kind"]))
    channel.send([scalar(int(fits))])
    if fits:
        _serve(channel, sandbox, job)


def _serve(channel: Channel, sandbox: WasmSandbox, job: Mapping[str, Plain]) -> None:
    limits = Limits(
        ms_per_partition=job["ms"], memory_mib=job["mib"], tier="wasm", fuel=job["fuel"]
    )
    handle = sandbox.compile(b"", limits)
    if job["do"] != "check":
        serve(channel, sandbox, handle, job)
        return
    errors = sandbox.check(handle, job["entries"])
    channel.send([scalar(len(errors))])
    channel.send([scalar(error.message[:ERROR]) for error in errors])


def _whole(held: int) -> bytes:
    parts: list[bytes] = []
    while part := os.pread(held, PART, sum(map(len, parts))):
        parts.append(part)
    return b"".join(parts)
