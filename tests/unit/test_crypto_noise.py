"""The sampler of discrete Laplace noise: its law exactly, its use of chance, its refusals."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from heapq import heappop, heappush

import pytest

from sealhold.crypto import noise
from sealhold.crypto.entropy import seeded
from sealhold.crypto.noise import Scale, below, discrete_laplace, happens
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidError, UnavailableError

UNSEEN = Decimal("1e-9")  # of all mass, that the walk may leave out
ANEW = 10**9  # no value: a round that is begun anew
FINE = Decimal("1e-40")  # above any error of the arithmetic of the tests

Choice = tuple[tuple[Decimal, int], ...]  # each number that may come, with its probability


with localcontext(prec=60):
    E = Decimal(-1).exp()
    WHOLE: Choice = tuple((E**count * (1 - E), count) for count in range(40))


class NeedsMore(Exception):  # noqa: N818 - it is a question, not a fault
    """A draw asks for one more choice."""

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice)
        self.choice = choice


class Walk:
    """Walks every path of a draw, the likeliest first, with the exact probability of each."""

    def __init__(self) -> None:
        self._script: tuple[int, ...] = ()
        self._place = 0

    def choose(self, choice: Choice) -> int:
        if self._place == len(self._script):
            raise NeedsMore(choice)
        self._place += 1
        return self._script[self._place - 1]

    def outcomes(self, draw: Callable[[], int]) -> dict[int, Decimal]:
        """Return the probability of each outcome, over all paths but `UNSEEN` mass."""
        paths: list[tuple[Decimal, tuple[int, ...]]] = [(Decimal(-1), ())]
        mass: defaultdict[int, Decimal] = defaultdict(Decimal)
        left = Decimal(1)
        while left > UNSEEN:
            weight, self._script = heappop(paths)
            self._place = 0
            try:
                mass[draw()] -= weight
                left += weight
            except NeedsMore as asked:
                for share, number in asked.choice:
                    heappush(paths, (weight * share, (*self._script, number)))
        return mass


@pytest.fixture
def exactly() -> Iterator[None]:
    with localcontext(prec=60):
        yield


def evenly(walk: Walk) -> Callable[[int, Entropy], int]:
    return lambda bound, _: walk.choose(
        tuple((1 / Decimal(bound), number) for number in range(bound))
    )


def exponential(walk: Walk) -> Callable[[int, int, Entropy], bool]:
    def happening(above: int, under: int, _: Entropy) -> bool:
        share = (Decimal(-above) / Decimal(under)).exp()
        return walk.choose(((share, 1), (1 - share, 0)) if above else ((share, 1),)) == 1

    return happening


def never(_: int, /) -> bytes:
    raise AssertionError("the walk is all the chance there is")


def law(value: int, above: int, under: int) -> Decimal:
    """Return P(value) at scale above / under."""
    q = (Decimal(-under) / Decimal(above)).exp()
    return (1 - q) / (1 + q) * q ** abs(value)


@pytest.mark.usefixtures("exactly")
@pytest.mark.parametrize(("above", "under"), [(1, 1), (1, 2), (2, 3), (1, 5), (4, 5)])
def test_what_happens_with_an_exponential_probability_does_so_exactly(
    above: int, under: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step compares a uniform number; here all of them follow, each just as likely."""
    walk = Walk()

    def less(bound: int, _: Entropy) -> int:  # two cases: below `above`, or not
        share = Decimal(above) / Decimal(bound)
        return walk.choose(((share, 0), (1 - share, bound - 1)) if share < 1 else ((share, 0),))

    monkeypatch.setattr(noise, "below", less)

    mass = walk.outcomes(lambda: int(happens(above, under, never)))

    truth = (Decimal(-above) / Decimal(under)).exp()
    assert mass[1] - FINE <= truth <= mass[1] + UNSEEN
    assert mass[0] - FINE <= 1 - truth <= mass[0] + UNSEEN


