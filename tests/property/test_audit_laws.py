"""Laws of the log, for any events and any batches."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sealhold.audit.bundle import prove_entry, verify_bundle
from sealhold.audit.event import Actor, Event, EventKind, Logged, Outcome, decode, encode
from sealhold.audit.log import Appender, Entry, Keys, load
from sealhold.audit.reading import read_entries, read_hashes
from sealhold.audit.tables import TABLES, entry_hash
from sealhold.audit.verify import verify_log
from sealhold.crypto.digest import tagged
from sealhold.crypto.entropy import seeded
from sealhold.crypto.merkle import leaf_hash, root
from sealhold.crypto.note import parse_checkpoint
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack, unpack
from sealhold.model.quantities import Instant
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Unit

ids = st.binary(min_size=16, max_size=16)
hashes = st.binary(min_size=32, max_size=32)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
counts = st.integers(0, 2**63 - 1)
instants = st.integers(0, 253_402_300_799_999).map(Instant)


def maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), values)


events = st.builds(
    Event,
    kind=st.sampled_from(EventKind),
    actor=st.sampled_from(Actor),
    outcome=st.sampled_from(Outcome),
    subject=maybe(ids),
    app=maybe(ids),
    purpose=maybe(texts),
    collection=maybe(texts),
    records=st.lists(ids, max_size=30).map(b"".join),
    grant=maybe(ids),
    request=maybe(ids),
    decision=maybe(ids),
    task=maybe(hashes),
    fields=st.lists(texts, max_size=30).map(tuple),
    rows_read=counts,
    rows_out=counts,
    bytes_out=counts,
    cost=counts,
    reason=maybe(texts),
    destination=maybe(hashes),
    digest=maybe(hashes),
    receipt=maybe(ids),
    template=maybe(texts),
    job=maybe(ids),
    source=maybe(ids),
    more=counts,
    left=maybe(counts),
)


@given(events, counts, instants, st.data())
def test_an_event_reads_back_and_has_one_encoding(
    event: Event, seq: int, at: Instant, data: st.DataObject
) -> None:
    before = data.draw(st.integers(0, seq))

    encoded = encode(event, seq, at, before)

    assert decode(encoded) == Logged(seq, at, before, event)
    assert encoded == pack(unpack(encoded))


@given(hashes, st.binary(max_size=300))
def test_an_entrys_hash_is_the_leaf_hash_of_its_tagged_digest(salt: bytes, event: bytes) -> None:
    assert entry_hash(salt, event) == leaf_hash(tagged(Tag.EVENT, salt, event))


@settings(max_examples=25, deadline=None)  # a whole log each time
@given(st.lists(st.integers(1, 90), min_size=1, max_size=9), st.lists(instants, min_size=9), ids)
def test_any_log_is_whole_proves_each_entry_and_opens_again_where_it_stood(
    batches: list[int], times: list[Instant], seed: bytes
) -> None:
    entropy = seeded(seed)
    own, signer = Sealer(Secret(entropy(32), "log")), SigningKey(Secret(entropy(32), "log-sign"))
    store = MemoryRecords()
    store.open(TABLES, None, create=True)
    fence = store.lease(NOBODY, NOBODY, 60, Instant(0))
    appender = Appender(Keys.first("log", signer), own)
    entry = Entry(event=Event(kind=EventKind.SEARCH, actor=Actor.OWNER))
    for size, now in zip(batches, times, strict=False):
        prepared = appender.prepare([entry] * size, now, entropy)
        store.commit([Unit(prepared.ops)], lambda _: (), fence)
        appender.adopt(prepared)

    head = appender.head
    report = verify_log(store, {NOBODY: own}.get, appender.known, head.note)
    again = load(store, Keys.first("log", signer), own).head

    assert (report.faults, report.size) == ((), sum(batches))
    assert (
        report.root
        == root(list(read_hashes(store)))
        == parse_checkpoint("".join(f"{line}\n" for line in head.note.split("\n")[:3])).root
    )
    assert replace(again, frontier=head.frontier) == head
    assert again.frontier.edge == head.frontier.edge
    seqs = [line.leaf.seq for line in read_entries(store, {NOBODY: own}.get)]
    assert seqs == list(range(sum(batches)))[::-1]
    for seq in {0, sum(batches) // 2, sum(batches) - 1}:
        bundle = prove_entry(store, seq, {NOBODY: own}.get, appender.known)
        assert verify_bundle(bundle, [signer.public]).exit_code == 0
