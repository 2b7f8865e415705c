"""CAMT.053: entries and balances of each version, sums that must hold, and what is no statement."""

import io

import pytest

from sealhold.connectors import samples_money, xmlsafe
from sealhold.connectors.sources.camt import Camt
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

ACCOUNT = (
    "<Acct><Id><IBAN>CH9300762011623852957</IBAN></Id><Ccy>CHF</Ccy>"
    "<Svcr><FinInstnId><BIC>BANKCHZZ</BIC></FinInstnId></Svcr></Acct>"
)


def entry(**parts: str) -> str:
    inner = {
        "Amt": '<Amt Ccy="CHF">12.50</Amt>',
        "CdtDbtInd": "<CdtDbtInd>DBIT</CdtDbtInd>",
        "Sts": "<Sts>BOOK</Sts>",
        "BookgDt": "<BookgDt><Dt>2025-01-15</Dt></BookgDt>",
    } | parts
    return f"<Ntry>{''.join(inner.values())}</Ntry>"


def balance(code: str, amount: str, sign: str = "CRDT") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="CHF">{amount}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><DtTm>2025-01-31T23:00:00+01:00</DtTm></Dt></Bal>"
    )


def document(*inner: str, version: str = "04", prefix: str = "") -> bytes:
    text = (
        f'<Document xmlns{prefix and ":" + prefix}="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'  # noqa: E501 - one element
        f"<BkToCstmrStmt><GrpHdr/><Stmt><Id>1</Id>{ACCOUNT}{''.join(inner)}</Stmt>"
        "</BkToCstmrStmt></Document>"
    )
    if prefix:
        text = text.replace("</", f"</{prefix}:").replace("<", f"<{prefix}:")
        text = text.replace(f"<{prefix}:/{prefix}:", f"</{prefix}:")
    return text.encode()


def read(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(Camt().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [one for batch in batches for one in batch.rejects]


def details(inner: str) -> str:
    return f"<NtryDtls><TxDtls>{inner}</TxDtls></NtryDtls>"


def test_an_entry_is_a_booking_with_all_that_the_bank_says() -> None:
    more = (
        "<RltdPties><Dbtr><Nm>Me</Nm></Dbtr><Cdtr><Nm>Shop &amp; Co</Nm></Cdtr></RltdPties>"
        "<RmtInf><Ustrd>Order 7</Ustrd><Ustrd>Thank you</Ustrd><Strd><CdtrRefInf><Ref>RF18</Ref>"
        "</CdtrRefInf></Strd></RmtInf>"
    )

    ((item,), rejects) = read(
        document(
            entry(
                ref="<AcctSvcrRef>A1</AcctSvcrRef>",
                code="<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>ESCT</SubFmlyCd>"
                "</Fmly></Domn></BkTxCd>",
                details=details(more),
                info="<AddtlNtryInf>By card</AddtlNtryInf>",
            )
        )
    )

    assert not rejects
    assert item.fields == {
        "at": 1_736_899_200_000,
        "offset_min": None,
        "amount": "-12.50",
        "kind": "PMNT-ICDT-ESCT",
        "payee": "Shop & Co",
        "memo": "Order 7\nThank you\nRF18\nBy card",
        "fitid": "A1",
        "check_number": None,
        "currency": "CHF",
        "account": "2957",
        "bank": "BANKCHZZ",
    }
    assert item.original_id == "BANKCHZZ\nCH9300762011623852957\nA1"
    assert item.raw["item"][1][0] == ["Amt", "12.50", {"Ccy": "CHF"}]


def test_later_versions_say_the_same_in_other_places() -> None:
    old = entry(d=details("<RltdPties><Cdtr><Nm>A</Nm></Cdtr></RltdPties>"))
    new = entry(
        Sts="<Sts><Cd>BOOK</Cd></Sts>",
        d=details("<RltdPties><Cdtr><Pty><Nm>A</Nm></Pty></Cdtr></RltdPties>"),
    )

    ((early,), _), ((late,), _) = (
        read(document(old, version="02")),
        read(document(new, version="14")),
    )

    assert early.fields == late.fields


def test_a_prefix_before_the_names_changes_nothing() -> None:
    content = document(entry(), balance("OPBD", "20.00"))

    assert read(document(entry(), balance("OPBD", "20.00"), prefix="ns2")) == read(content)
    assert Camt().sniff(document(prefix="n"), "x").what == "CAMT.053.001.04"


def test_a_reversal_names_who_was_paid_before() -> None:
    parties = "<RltdPties><Dbtr><Nm>Me</Nm></Dbtr><Cdtr><Nm>Shop</Nm></Cdtr></RltdPties>"

    ((item,), _) = read(
        document(
            entry(
                CdtDbtInd="<CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd>", d=details(parties)
            )
        )
    )

    assert (item.fields["amount"], item.fields["payee"]) == ("12.50", "Shop")


def test_an_entry_that_sums_up_several_payees_names_none_of_them() -> None:
    several = "".join(
        details(f"<RltdPties><Cdtr><Nm>{name}</Nm></Cdtr></RltdPties>") for name in "AB"
    )

    ((item,), _) = read(document(entry(d=several)))

    assert item.fields["payee"] is None
    assert "'B'" in str(item.raw)


@pytest.mark.parametrize("name", ["NONREF", "notprovided"])
def test_a_name_that_says_that_there_is_none_is_none(name: str) -> None:
    items, _ = read(document(entry(r=f"<AcctSvcrRef>{name}</AcctSvcrRef>"), entry()))

    assert [item.original_id for item in items] == [None, None]


def test_a_name_that_the_bank_gives_twice_stays_two_bookings() -> None:
    items, _ = read(document(*[entry(r="<AcctSvcrRef>A</AcctSvcrRef>")] * 2))

    assert len({item.original_id for item in items}) == 2


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"Sts": "<Sts>PDNG</Sts>"}, Why.UNSUPPORTED),
        ({"Amt": '<Amt Ccy="CHF">much</Amt>'}, Why.MALFORMED),
        ({"Amt": '<Amt Ccy="CHF">-1</Amt>'}, Why.MALFORMED),
        ({"CdtDbtInd": ""}, Why.MALFORMED),
        ({"BookgDt": "<BookgDt><Dt>soon</Dt></BookgDt>"}, Why.NO_TIME),
    ],
)
def test_an_entry_that_is_no_booking_is_told(parts: dict[str, str], why: Why) -> None:
    items, rejects = read(document(entry(**parts), entry()))

    assert len(items) == 1
    assert [(one.position, one.why) for one in rejects] == [("statement 1 entry 1", why)]


