"""Trying a task on made-up data: `sealhold task check`, `run --synthetic` and `leakage`.

- `check_folder` looks at the manifest, the rules, the program's text and types, then runs the
  program over a synthetic corpus three times, in three processes and two orders. What differs, is
  refused by the gate or comes near a limit is told with its place.
- A run near a limit is found without a clock: the last pass gets 30 % less time and memory, and
  what fails only there is near.
- Why an object got the default is told here and nowhere else: an app never learns it, and here
  the object is nobody's.

Source: docs/spec/08-task-manifest.md section 8.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from sealhold.compute.aggregates import Kind
from sealhold.compute.broker import Broker
from sealhold.compute.codelook import look
from sealhold.compute.declassify import gate_all
from sealhold.compute.leakage import (
    ObjectPrice,
    QueryPrice,
    data_set_bound,
    object_bound,
    object_price,
    query_price,
    shown_epochs,
    unprotected,
)
from sealhold.compute.manifest_rules import Gravity, Vouches, points
from sealhold.compute.noising import blur_of
from sealhold.compute.reasons import grouped
from sealhold.compute.selections import cells, parse_selection
from sealhold.compute.spec import Entry
from sealhold.compute.task import Task, whole
from sealhold.compute.taskfolder import MANIFEST, TaskFolder, read_folder
from sealhold.compute.trial import Fields, Trial
from sealhold.model.errors import InvalidError, InvalidManifestError
from sealhold.model.ids import Collection
from sealhold.model.quantities import MICRO, Instant, MicroBits, MicroRho
from sealhold.model.records import Dataset
from sealhold.vault.noisebudget import ONE_COLLECTION

CORPUS = 60  # objects of a check; a fault in one object in twenty is found 19 times in 20
MOST_FAULTS = 40  # told in one report

Datasets = Mapping[Collection, Dataset]
OpenBroker = Callable[[], AbstractContextManager[Broker]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with a task, and where."""

    file: str
    line: int  # from 1
    column: int  # from 1
    message: str
    refuses: bool  # the task cannot be used so; False: worth a look


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `check_folder` found."""

    name: str
    version: str
    objects: int  # made-up ones that a selection holds; 0 if it did not come to a run
    faults: tuple[Fault, ...]

    @property
    def exit_code(self) -> int:
        """Return 0, or 5 if the task cannot be used so."""
        return 5 if any(fault.refuses for fault in self.faults) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """Why one made-up object got the default."""

    index: int  # in the corpus, from 0
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticRun:
    """What a task says of made-up objects."""

    answer: int
    objects: int
    selected: int
    defaults: tuple[Default, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseTerm:
    """How answers are blurred, and what that costs."""

    numerator: int  # of epsilon
    denominator: int
    spreads: tuple[int, ...]  # by how much one object can move each part of an answer
    cost: MicroRho  # of one answer
    cap: MicroRho  # of the collection, a year
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """Every term of what a task can tell."""

    cells: int
    epochs: int
    object: ObjectPrice
    query: QueryPrice
    queries: int
    most_queries: int  # that the manifest allows; what is asked beyond is refused
    object_size: MicroBits  # of the largest object
    per_object: MicroBits  # the bound for one object
    data_set: MicroBits  # the bound for all together
    unprotected: MicroBits  # for one object, if the same answers came without these bounds
    noise: NoiseTerm | None  # of an answer, if the task has any

    @property
    def percent(self) -> int:
        """Return the bound for one object in percent of its size, rounded up."""
        return -(-100 * self.per_object // self.object_size)


def check_folder(
    path: Path, datasets: Datasets, open_broker: OpenBroker, now: Instant, count: int = CORPUS
) -> Report:
    """Return all that is wrong with the task in the folder at `path`.

    Raises:
        NotFoundError: a file is missing.
        IsolationUnavailableError: this system cannot run a program in a cell.
    """
    try:
        folder = read_folder(path)
    except InvalidError as err:
        return _unreadable(Fault(file=MANIFEST, line=1, column=1, message=str(err), refuses=True))
    try:
        task = folder.task()
    except InvalidError as err:
        return _unreadable(_of_manifest(folder, str(err), refuses=True))
    faults = [*_by_rules(folder, task, datasets, now), *_by_text(folder, task, open_broker)]
    objects: list[Fields] = []
    if not any(fault.refuses for fault in faults):
        trial = Trial(
            task=task, code=folder.code, dataset=datasets[task.collection], files=folder.files
        )
        objects = trial.held(trial.objects(count))
        faults += _by_running(folder, trial, objects, open_broker)
    return Report(
        name=task.name,
        version=task.version,
        objects=len(objects),
        faults=tuple(faults[:MOST_FAULTS]),
    )


def run_synthetic(
    path: Path,
    datasets: Datasets,
    open_broker: OpenBroker,
    *,
    count: int,
    param: str | None = None,
    selection: str | None = None,
    seed: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> SyntheticRun:
    """Return what the task says of `count` made-up objects; without names, of the first of each.

    `progress` is told how many objects are done, of how many.

    Raises:
        NotFoundError: a file is missing.
        InvalidError: the task is not well formed, or its collection or a name in it is unknown.
        IsolationUnavailableError: this system cannot run a program in a cell.
    """
    folder = read_folder(path)
    task = folder.task()
    known = _dataset(task, datasets)
    trial = Trial(task=task, code=folder.code, dataset=known, files=folder.files)
    with_param = task.params[0] if param is None else task.param(param)
    chosen = task.selections[0] if selection is None else task.selection(selection)
    objects = trial.objects(count, seed)
    held = trial.selected(chosen, objects)
    with open_broker() as broker:
        raw = trial.run(broker, with_param, objects, progress=lambda n: progress(n, len(objects)))
        reasons = trial.reasons(broker, with_param, objects, raw)
        gated = gate_all(raw, count, task.evaluate.range, task.evaluate.default).values
        results = [value for value, is_held in zip(gated, held, strict=True) if is_held]
        said = trial.aggregate(broker, results)
    return SyntheticRun(
        answer=said,
        objects=count,
        selected=len(results),
        defaults=tuple(
            Default(index=index, reason=why) for index, why in reasons.items() if held[index]
        ),
    )


def leakage_of(
    path: Path, datasets: Datasets, queries: int, now: Instant, selection: str | None = None
) -> Leakage:
    """Return every term of what the task in the folder at `path` can tell in `queries` answers.

    With `selection`, of a grant of that one alone.

    Raises:
        NotFoundError: a file is missing.
        InvalidError: the task is not well formed, or its collection or a name in it is unknown.
    """
    task = read_folder(path).task()
    dataset = _dataset(task, datasets)
    scope = whole(task)
    if selection is not None:
        scope = replace(scope, selections=(task.selection(selection),))
    filters = [parse_selection(each, dataset, task.input.fields) for each in scope.selections]
    places, epochs = cells(filters), len(shown_epochs(task, now))
    price, query = object_price(scope, places, epochs), query_price(task)
    size = MicroBits(task.input.max_object_bytes * 8 * MICRO)
    answered = min(queries, task.limits.queries)
    return Leakage(
        cells=places,
        epochs=epochs,
        object=price,
        query=query,
        queries=queries,
        most_queries=task.limits.queries,
        object_size=size,
        per_object=object_bound(price, query, answered, size),
        data_set=data_set_bound(task, price, query, answered, epochs),
        unprotected=unprotected(query, queries, size),
        noise=_noise_of(task),
    )


def _noise_of(task: Task) -> NoiseTerm | None:
    blur = blur_of(task)
    if blur is None:
        return None
    return NoiseTerm(
        numerator=blur.noise.numerator,
        denominator=blur.noise.denominator,
        spreads=blur.spreads(),
        cost=blur.cost,
        cap=ONE_COLLECTION,
        words=blur.words(),
    )


def _by_rules(folder: TaskFolder, task: Task, datasets: Datasets, now: Instant) -> list[Fault]:
    if task.collection not in datasets:
        message = f"`input.collection`: no collection `{task.collection}`"
        return [_of_manifest(folder, message, refuses=True)]
    strongest: Vouches = "sw" if task.evidence.min == "sw" else "tpm2"  # that a vault can be set to
    return [
        _of_manifest(folder, point.sentence, refuses=point.gravity is Gravity.REFUSE)
        for point in points(task, datasets[task.collection], now, strongest)
    ]


def _by_text(folder: TaskFolder, task: Task, open_broker: OpenBroker) -> list[Fault]:
    entries: list[Entry] = ["evaluate"]
    if task.aggregate.kind is Kind.CUSTOM:
        entries.append("aggregate")
    with open_broker() as broker:
        errors = broker.check(folder.code, entries, task.code.tier)
    seen = [(error.line, error.column, error.message) for error in errors]
    if task.code.tier == "py":
        seen += [(sight.line, sight.column, sight.message) for sight in look(folder.code)]
    return [
        Fault(file=folder.code_name, line=line, column=column, message=message, refuses=True)
        for line, column, message in seen
    ]


def _by_running(
    folder: TaskFolder, trial: Trial, objects: Sequence[Fields], open_broker: OpenBroker
) -> list[Fault]:
    if not objects:
        return [_of_manifest(folder, "no selection holds any made-up object", refuses=False)]
    found: list[Fault] = []
    for param in trial.task.params:
        with open_broker() as broker:
            first = trial.run(broker, param, objects)
            reasons = trial.reasons(broker, param, objects, first)
        found += [
            _of_code(folder, f"{_how_many(indexes, objects)} {why}", refuses=True)
            for why, indexes in grouped(reasons)
        ]
        with open_broker() as broker:
            again = trial.run(broker, param, objects[::-1])[::-1]
        found += _differing(folder, first, again)
        with open_broker() as broker:
            tight = trial.run(broker, param, objects, tightened=True)
        found += _near(folder, first, tight)
    return found


def _differing(
    folder: TaskFolder, first: Sequence[int | None], again: Sequence[int | None]
) -> list[Fault]:
    # A run that failed once and not again met a limit, which the pass after this one looks for.
    other = [
        index
        for index, pair in enumerate(zip(first, again, strict=True))
        if None not in pair and pair[0] != pair[1]
    ]
    if not other:
        return []
    message = f"{_how_many(other, first)} got another value from another run"
    return [_of_code(folder, message, refuses=True)]


def _near(
    folder: TaskFolder, first: Sequence[int | None], tight: Sequence[int | None]
) -> list[Fault]:
    near = [
        index for index, value in enumerate(first) if value is not None and tight[index] is None
    ]
    if not near:
        return []
    message = f"{_how_many(near, first)} needed over 70 % of a limit"
    return [_of_code(folder, message, refuses=False)]


def _how_many(indexes: Sequence[int], tried: Sequence[object]) -> str:
    return f"{len(indexes)} of {len(tried)} made-up objects (first: {indexes[0]})"


def _dataset(task: Task, datasets: Datasets) -> Dataset:
    if task.collection not in datasets:
        raise InvalidManifestError(f"no collection `{task.collection}`")
    return datasets[task.collection]


def _of_manifest(folder: TaskFolder, message: str, *, refuses: bool) -> Fault:
    line, column = folder.place(message)
    return Fault(file=MANIFEST, line=line, column=column, message=message, refuses=refuses)


def _of_code(folder: TaskFolder, message: str, *, refuses: bool) -> Fault:
    if folder.tier == "wasm":  # no lines to look through
        return Fault(file=folder.code_name, line=1, column=1, message=message, refuses=refuses)
    line = next(
        (
            number
            for number, text in enumerate(folder.code.decode(errors="replace").split("\n"), 1)
            if text.startswith("def evaluate")
        ),
        1,
    )
    return Fault(file=folder.code_name, line=line, column=1, message=message, refuses=refuses)


def _unreadable(fault: Fault) -> Report:
    return Report(name="", version="", objects=0, faults=(fault,))
