"""Where random bytes come from."""

from sealhold.crypto.entropy import seeded, system_entropy


def test_one_seed_gives_one_stream_however_it_is_drawn() -> None:
    one, two = seeded(b"demo"), seeded(b"demo")

    assert one(3) + one(5) + one(0) + one(100) == two(108)


def test_a_stream_never_repeats_itself() -> None:
    stream = seeded(b"demo")

    assert len({stream(16) for _ in range(1_000)}) == 1_000


def test_two_seeds_give_two_streams() -> None:
    assert seeded(b"demo")(32) != seeded(b"test")(32)


def test_the_system_gives_as_many_bytes_as_asked() -> None:
    assert len(system_entropy(32)) == 32
    assert system_entropy(32) != system_entropy(32)
