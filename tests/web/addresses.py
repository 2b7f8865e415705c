"""Every page of the sample vault, by name."""

from sealhold.model.ids import canonical
from tests.web.sample_circle import PHONE
from tests.web.sample_data import id_of
from tests.web.sample_sharing import SHARE, TAKEN

REQUEST = f"/requests/{canonical(id_of('green bonus'))}"
ITEM = f"/items/{canonical(id_of('item 1'))}"
RECEIPT = f"/receipts/{canonical(id_of('receipt 5'))}"
PAGES = {
    "home": "/",
    "timeline": "/timeline",
    "search": "/search?words=dentist",
    "search-empty": "/search",
    "item": f"{ITEM}?why=1",
    "requests": "/requests",
    "request": REQUEST,
    "request-narrower": f"{REQUEST}?mode=once&coarsen=4&field=mode&field=speed",
    "code": f"{REQUEST}/code",
    "apps": "/apps",
    "budgets": "/budgets",
    "budgets-raised": "/budgets?cap=app&bits=30",
    "budgets-lowered": "/budgets?cap=all&bits=10",
    "policies": "/policies?effect=deny&dataset=trips",
    "sources": "/sources",
    "source": f"/sources/{canonical(id_of('mail'))}",
    "source-add": "/sources/add?kind=imap",
    "ledger": "/ledger",
    "ledger-open": "/ledger?open=5",
    "statement": "/statement/2026-10",
    "statement-now": "/statement",
    "statement-detail": "/statement/2026-10?level=detail",
    "receipt": RECEIPT,
    "devices": "/devices",
    "device": f"/devices/{PHONE}",
    "sharing": "/sharing",
    "share-new": "/sharing/new",
    "share-given": f"/sharing/given/{SHARE}",
    "share-received": f"/sharing/received/{TAKEN}",
    "history": "/devices/history?spot=papers/letter.txt",
    "keys": "/keys",
    "status": "/status",
}
EMPTY = (
    "home",
    "timeline",
    "search",
    "requests",
    "apps",
    "budgets",
    "policies",
    "sources",
    "ledger",
    "statement",
    "devices",
    "sharing",
    "share-new",
    "status",
)
