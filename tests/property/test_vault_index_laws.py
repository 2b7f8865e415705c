"""Laws of the word index: it finds what a plain scan of the newest texts finds."""

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.model.ids import Collection, Id16, JobId, RecordId
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Unit
from sealhold.vault.index import HEAD_LETTERS, MAX_WORD, Entry, Index, words_of
from tests.unit.memory_vault import MemoryVault, memory_vault

JOB = JobId(Id16(b"job".ljust(16)))
THINGS = Collection("things")

letters = st.sampled_from("abcABé1_ß")  # few, so that words and beginnings meet
short = st.text(letters, min_size=1, max_size=5)
words = st.one_of(
    short, st.just("Straße"), st.just("\uff21\uff22\uff23"), st.just("x" * 50), st.just("İx")
)
texts = st.lists(words, max_size=6).map(" -/".join)
segments = st.lists(
    st.lists(st.tuples(st.integers(0, 5), texts), max_size=4, unique_by=lambda pair: pair[0]),
    max_size=4,
)


def plain_words(text: str) -> set[str]:
    """Return the words of a text, by the definition and in no hurry."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return {word[:MAX_WORD] for word in re.findall(r"\w+", folded)}


def record(number: int) -> RecordId:
    return RecordId(Id16(number.to_bytes(16)))


def entry(number: int, text: str, version: int) -> Entry:
    return Entry(
        id=record(number),
        collection=THINGS,
        version=version,
        at=Instant(number),
        title=text[:20],
        text=text,
    )


def write(vault: MemoryVault, parts: list[list[tuple[int, str]]]) -> dict[int, str]:
    """Write each part as a segment; return the newest text of each item."""
    newest: dict[int, str] = {}
    for version, part in enumerate(parts, 1):
        if part:
            entries = [entry(number, text, version) for number, text in part]
            number, puts = vault.index.segment(JOB, entries)
            vault.core.store.commit([Unit(tuple(puts))], lambda _: (), vault.fence)
            vault.index.adopt(number, JOB, entries)
            newest.update(part)
    return newest


def scan(newest: dict[int, str], query: str) -> set[int]:
    """Return which items hold every word of a query."""
    found = None
    for raw in query.split():
        for word in plain_words(raw):
            is_head = raw.endswith("*") and len(word) >= HEAD_LETTERS
            hits = {
                number
                for number, text in newest.items()
                if any(w.startswith(word) if is_head else w == word for w in plain_words(text))
            }
            found = hits if found is None else found & hits
    return found or set()


def numbers(index: Index, query: str) -> set[int]:
    return {int.from_bytes(doc.id) for doc in index.search(query)}


@given(st.one_of(texts, st.text()))
def test_words_are_those_of_the_definition(text: str) -> None:
    assert words_of(text) == plain_words(text)


@settings(max_examples=40)
@given(segments, st.lists(st.one_of(words, words.map(lambda word: f"{word}*")), max_size=3))
def test_a_search_finds_what_a_plain_scan_finds(
    parts: list[list[tuple[int, str]]], query: list[str]
) -> None:
    with memory_vault() as vault:
        newest = write(vault, parts)
        asked = " ".join(query)

        assert numbers(vault.index, asked) == scan(newest, asked)
        assert numbers(vault.fresh_index(), asked) == scan(newest, asked)


@settings(max_examples=20)
@given(segments)
def test_lists_in_memory_are_those_that_the_next_process_reads(
    parts: list[list[tuple[int, str]]],
) -> None:
    with memory_vault() as vault:
        newest = write(vault, parts)
        read = vault.fresh_index().docs()

        assert vault.index.docs() == read
        assert {int.from_bytes(key) for key in read} == set(newest)
        vault.index.forget()
        assert vault.index.docs() == read


@settings(max_examples=20)
@given(segments)
def test_each_word_of_each_item_finds_it_and_so_does_its_beginning(
    parts: list[list[tuple[int, str]]],
) -> None:
    with memory_vault() as vault:
        newest = write(vault, parts)

        for number, text in newest.items():
            for word in plain_words(text):
                assert number in numbers(vault.index, word)
                if len(word) > HEAD_LETTERS:
                    assert number in numbers(vault.index, f"{word[:-1]}*")
