"""Tasks that mean harm, through the jailed broker: each is contained and costs nobody else."""

from collections.abc import Iterator
from textwrap import dedent, indent
from time import monotonic

import pytest

from sealhold.compute.broker import GRACE, Broker
from sealhold.compute.frames import MAX_FRAME
from sealhold.compute.spec import Limits

SLACK = 5.0  # seconds for a machine that is busy with other things
LIMITS = Limits(ms_per_partition=200, memory_mib=16)
RES = {"param": 7, "resources": {"table": b"\x01\x02"}}
HONEST = b"def evaluate(obj, res):\n    return obj['x'] + res['param']\n"

RESOURCE_BOMBS = {
    "loop": "while True: pass",
    "loop that catches all": """
        while True:
            try:
                while True: pass
            except BaseException:
                pass""",
    "loop in a finally": """
        try:
            while True: pass
        finally:
            while True: pass""",
    "recursion": """
        def down(n): return down(n + 1)
        return down(0)""",
    "recursion that catches": """
        def down(n):
            try:
                return down(n + 1)
            except BaseException:
                return down(n + 1)
        return down(0)""",
    "two functions in turn": """
        def one(n): return two(n)
        def two(n): return one(n)
        return one(1)""",
    "list": "return len([0] * 10**12)",
    "growing list": """
        kept = []
        while True: kept.append([0] * 1000)""",
    "string": "return len('x' * 10**12)",
    "doubling string": """
        text = 'x'
        while True: text = text + text""",
    "bytes": "return len(b'x' * 10**12)",
    "integer": "return 9 ** 9 ** 9 % 10",
    "shift": "return (1 << 10**12) % 10",
    "factorial": """
        n = 1
        for i in range(1, 10**9): n *= i
        return n""",
    "range": "return len(list(range(10**12)))",
    "sum over a range": "return sum(range(10**12)) % 2",
    "format width": "return len('{:>1000000000000}'.format(1))",
    "f-string width": "return len(f'{1:>1000000000000}')",
    "percent width": "return len('%1000000000000d' % 1)",
    "replace": "return len(('a' * 10**6).replace('a', 'b' * 10**6))",
    "join": "return len(('b' * 10**6).join(['a'] * 10**6))",
    "justify": "return len('a'.ljust(10**12))",
    "split": "return len(('a,' * 10**7).split(','))",
    "text of an integer": "return len(str(10**10**6))",
    "integer of a text": "return int('9' * 10**6) % 2",
    "decimal": """
        from decimal import Decimal
        return int(Decimal(10) ** Decimal(10**9))""",
    "permutations": """
        from itertools import permutations
        return len(list(permutations(range(20))))""",
    "product": """
        from itertools import product
        return len(list(product(range(1000), repeat=10)))""",
    "endless iterator": """
        from itertools import count
        return sum(count())""",
    "endless repeat": """
        from itertools import repeat
        return len(list(repeat(0)))""",
    "regular expression": """
        import re
        return len(re.findall('(a+)+$', 'a' * 50 + 'b'))""",
    "nested regular expression": """
        import re
        return len(re.findall('(' * 5000 + 'a' + ')*' * 5000, 'a' * 100))""",
    "large regular expression": """
        import re
        return len(re.findall('((a{1,500}){1,500}){1,500}', 'a' * 100))""",
    "nested JSON": """
        import json
        return len(json.loads('[' * 10**6 + ']' * 10**6))""",
    "wide JSON": """
        import json
        return len(json.dumps([[0] * 1000] * 10**6))""",
    "nested eval": "return eval('(' * 10**5 + '1' + ')' * 10**5)",
    "long eval": "return eval('1' + '+1' * 10**6)",
    "print flood": """
        while True: print('x' * 100)""",
    "one large print": "print('x' * 10**7)\nreturn 1",
    "sort": "return sorted([i * 7919 % 10**7 for i in range(10**7)])[0]",
    "set": "return len({i for i in range(10**9)})",
    "dictionary": "return len({i: i for i in range(10**9)})",
    "deep copy": """
        import copy
        a = [1]
        for i in range(64): a = [a, a]
        return len(copy.deepcopy(a))""",
    "deep comparison": """
        a, b = [1], [1]
        for i in range(64): a, b = [a, a], [b, b]
        return int(a == b)""",
    "deep text": """
        a = [1]
        for i in range(64): a = [a, a]
        return len(str(a))""",
    "many names": """
        for i in range(10**6):
            try:
                undefined
            except BaseException:
                pass
        return 1""",
    "sleep": """
        import time
        time.sleep(3600)
        return 1""",
    "exception chain": """
        try:
            raise ValueError('x' * 10**8)
        except ValueError as err:
            raise TypeError(str(err) * 10) from err""",
}
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
ESCAPES = {  # each returns a positive number if it reached anything
    "read a file": "return len(open('/etc/passwd').read())",
    "read by a path": """
        from pathlib import Path
        return len(Path('/etc/passwd').read_text())""",
    "write a file": "return open('/tmp/escaped', 'w').write('x')",
    "list a folder": """
        import os
        return len(os.listdir('/'))""",
    "read /proc": "return len(open('/proc/self/environ').read())",
    "environment": """
        import os
        return len(os.environ)""",
    "one variable": """
        import os
        return len(os.getenv('PATH'))""",
    "process id": """
        import os
        return os.getpid()""",
    "command": """
        import os
        return 1 + os.system('true')""",
    "subprocess": """
        import subprocess
        return len(subprocess.run(['true']).args)""",
    "socket": """
        import socket
        return socket.socket().fileno()""",
    "request": """
        import urllib.request
        return urllib.request.urlopen('http://127.0.0.1/').status""",
    "C library": """
        import ctypes
        return ctypes.CDLL(None).getpid()""",
    "threads": """
        import threading
        return threading.active_count()""",
    "unpickle": """
        import pickle
        return len(pickle.loads(b'cos\\nsystem\\n(S"true"\\ntR.'))""",
    "import by name": "return len(__import__('socket').__name__)",
    "import machinery": """
        import importlib
        return len(importlib.import_module('socket').__name__)""",
    "subclasses": "return len(().__class__.__bases__[0].__subclasses__())",
    "frames": """
        import sys
        return len(sys._getframe().f_back.f_globals)""",
    "traceback": """
        try:
            raise ValueError
        except ValueError as err:
            return len(err.__traceback__.tb_frame.f_globals)""",
    "function globals": "return len(evaluate.__globals__)",
    "code object": "return evaluate.__code__.co_stacksize",
    "modules": """
        import sys
        return len(sys.modules)""",
    "host package": """
        import sealhold.compute.broker
        return 1""",
    "around the guest types": """
        import sealhold.compute.guest as guest
        return len(guest.__loader__.__class__.__name__)""",
    "standard input": "return len(input())",
    "debugger": "return len(str(breakpoint()))",
}
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
    return broker.evaluate(HONEST, RES, [{"x": 1}, {"x": 2}], LIMITS)