def test_a_balance_has_its_time_sign_and_kind() -> None:
    items, _ = read(document(balance("CLBD", "8.00", "DBIT"), balance("FWAV", "1")))

    assert [(i.fields["kind"], i.fields["amount"]) for i in items] == [
        ("ledger", "-8.00"),
        ("FWAV", "1"),
    ]
    assert (items[0].fields["at"], items[0].fields["offset_min"]) == (1_738_360_800_000, 60)


@pytest.mark.parametrize("first", ["OPBD", "PRCD"])
@pytest.mark.parametrize(("closing", "adds_up"), [("7.50", True), ("7.51", False)])
def test_opening_and_entries_must_give_the_closing_balance(
    first: str, closing: str, *, adds_up: bool
) -> None:
    content = document(
        balance(first, "20"), balance("CLBD", closing), entry(), entry(Sts="<Sts>PDNG</Sts>")
    )

    items, rejects = read(content)

    assert len(items) == 3
    assert [one.position for one in rejects if one.why is Why.MALFORMED] == (
        [] if adds_up else ["statement 1"]
    )


def test_each_statement_adds_up_on_its_own() -> None:
    one = f"<Stmt>{ACCOUNT}{balance('OPBD', '20')}{balance('CLBD', '7.50')}{entry()}</Stmt>"
    content = document().replace(b"</BkToCstmrStmt>", (one * 2).encode() + b"</BkToCstmrStmt>")

    items, rejects = read(content)

    assert not rejects
    assert items[-1].position == "statement 3 entry 1"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not XML"),
        (b"<Document/>", "no CAMT"),
        (document(version="15"), "version 15"),
        (document(version="01"), "version 01"),
        (document(entry())[:-40], "cut off"),
        (document().replace(b"<Stmt>", b"<Rpt>").replace(b"</Stmt>", b"</Rpt>"), "no statement"),
        (b"<Document><Stmt><Ntry/></Stmt></Document>", "not in that namespace"),
    ],
    ids=["empty", "bare", "later", "earlier", "cut", "a report", "no namespace"],
)
def test_what_is_no_statement_is_unreadable(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableSourceError, match=why):
        read(content)


@pytest.mark.threat("T20")
def test_a_statement_that_declares_entities_is_refused() -> None:
    content = b"<!DOCTYPE Document [<!ENTITY a 'b'>]>" + document(entry())

    with pytest.raises(UnreadableSourceError, match="document type"):
        read(content)


def test_a_long_statement_is_forgotten_entry_by_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmlsafe, "MAX_NODES", 60)

    items, _ = read(samples_money.camt(100).content)

    assert len(items) == 102
    with pytest.raises(UnreadableSourceError, match="too large a part"):
        read(document(entry(d="<a/>" * 80)))
