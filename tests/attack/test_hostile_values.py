"""Tasks that keep state, look for chance, or answer with something else than a whole number."""

from collections.abc import Iterator
from textwrap import dedent, indent

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.spec import Limits

AMPLE = Limits(ms_per_partition=2000, memory_mib=16)  # wall clock: a busy machine needs room
RES = {"param": 7, "resources": {"table": b"\x01\x02"}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"

FOREIGN_VALUES = {
    "true": "True",
    "false": "False",
    "nothing": "None",
    "text": "'1'",
    "bytes": "b'1'",
    "float": "1.0",
    "not a number": "float('nan')",
    "infinity": "float('inf')",
    "complex": "complex(1, 0)",
    "list": "[1]",
    "tuple": "(1,)",
    "dictionary": "{'ints': 1}",
    "set": "{1}",
    "range": "range(3)",
    "ellipsis": "...",
    "type": "int",
    "function": "evaluate",
    "built-in": "print",
    "exception": "ValueError(1)",
    "object": "Answer()",
    "own number": "Number()",
    "date": "__import__('datetime').datetime.now()",
    "just beyond 64 bits": "2**63",
    "just below 64 bits": "-2**63 - 1",
    "huge": "10**4299",
    "beyond the digits that a host may print": "10**100000",
    "shared list": "shared(40)",
    "deep list": "deep(100000)",
    "cyclic list": "cyclic()",
    "wide list": "[0] * 10**6",
    "long text": "'x' * 10**7",
}
HELPERS = """
class Answer:
    pass

class Number:
    def __int__(self): return 1
    def __index__(self): return 1
    def __eq__(self, other): return True

def shared(depth):
    a = [1]
    for i in range(depth): a = [a, a]
    return a

def deep(depth):
    a = [1]
    for i in range(depth): a = [a]
    return a

def cyclic():
    a = [1]
    a.append(a)
    return a
"""
CARRIERS = {  # each tries to learn how many objects came before it
    "global": """
seen = 0
def evaluate(obj, res):
    global seen
    seen += 1
    return seen
""",
    "global list": """
seen = []
def evaluate(obj, res):
    seen.append(obj)
    return len(seen)
""",
    "default argument": """
def evaluate(obj, res, seen=[]):
    seen.append(1)
    return len(seen)
""",
    "function attribute": """
def evaluate(obj, res):
    evaluate.seen = getattr(evaluate, 'seen', 0) + 1
    return evaluate.seen
""",
    "module attribute": """
import math
def evaluate(obj, res):
    math.seen = getattr(math, 'seen', 0) + 1
    return math.seen
""",
    "guest types": """
from sealhold.compute.guest import Object
import sealhold.compute.guest as guest
def evaluate(obj, res):
    guest.seen = getattr(guest, 'seen', 0) + 1
    return guest.seen
""",
    "class attribute": """
class Kept:
    seen = 0
def evaluate(obj, res):
    Kept.seen += 1
    return Kept.seen
""",
    "resources": """
def evaluate(obj, res):
    res['seen'] = res.get('seen', 0) + 1
    return res['seen']
""",
    "object": """
def evaluate(obj, res):
    obj['seen'] = obj.get('seen', 0) + 1
    return obj['seen']
""",
    "redefined function": """
count = 1
def evaluate(obj, res):
    global evaluate, count
    before = count
    def again(obj, res): return before + 1
    evaluate = again
    count += 1
    return before
""",
    "cache": """
from functools import lru_cache
seen = []
@lru_cache
def grow():
    seen.append(1)
    return seen
def evaluate(obj, res):
    return len(grow())
""",
    "seed": """
import random
def evaluate(obj, res):
    first = random.getrandbits(60)
    random.seed(first)
    return first
""",
}
ORACLES = {  # each asks for something that differs from run to run, were it not fixed
    "time": "import time\nreturn int(time.time() * 1e6)",
    "monotonic": "import time\nreturn int(time.monotonic() * 1e9)",
    "performance counter": "import time\nreturn int(time.perf_counter() * 1e9)",
    "processor time": "import time\nreturn int(time.process_time() * 1e9)",
    "loop length by the clock": """
        import time
        start, n = time.perf_counter(), 0
        while time.perf_counter() == start and n < 1000: n += 1
        return n""",
    "now": "from datetime import datetime\nreturn int(datetime.now().timestamp() * 1e6)",
    "today": "from datetime import date\nreturn date.today().day",
    "zone": "import time\nreturn time.timezone",
    "random": "import random\nreturn random.getrandbits(62)",
    "own generator": "import random\nreturn random.Random().getrandbits(62)",
    "shuffle": """
        import random
        order = list(range(9))
        random.shuffle(order)
        return int(''.join(map(str, order)))""",
    "hash of a text": "return hash('abc')",
    "hash of an object": "return hash(type('X', (), {})()) if False else hash((1, 'x', 2.5))",
    "identity of a list": "return id([])",
    "identity of a function": "return id(evaluate)",
    "text of an object": """
        n = 0
        for letter in repr(evaluate): n = (n * 131 + ord(letter)) % 10**15
        return n""",
    "order of a set": """
        n = 0
        for letter in {'p', 'q', 'r', 's', 't'}: n = n * 1000 + ord(letter)
        return n""",
    "length of a sum of floats": "return int(sum([0.1] * 1000) * 1e12)",
}


def program(body: str) -> bytes:
    """Return a program whose `evaluate` has this body."""
    lines = indent(dedent(body).strip(), "    ")
    return f"{HELPERS}\ndef evaluate(obj, res):\n{lines}\n".encode()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as started:
        yield started


def honest(broker: Broker) -> list[int | None]:
    return broker.evaluate(HONEST, RES, [{"x": 1}, {"x": 2}], AMPLE)


@pytest.mark.threat("T32")
@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
def test_an_object_cannot_tell_how_many_came_before_it(broker: Broker, carrier: str) -> None:
    together = broker.evaluate(carrier.encode(), RES, [{"x": 1}] * 4, AMPLE)
    alone = broker.evaluate(carrier.encode(), RES, [{"x": 1}], AMPLE)

    assert together == alone * 4


@pytest.mark.threat("T32")
def test_an_answer_does_not_depend_on_the_objects_around_it_nor_on_their_order(
    broker: Broker,
) -> None:
    objects = [{"x": x} for x in range(9)]

    forwards = broker.evaluate(HONEST, RES, objects, AMPLE)
    backwards = broker.evaluate(HONEST, RES, objects[::-1], AMPLE)

    assert forwards == backwards[::-1]


@pytest.mark.threat("T33")
@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_what_differs_from_run_to_run_is_fixed(broker: Broker, oracle: str) -> None:
    runs = [broker.evaluate(program(oracle), RES, [{"x": 1}] * 2, AMPLE) for _ in range(3)]

    assert runs[0][0] is not None
    assert runs == [[runs[0][0]] * 2] * 3


@pytest.mark.threat("T35")
@pytest.mark.parametrize("value", FOREIGN_VALUES.values(), ids=FOREIGN_VALUES)
def test_a_value_that_is_no_whole_number_of_64_bits_is_a_fault(broker: Broker, value: str) -> None:
    answers = broker.evaluate(program(f"return {value}"), RES, [{"x": 1}], AMPLE)

    assert answers == [None]
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T35")
@pytest.mark.parametrize("value", [0, -1, 23, 24, 255, 2**32, 2**63 - 1, -(2**63)])
def test_each_whole_number_of_64_bits_comes_out_as_it_is(broker: Broker, value: int) -> None:
    answers = broker.evaluate(program(f"return {value}"), RES, [{"x": 1}], AMPLE)

    assert answers == [value]
