"""Tasks that keep something from one object, or from one program, to the next."""

from collections.abc import Iterator
from textwrap import dedent, indent

import pytest

from sealhold.compute.broker import Broker
from sealhold.compute.spec import Limits

AMPLE = Limits(ms_per_partition=2000, memory_mib=16)  # wall clock: a busy machine needs room
RES = {"param": 7, "resources": {"table": b"\x01\x02"}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"

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
    "closure": """
def counter():
    seen = [0]
    def count():
        seen[0] += 1
        return seen[0]
    return count
count = counter()
def evaluate(obj, res):
    return count()
""",
    "instance": """
class Kept:
    def __init__(self): self.seen = 0
kept = Kept()
def evaluate(obj, res):
    kept.seen += 1
    return kept.seen
""",
    "built-in": """
def evaluate(obj, res):
    print.seen = getattr(print, 'seen', 0) + 1
    return print.seen
""",
    "type of the language": """
def evaluate(obj, res):
    int.seen = getattr(int, 'seen', 0) + 1
    return int.seen
""",
    "imported module's list": """
import json
def evaluate(obj, res):
    json.__all__ = getattr(json, '__all__', []) + [1]
    return len(json.__all__)
""",
    "modules of the system": """
import sys
def evaluate(obj, res):
    sys.modules['seen'] = sys.modules.get('seen', 0) + 1
    return sys.modules['seen']
""",
    "names of the module": """
def evaluate(obj, res):
    globals()['seen'] = globals().get('seen', 0) + 1
    return globals()['seen']
""",
    "counter of the library": """
from collections import Counter
seen = Counter()
def evaluate(obj, res):
    seen.update('x')
    return seen['x']
""",
    "iterator": """
from itertools import count
numbers = count()
def evaluate(obj, res):
    return next(numbers)
""",
    "parameter": """
def evaluate(obj, res):
    if not isinstance(res['param'], list): res['param'] = []
    res['param'].append(1)
    return len(res['param'])
""",
    "pinned table": """
def evaluate(obj, res):
    res['resources']['table'] = res['resources']['table'] + b'x'
    return len(res['resources']['table'])
""",
    "exception that was kept": """
kept = [None]
def evaluate(obj, res):
    before = 0 if kept[0] is None else 1
    try:
        raise ValueError
    except ValueError as err:
        kept[0] = err
    return before
""",
    "failed before": """
seen = []
def evaluate(obj, res):
    seen.append(1)
    if len(seen) == 1: return 0
    return 1
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


def program(body: str) -> bytes:
    """Return a program whose `evaluate` has this body."""
    lines = indent(dedent(body).strip(), "    ")
    return f"def evaluate(obj, res):\n{lines}\n".encode()


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with Broker() as started:
        yield started


@pytest.mark.petrus("P6")
@pytest.mark.threat("T32")
@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
def test_an_object_cannot_tell_how_many_came_before_it(broker: Broker, carrier: str) -> None:
    together = broker.evaluate(carrier.encode(), RES, [{"x": 1}] * 4, AMPLE)
    alone = broker.evaluate(carrier.encode(), RES, [{"x": 1}], AMPLE)

    assert together == alone * 4


LEAVES_BEHIND = b"""
import math
left = 41
try:
    math.left = 41
except BaseException:
    pass
print('left', 41)
def evaluate(obj, res):
    global last
    last = left
    return left
"""
LOOKS_FOR = {
    "a global": "return left",
    "a global of its function": "return last",
    "an attribute of a module": "import math\nreturn math.left",
    "the last value": "return _",
    "the program before": "return evaluate.__wrapped__(obj, res)",
    "what was printed": "import sys\nreturn len(sys.stdout.getvalue())",
}


@pytest.mark.threat("T32")
@pytest.mark.parametrize("look", LOOKS_FOR.values(), ids=LOOKS_FOR)
def test_a_program_finds_nothing_of_the_one_before_it(broker: Broker, look: str) -> None:
    left = broker.evaluate(LEAVES_BEHIND, RES, [{"x": 1}] * 3, AMPLE)

    found = broker.evaluate(program(look), RES, [{"x": 1}] * 3, AMPLE)

    assert left == [41] * 3
    assert found == [None] * 3


@pytest.mark.threat("T32")
def test_an_object_that_failed_leaves_nothing_to_the_next(broker: Broker) -> None:
    code = b"""
seen = []
def evaluate(obj, res):
    seen.append(obj['x'])
    if obj['x'] == 2: raise ValueError(seen)
    if obj['x'] == 3: return 'text'
    if obj['x'] == 4: return len([0] * 10**12)
    return len(seen)
"""

    answers = broker.evaluate(code, RES, [{"x": x} for x in (1, 2, 1, 3, 1, 4, 1)], AMPLE)

    assert answers == [1, None, 1, None, 1, None, 1]


@pytest.mark.petrus("P7")
@pytest.mark.threat("T32")
def test_an_answer_does_not_depend_on_the_objects_around_it_nor_on_their_order(
    broker: Broker,
) -> None:
    objects = [{"x": x} for x in range(9)]

    forwards = broker.evaluate(HONEST, RES, objects, AMPLE)
    backwards = broker.evaluate(HONEST, RES, objects[::-1], AMPLE)

    assert forwards == backwards[::-1]
