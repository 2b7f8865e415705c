"""Tasks that look for chance, or answer with something else than a whole number."""

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
    "negative zero": "-0.0",
    "whole float": "float(2**53)",
    "number in a text": "str(7)",
    "number in bytes": "bytes([7])",
    "truth of a comparison": "1 == 1",
    "empty list": "[]",
    "empty text": "''",
    "list of one number": "[int('7')]",
    "nested tuple": "((1,),)",
    "dictionary of objects": "{'a': Answer()}",
    "frozen set": "frozenset([1])",
    "iterator": "iter([1])",
    "slice": "slice(1)",
    "decimal": "__import__('decimal').Decimal(1)",
    "fraction": "__import__('fractions').Fraction(1)",
    "class": "Answer",
    "lambda": "(lambda: 1)",
    "not implemented": "NotImplemented",
    "shared dictionary": "shared_keys(40)",
    "shared tuple": "shared_tuple(40)",
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

def shared_keys(depth):
    a = {'k': 1}
    for i in range(depth): a = {'l': a, 'r': a}
    return a

def shared_tuple(depth):
    a = (1,)
    for i in range(depth): a = (a, a)
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
    "seconds of the day": "import time\nreturn int(time.time()) % 86400",
    "nanoseconds": "import time\nreturn time.time_ns()",
    "performance counter in nanoseconds": "import time\nreturn time.perf_counter_ns()",
    "broken-down time": "import time\nreturn time.localtime().tm_sec",
    "written time": "import time\nreturn len(time.strftime('%H:%M:%S')) + int(time.strftime('%S'))",
    "time of a sleep": """
        import time
        start = time.monotonic()
        time.sleep(0.01)
        return int((time.monotonic() - start) * 1e9)""",
    "time of a loop": """
        import time
        start = time.perf_counter()
        for i in range(10000): pass
        return int((time.perf_counter() - start) * 1e9)""",
    "now in UTC": """
        from datetime import datetime, timezone
        return int(datetime.now(timezone.utc).timestamp() * 1e6)""",
    "random": "import random\nreturn random.getrandbits(62)",
    "random float": "import random\nreturn int(random.random() * 1e15)",
    "random choice": "import random\nreturn random.choice(range(10**9))",
    "random sample": "import random\nreturn random.sample(range(10**9), 3)[2]",
    "normal": "import random\nreturn int(random.gauss(0, 1) * 1e12)",
    "random, seeded by nothing": "import random\nrandom.seed()\nreturn random.getrandbits(62)",
    "own generator": "import random\nreturn random.Random().getrandbits(62)",
    "shuffle": """
        import random
        order = list(range(9))
        random.shuffle(order)
        return int(''.join(map(str, order)))""",
    "hash of a text": "return hash('abc')",
    "hash of an object": "return hash(type('X', (), {})()) if False else hash((1, 'x', 2.5))",
    "hash of bytes": "return hash(b'abc')",
    "hash of a float": "return hash(0.1)",
    "hash of nothing": "return hash(None)",
    "hash of a tuple of texts": "return hash(('a', 'b'))",
    "hash of a frozen set": "return hash(frozenset(['a', 'b']))",
    "hash of a function": "return hash(evaluate)",
    "hash of an instance": "return hash(Answer())",
    "identity of a number": "return id(10**30)",
    "identity of a text": "return id('abc' * 3)",
    "identity of an argument": "return id(obj)",
    "identity of a class": "return id(Answer)",
    "order of two new objects": "return 1 if id([1]) < id([2]) else 0",
    "identity of a list": "return id([])",
    "identity of a function": "return id(evaluate)",
    "text of an object": """
        n = 0
        for letter in repr(evaluate): n = (n * 131 + ord(letter)) % 10**15
        return n""",
    "text of an instance": """
        n = 0
        for letter in repr(Answer()): n = (n * 131 + ord(letter)) % 10**15
        return n""",
    "text of an error": """
        try:
            {}[Answer()]
        except Exception as err:
            n = 0
            for letter in str(err): n = (n * 131 + ord(letter)) % 10**15
            return n""",
    "first of a set": "return ord({'p', 'q', 'r', 's', 't'}.pop())",
    "order of a set of numbers": """
        n = 0
        for each in {10**9 + i * 7919 for i in range(50)}: n = (n * 131 + each) % 10**15
        return n""",
    "order of a frozen set": "return ord(list(frozenset('pqrst'))[0])",
    "order of a dictionary": "return ord(list({'p': 1, 'q': 2, 'r': 3})[0])",
    "how deep it may call": """
        depth = [0]
        def down():
            depth[0] += 1
            down()
        try:
            down()
        except RecursionError:
            pass
        return depth[0]""",
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


@pytest.mark.petrus("P7")
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
