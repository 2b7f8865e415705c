"""Which well-formed tasks this vault runs: points that refuse one, and points the owner confirms.

- A point is a code for programs, a sentence for people, and a gravity. A task with a point that
  refuses is never run; one that asks for confirmation runs only after the owner said yes to it.
- What this version does not do is refused with a sentence that says so, never half done.
- Only the manifest, the schema of its collection and a time are looked at: no data, no key.

Source: docs/spec/08-task-manifest.md section 4.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from sealhold.compute.attest.kinds import Kind, meets
from sealhold.compute.noising import blur_of
from sealhold.compute.selections import parse_selection
from sealhold.compute.slots import SlotMode, fits_epoch, work_limit
from sealhold.compute.task import Task
from sealhold.compute.wasmforms import kind_of
from sealhold.crypto.digest import sha256
from sealhold.model.errors import InvalidFilterError, InvalidManifestError, NotAProgramError
from sealhold.model.quantities import SECOND, Instant, Millis, rfc3339
from sealhold.model.records import Dataset
from sealhold.vault.noisebudget import ONE_COLLECTION

MAX_PROVABLE = 8_192  # bytes of a manifest whose proof still fits 16 KiB
MAX_TOGETHER = 8_323_072  # bytes of the objects of one partition: a frame, and room for its names
Vouches = Literal["sw", "tpm2", "sgx", "tdx", "snp", "nitro"]
WIDE_RANGE = 65_536  # values; beyond, one result tells more than 16 bits


class Gravity(Enum):
    """How much a point weighs."""

    REFUSE = auto()
    CONFIRM = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing about a task that stops it, or that the owner must confirm."""

    code: str  # stable, for programs: `range_wide`
    sentence: str
    gravity: Gravity


def points(
    task: Task, dataset: Dataset, now: Instant, vouches: Vouches = "sw"
) -> tuple[Point, ...]:
    """Return all that stands against running `task` over the collection of `dataset`.

    Args:
        task: the manifest.
        dataset: its collection.
        now: the time.
        vouches: what vouches for the vault's machine in a proof.
    """
    found = (
        *_not_in_this_version(task),
        *evidence_points(task, vouches),
        *_input(task, dataset),
        *_selections(task, dataset),
        *_work(task),
        *_noise(task),
        *_confirm(task),
    )
    if now >= task.expires_at:
        late = f"the task was in force until {rfc3339(task.expires_at)}"
        return (*found, _refuse("expired", late))
    return found


def evidence_points(task: Task, vouches: Vouches) -> Iterator[Point]:
    """Yield what stands against a proof of `task` by a vault for which `vouches` does."""
    # THREAT T178: a vault does not run what demands more than it can show, and shows nothing less.
    if not meets(Kind(vouches), Kind(task.evidence.min)):
        told = f"the task demands evidence `{task.evidence.min}`; proofs here bear `{vouches}`"
        yield _refuse("evidence", told)
    # THREAT T43: a quote tells the TPM's clock, finer than the slots that are charged.
    if vouches == "tpm2" and task.slot.mode is SlotMode.DEMAND:
        told = "in mode `demand` the clock in evidence `tpm2` would tell how long the program ran"
        yield _refuse("evidence_clock", told)


def code_points(task: Task, code: bytes) -> tuple[Point, ...]:
    """Return what stands against `code` being the program that `task` names."""
    # THREAT T41: the digest in the manifest, not the name beside it, says which program it is.
    if len(code) != task.code.bytes or sha256(code) != task.code_digest:
        return (_refuse("code_digest", "the program is not the one whose digest the task names"),)
    if task.code.tier == "wasm":
        try:
            kind_of(code)
        except NotAProgramError as err:
            return (_refuse("code_form", f"the program: {err}"),)
    return ()


def _refuse(code: str, sentence: str) -> Point:
    return Point(code=code, sentence=sentence, gravity=Gravity.REFUSE)


def _ask(code: str, sentence: str) -> Point:
    return Point(code=code, sentence=sentence, gravity=Gravity.CONFIRM)


def _not_in_this_version(task: Task) -> Iterator[Point]:
    if task.partition.k * task.input.max_object_bytes > MAX_TOGETHER:
        yield _refuse("together", f"`k` objects together may have {MAX_TOGETHER} bytes at most")
    if task.evidence.confidentiality == "sealed":
        yield _refuse("sealed", "this machine hides nothing from its owner, so it is not `sealed`")
    # Without it where a run ends would depend on the machine; the other tier cannot count steps.
    if (task.limits.fuel is not None) != (task.code.tier == "wasm"):
        yield _refuse("fuel", "`limits.fuel` is needed in tier `wasm`, and in no other")
    if task.size > MAX_PROVABLE:
        yield _refuse("too_long", f"a proof has room for a manifest of {MAX_PROVABLE} bytes")


def _input(task: Task, dataset: Dataset) -> Iterator[Point]:
    if dataset.name != task.collection:
        yield _refuse("collection", f"the vault has no collection `{task.collection}`")
        return
    columns = {column.name for column in dataset.columns}
    for name in sorted(task.fields - columns):
        yield _refuse("field", f"collection `{task.collection}` has no field `{name}`")


def _selections(task: Task, dataset: Dataset) -> Iterator[Point]:
    for selection in task.selections:
        try:
            parse_selection(selection, dataset, task.input.fields)
        except (InvalidFilterError, InvalidManifestError) as err:
            yield _refuse("selection", f"selection `{selection.id}`: {err}")


def _work(task: Task) -> Iterator[Point]:
    partitions = -(-task.input.max_objects // task.partition.k)
    work = partitions * task.limits.ms_per_partition
    # INVARIANT: whether the work fits its time never depends on what the objects hold.
    if task.slot.mode is SlotMode.AHEAD:
        if not fits_epoch(partitions, task.limits.ms_per_partition):
            yield _refuse("work", "so many objects for so long each do not fit 60 % of a day")
    elif work > work_limit(Millis(task.slot.seconds * SECOND * task.slot.max_slots)):
        yield _refuse("work", "so many objects for so long each do not fit 60 % of the slots")


def _noise(task: Task) -> Iterator[Point]:
    blur = blur_of(task)
    if blur is not None and blur.cost > ONE_COLLECTION:
        spent = f"one answer would spend {blur.cost:,} micro-rho of {ONE_COLLECTION:,} a year"
        yield _refuse("noise", f"`epsilon` is too large: {spent}")


def _confirm(task: Task) -> Iterator[Point]:
    size = task.evaluate.range.size
    if size > WIDE_RANGE:
        yield _ask("range_wide", f"the program may say one of {size} values of each object")
    k, versions = task.partition.k, task.partition.max_versions
    if k > 1:
        yield _ask("partition_k", f"{k} objects share a run, so one can speak through {k} results")
    if versions > 1:
        yield _ask(
            "max_versions", f"an object that changes is looked at up to {versions} times, each new"
        )
    if task.resources and task.evidence.confidentiality == "any":
        yield _ask("glass", "what others gave to the program can be seen on this machine")
    if task.input.objects == "open":
        yield _ask("objects_open", "objects that come later are counted in, so their days show")
    if task.slot.mode is SlotMode.DEMAND:
        yield _ask(
            "mode_demand", "the program runs when it is asked, so in which slot it ends shows"
        )
