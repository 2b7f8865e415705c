"""The Core's end for programs of both tiers: what a `Broker` does, and tier `wasm` beside it.

- A program of tier `wasm` is compiled in a jailed process and run in another; what goes from one to
  the other is a sealed file in memory that the Core never reads.
- All else is the broker's: one frame for each object and answer, its clock, its kill, its modes.
- A compiler that dies over a program, with no word why, is no answer of the program: a run is
  broken off and nothing counts; a static check says that the program cannot be compiled.

Source: docs/spec/19-confinement.md section 9.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from time import monotonic
from types import TracebackType

from sealhold.compute.broker import CHECK, END, GRACE, MOST_ERRORS, Broker, Mode
from sealhold.compute.frames import MAX_FRAME, MAX_SCALAR, Channel, read_scalar
from sealhold.compute.lanes import START, Item, Told
from sealhold.compute.products import MOST, Product, Products
from sealhold.compute.spec import Entry, Limits, StaticError, Tier
from sealhold.compute.starting import fresh
from sealhold.compute.wasmforms import COMPILE, RUN, kind_of
from sealhold.model.encoding import Plain, pack
from sealhold.model.errors import (
    BrokerLostError,
    InvalidError,
    NotAProgramError,
)

COMPILING = 120.0  # seconds on the wall; the process has 30 of a processor
_TOO_MUCH = "cannot be compiled within 30 seconds and 1.5 GB (a core module: 8 and 700 MB)"


class Runner(Broker):
    """Runs programs of both tiers; `products` gives compiled ones again."""

    def __init__(
        self,
        isolation: Mode = Mode.JAILED,
        products: Products | None = None,
        *,
        places: int | None = None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take what a `Broker` takes, and where compiled programs are kept."""
        super().__init__(isolation, places=places, is_stopped=is_stopped)
        self._products = products or Products()
        self._refused: dict[bytes, str] = {}  # programs that are none, and why
        self._wasm: tuple[socket.socket, subprocess.Popen[bytes]] | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End both keepers and all below them."""
        if self._wasm is not None:
            control, keeper = self._wasm
            self._wasm = None
            control.close()
            try:
                keeper.wait(END)
            except subprocess.TimeoutExpired:
                os.killpg(keeper.pid, signal.SIGKILL)
                keeper.wait()
        super().__exit__(kind, raised, trace)

    def cut(self) -> None:
        """End the process that an object of tier `wasm` is in; call it once `is_stopped` is true.

        Those of tier `py` are ended by whoever waits for them.
        """
        wasm = self._wasm
        if wasm is not None:
            with suppress(ProcessLookupError):
                os.killpg(wasm[1].pid, signal.SIGKILL)

    def kill(self) -> None:
        """End both keepers and all below them at once."""
        self.cut()
        super().kill()

    def answers(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        objects: Iterable[Mapping[str, Plain]],
        limits: Limits,
    ) -> Iterator[tuple[int, int | None]]:
        """Yield the index of an object and `evaluate(obj, res)`, None if it failed.

        Raises:
            BrokerLostError: a keeper is gone, or the compiler died.
            InvalidError: the program and its resources are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        if limits.tier == "wasm" and not self._is_program(code):
            yield from ((index, None) for index, _ in enumerate(objects))
            return
        yield from super().answers(code, res, objects, limits)

    def evaluate_partitions(
        self,
        code: bytes,
        res: Mapping[str, Plain],
        partitions: Sequence[Sequence[Mapping[str, Plain]]],
        limits: Limits,
        *,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> list[list[int | None]]:
        """Return `evaluate(obj, res)` for each member of each partition, None where that failed.

        Raises:
            BrokerLostError: a keeper is gone, or the compiler died.
            InvalidError: the program and its resources are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        if limits.tier == "wasm" and not self._is_program(code):
            return [[None] * len(members) for members in partitions]
        return super().evaluate_partitions(code, res, partitions, limits, progress=progress)

    def aggregate(self, code: bytes, parts: Sequence[int], limits: Limits) -> int | None:
        """Return `aggregate(parts)`, None if that failed.

        Raises:
            BrokerLostError: a keeper is gone, or the compiler died.
            InvalidError: the program and its input are larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        if limits.tier == "wasm" and not self._is_program(code):
            return None
        return super().aggregate(code, parts, limits)

    def check(
        self, code: bytes, entries: Sequence[Entry] = ("evaluate",), tier: Tier = "py"
    ) -> list[StaticError]:
        """Return what is wrong with `code` before it runs, empty if nothing is.

        Raises:
            BrokerLostError: a process died over it, or a keeper is gone.
            InvalidError: the program is larger than a frame.
            IsolationUnavailableError: the jail cannot be closed, or not as tightly as asked for.
        """
        if tier == "py":
            return super().check(code, entries)
        try:
            if self._product(code) is None:
                return [StaticError(1, 1, _TOO_MUCH)]
        except NotAProgramError as err:
            return [StaticError(1, 1, str(err))]
        limits = Limits(ms_per_partition=2000, memory_mib=64, tier=tier)
        job: dict[str, Plain] = {
            "do": "check", "tier": tier, "code": code, "entries": list(entries),
            "ms": limits.ms_per_partition, "mib": limits.memory_mib, "fuel": limits.fuel,
        }  # fmt: skip
        with self._process(job) as channel:
            count = read_scalar(channel.receive(MAX_SCALAR, CHECK))
            if not isinstance(count, int) or not 0 <= count <= MOST_ERRORS:
                raise BrokerLostError("no count of static errors")
            return [StaticError(1, 1, _text(channel, CHECK)) for _ in range(count)]

    def _evaluated(
        self, job: Mapping[str, Plain], items: Iterator[Item], limits: Limits
    ) -> Iterator[Told]:
        """Yield what each item says; in tier `wasm` by one process, an item at a time."""
        if limits.tier == "py":
            yield from super()._evaluated(job, items, limits)
            return
        waiting = next(items, None)
        while waiting is not None and not self._is_stopped():
            with self._process(job) as channel:
                for _ in range(self._most()):
                    if waiting is None or self._is_stopped():
                        break
                    index, told, is_lost = waiting.index, *self._asked(channel, waiting, limits)
                    waiting = next(items, None)
                    yield index, told
                    if is_lost:
                        break  # the next meets another process

    def _asked(self, channel: Channel, item: Item, limits: Limits) -> tuple[list[int | None], bool]:
        """Return the answers of one item, and whether the process was lost over it.

        Raises:
            BrokerLostError: the keeper is gone, so this is nobody's fault.
        """
        seconds = limits.ms_per_partition / 1000 + GRACE
        ends = monotonic() + seconds
        try:
            channel.send([item.payload], seconds)
            # THREAT T34: as many scalars as there are members, whatever it would like to say, and
            # one clock for all of them.
            said = [
                read_scalar(channel.receive(MAX_SCALAR, ends - monotonic()))
                for _ in range(item.members)
            ]
        except BrokerLostError:
            is_ended = self._wasm is not None and self._wasm[1].poll() is not None
            if is_ended or self._is_stopped():  # nobody's fault, so no answer of the program
                raise
            return [None] * item.members, True
        told = [each for each in said if not isinstance(each, str)]
        if len(told) != item.members:
            return [None] * item.members, True
        return told, False

    @contextmanager
    def _process(self, job: Mapping[str, Plain]) -> Iterator[Channel]:
        if job["tier"] == "py":
            with super()._process(job) as channel:
                yield channel
            return
        code = job["code"]
        sent = {**job, "code": b"", "kind": kind_of(code).value}
        payload = pack(sent)
        if len(payload) > MAX_FRAME:
            raise InvalidError(f"what a program is given is over {MAX_FRAME} bytes")
        product = self._product(code)
        with self._turn:
            channel = self._loaded(code, product, payload)
            try:
                yield channel
            finally:
                channel.close()

    def _loaded(self, code: bytes, product: Product | None, payload: bytes) -> Channel:
        """Return the way to a process that has taken `product`, which may be compiled once more.

        Raises:
            BrokerLostError: a process is gone, or even what was compiled here does not fit.
        """
        for each in (product, None):
            found = each or self._compile(code)
            if found is None:
                raise BrokerLostError("the compiler died")
            channel = self._work(RUN, found.descriptor)
            try:
                channel.send([payload], START)
                if read_scalar(channel.receive(MAX_SCALAR, START)) == 1:
                    return channel
            except BaseException:
                channel.close()
                raise
            channel.close()
            # It was made for another processor: one that this machine had, and has no more.
            self._products.forget(code)
        raise BrokerLostError("a compiled program does not fit this machine")

    def _is_program(self, code: bytes) -> bool:
        """Return whether `code` is one; a compiler that died has not said so.

        Raises:
            BrokerLostError: it died.
        """
        try:
            if self._product(code) is None:
                raise BrokerLostError("the compiler died")
        except NotAProgramError:
            return False
        return True

    def _product(self, code: bytes) -> Product | None:
        """Return `code` compiled; None if the compiler died over it.

        Raises:
            NotAProgramError: it is no program, and why.
        """
        if code in self._refused:
            raise NotAProgramError(self._refused[code])
        found = self._products.find(code)
        if found is not None:
            return found
        with self._turn:
            try:
                return self._compile(code)
            except NotAProgramError as err:
                self._refused[code] = str(err)
                raise

    def _compile(self, code: bytes) -> Product | None:
        program = Product([code])  # sealed in memory like what comes of it, and not closed before
        channel = self._work(COMPILE[kind_of(code)], program.descriptor)
        try:
            said = read_scalar(channel.receive(MAX_SCALAR, COMPILING))
            if isinstance(said, str):
                raise NotAProgramError(_printable(said))
            if said is None or not 0 < said <= MOST:
                return None
            product = Product(_parts(channel, said))
        except BrokerLostError:
            return None
        finally:
            channel.close()
        self._products.keep(code, product)
        return product

    def _work(self, work: bytes, held: int) -> Channel:
        """Have a process forked that does `work` on the open file `held`; return the way to it.

        Raises:
            BrokerLostError: the keeper is gone.
        """
        control = self._keeper_of_wasm()
        ours, theirs = socket.socketpair()
        channel = Channel(ours)
        try:
            with theirs:
                socket.send_fds(control, [work], [theirs.fileno(), held])
            self._accept(read_scalar(channel.receive(MAX_SCALAR, START)))
        except OSError as err:
            channel.close()
            raise BrokerLostError("the keeper is gone") from err
        except BaseException:
            channel.close()
            raise
        return channel

    def _keeper_of_wasm(self) -> socket.socket:
        if self._control is None:
            raise BrokerLostError("the broker was not entered, or has been left")
        if self._wasm is None:
            ours, theirs = socket.socketpair()
            mode = "" if self.isolation is Mode.LANGUAGE_ONLY else "jailed"
            with theirs:
                keeper = fresh("sealhold.compute.wasmkeeper", mode, theirs)
            self._wasm = (ours, keeper)
        return self._wasm[0]


def runners(products: Products | None = None) -> Callable[[], Runner]:
    """Return what opens runners that share their compiled programs."""
    return partial(Runner, products=products or Products())


def _parts(channel: Channel, size: int) -> Iterator[bytes]:
    while size > 0:
        part = channel.receive(min(size, MAX_FRAME), START)
        if not part:
            raise BrokerLostError("an empty part of a compiled program")
        size -= len(part)
        yield part


def _text(channel: Channel, seconds: float) -> str:
    said = read_scalar(channel.receive(MAX_SCALAR, seconds))
    if not isinstance(said, str):
        raise BrokerLostError("no text where one is due")
    return _printable(said)


def _printable(said: str) -> str:
    # THREAT T34: a message that reaches a terminal must not steer it.
    return "".join(letter if letter.isprintable() else " " for letter in said)