@pytest.mark.threat("T30")
@pytest.mark.parametrize("bomb", RESOURCE_BOMBS.values(), ids=RESOURCE_BOMBS)
def test_a_resource_bomb_ends_in_its_time_and_spoils_no_neighbour(
    broker: Broker, bomb: str
) -> None:
    mixed = program(f"if obj['x'] == 1:\n    return 5\n{dedent(bomb).strip()}")
    objects = [{"x": 1}, {"x": 2}, {"x": 1}]
    began = monotonic()

    answers = broker.evaluate(mixed, RES, objects, LIMITS)

    assert monotonic() - began < LIMITS.ms_per_partition / 1000 + GRACE + SLACK
    assert [answers[0], answers[2]] == [5, 5]
    assert answers[1] is None or type(answers[1]) is int
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T30")
def test_an_object_larger_than_a_frame_is_a_fault_of_that_object_alone(broker: Broker) -> None:
    objects: list[dict[str, object]] = [{"x": 1}, {"x": 2, "text": "y" * MAX_FRAME}, {"x": 3}]

    answers = broker.evaluate(HONEST, RES, objects, LIMITS)

    assert answers == [8, None, 10]


@pytest.mark.threat("T30")
def test_a_program_that_breaks_the_checker_is_told_as_a_static_error(broker: Broker) -> None:
    found = broker.check(b"x = " + b"(" * 100_000 + b"1" + b")" * 100_000)

    assert found
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T30")
def test_a_bomb_in_the_module_body_ends_in_its_time(broker: Broker) -> None:
    answers = broker.evaluate(b"while True: pass\n" + HONEST, RES, [{"x": 1}], LIMITS)

    assert answers == [None]
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T30")
def test_an_aggregate_that_never_ends_is_a_fault(broker: Broker) -> None:
    answer = broker.aggregate(b"def aggregate(parts):\n    while True: pass\n", [1, 2], LIMITS)

    assert answer is None
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T31")
@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_a_program_reaches_nothing_outside_itself(broker: Broker, escape: str) -> None:
    answers = broker.evaluate(program(escape), RES, [{"x": 1}], LIMITS)

    assert answers[0] in {None, 0}
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T32")
@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS)
def test_an_object_cannot_tell_how_many_came_before_it(broker: Broker, carrier: str) -> None:
    together = broker.evaluate(carrier.encode(), RES, [{"x": 1}] * 4, LIMITS)
    alone = broker.evaluate(carrier.encode(), RES, [{"x": 1}], LIMITS)

    assert together == alone * 4


@pytest.mark.threat("T32")
def test_an_answer_does_not_depend_on_the_objects_around_it_nor_on_their_order(
    broker: Broker,
) -> None:
    objects = [{"x": x} for x in range(9)]

    forwards = broker.evaluate(HONEST, RES, objects, LIMITS)
    backwards = broker.evaluate(HONEST, RES, objects[::-1], LIMITS)

    assert forwards == backwards[::-1]


@pytest.mark.threat("T33")
@pytest.mark.parametrize("oracle", ORACLES.values(), ids=ORACLES)
def test_what_differs_from_run_to_run_is_fixed(broker: Broker, oracle: str) -> None:
    runs = [broker.evaluate(program(oracle), RES, [{"x": 1}] * 2, LIMITS) for _ in range(3)]

    assert runs[0][0] is not None
    assert runs == [[runs[0][0]] * 2] * 3


@pytest.mark.threat("T35")
@pytest.mark.parametrize("value", FOREIGN_VALUES.values(), ids=FOREIGN_VALUES)
def test_a_value_that_is_no_whole_number_of_64_bits_is_a_fault(broker: Broker, value: str) -> None:
    answers = broker.evaluate(program(f"return {value}"), RES, [{"x": 1}], LIMITS)

    assert answers == [None]
    assert honest(broker) == [8, 9]


@pytest.mark.threat("T35")
@pytest.mark.parametrize("value", [0, -1, 23, 24, 255, 2**32, 2**63 - 1, -(2**63)])
def test_each_whole_number_of_64_bits_comes_out_as_it_is(broker: Broker, value: int) -> None:
    answers = broker.evaluate(program(f"return {value}"), RES, [{"x": 1}], LIMITS)

    assert answers == [value]