@pytest.mark.usefixtures("exactly")
@pytest.mark.parametrize(("above", "under"), [(1, 1), (2, 1), (1, 2), (3, 2), (5, 3), (1, 4)])
def test_the_probability_of_each_draw_is_that_of_the_law(
    above: int, under: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All choices of one round, on top of uniform numbers and of what happens exactly so often.

    A round that is begun anew looks like the first, so the law is that of the rounds that end.
    """
    walk = Walk()
    monkeypatch.setattr(noise, "below", evenly(walk))
    monkeypatch.setattr(noise, "happens", exponential(walk))
    monkeypatch.setattr(noise, "_whole", lambda _: walk.choose(WHOLE))
    monkeypatch.setattr(noise, "MAX_STEPS", 1)

    def round_of() -> int:
        try:
            return discrete_laplace(Scale(above=above, below=under), never)
        except UnavailableError:
            return ANEW

    mass = walk.outcomes(round_of)

    ended = sum(seen for value, seen in mass.items() if value != ANEW)
    assert len(mass) >= 9
    for value, seen in mass.items():
        if value != ANEW:
            assert abs(seen / ended - law(value, above, under)) <= 4 * UNSEEN, value


@pytest.mark.usefixtures("exactly")
def test_how_often_in_a_row_something_happens_is_geometric(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walk = Walk()
    monkeypatch.setattr(noise, "happens", exponential(walk))

    mass = walk.outcomes(lambda: noise._whole(never))

    for count in range(10):
        assert abs(mass[count] - WHOLE[count][0]) < FINE


@pytest.mark.parametrize("bound", [2, 3, 5, 6, 7, 100, 128, 129, 255, 256])
def test_each_number_below_a_bound_comes_from_equally_many_bytes(bound: int) -> None:
    found: Counter[int] = Counter()
    for byte in range(256):
        drawn = iter([byte, 0])  # a byte that does not fit is followed by one that does
        number = below(bound, lambda _, drawn=drawn: bytes([next(drawn)]))
        if next(drawn, None) is not None:  # the first byte was taken
            found[number] += 1

    assert set(found) == set(range(bound))
    assert len(set(found.values())) == 1


def test_of_one_number_there_is_no_choice_and_no_chance_is_spent() -> None:
    assert below(1, never) == 0


# --- at larger scales, by many draws of a seeded stream ---


@pytest.mark.parametrize(
    ("above", "under", "seed"), [(1, 3, b"a"), (1, 1, b"b"), (5, 2, b"c"), (40, 1, b"d")]
)
def test_many_draws_fit_the_law(above: int, under: int, seed: bytes) -> None:
    count, entropy = 20_000, seeded(seed)
    scale = Scale(above=above, below=under)
    found = Counter(discrete_laplace(scale, entropy) for _ in range(count))
    expected = {value: float(law(value, above, under)) * count for value in range(-400, 401)}
    cells = {value: often for value, often in expected.items() if often >= 20}
    rest = count - sum(cells.values())
    tail = count - sum(found[value] for value in cells)

    squares = sum((found[value] - often) ** 2 / often for value, often in cells.items())
    squares += (tail - rest) ** 2 / max(rest, 1)

    freedom = len(cells)
    bar = freedom + 3.3 * (2 * freedom) ** 0.5 + 8  # above the 999th of 1000
    assert squares < bar
    assert abs(sum(value * often for value, often in found.items())) < 5 * count**0.5 * (
        1.5 * above / under + 1
    )


def test_a_wider_scale_gives_wider_noise() -> None:
    entropy = seeded(b"wide")

    sizes = [
        sum(abs(discrete_laplace(Scale(above=above, below=1), entropy)) for _ in range(2_000))
        for above in (1, 4, 16, 64)
    ]

    assert sizes == sorted(sizes)
    assert 60 < sizes[-1] / 2_000 < 68  # the mean size is near the scale


def test_the_same_stream_gives_the_same_noise() -> None:
    scale = Scale(above=7, below=2)
    one, other = seeded(b"s"), seeded(b"s")

    assert [discrete_laplace(scale, one) for _ in range(50)] == [
        discrete_laplace(scale, other) for _ in range(50)
    ]


# --- what is refused ---


@pytest.mark.parametrize(("above", "under"), [(0, 1), (1, 0), (-1, 1), (1, -2)])
def test_a_scale_that_is_no_positive_fraction_is_refused(above: int, under: int) -> None:
    with pytest.raises(InvalidError):
        Scale(above=above, below=under)
