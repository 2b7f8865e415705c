"""Made-up files of mail, banks and browsers, in any size.

- The same count gives the same bytes; nobody in them exists.

Source: docs/spec/44-money-and-mail.md.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sealhold.connectors.samples import Sample

_START = datetime(2025, 1, 6, 8, tzinfo=UTC)


def eml(count: int) -> Sample:
    """Return one mail with `count` lines and a small attachment."""
    lines = "".join(f"Line {n}: shall we meet, or write?\n" for n in range(count))
    content = (
        "Return-Path: <ann@example.org>\nReceived: by mx; Mon, 6 Jan 2025 08:00:01 +0000\n"
        "From: Ann <ann@example.org>\nTo: me@example.org\nSubject: =?utf-8?q?Caf=C3=A9?=\n"
        f"Date: Mon, 6 Jan 2025 09:00:00 +0100\nMessage-ID: <lines-{count}@example.org>\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{lines}"
        "--b\nContent-Type: application/octet-stream\n"
        'Content-Disposition: attachment; filename="map.bin"\n'
        "Content-Transfer-Encoding: base64\n\nAAECAwQFBgc=\n--b--\n"
    )
    return Sample(
        file_name="meeting.eml", content=content.encode(), items={"messages": 1}, has_end=False
    )


def camt(count: int) -> Sample:
    """Return a statement with `count` entries between its opening and its closing balance."""
    total = Decimal()
    entries = []
    for n in range(count):
        amount = Decimal(n * 100 + n % 100) / 100
        total -= amount
        day = f"{_START + timedelta(days=n):%Y-%m-%d}"
        entries.append(
            f'<Ntry><NtryRef>{n}</NtryRef><Amt Ccy="EUR">{amount:.2f}</Amt>'
            f"<CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
            f"<AcctSvcrRef>ref-{n}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd>"
            "<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><RltdPties>"
            f"<Cdtr><Pty><Nm>Shop {n}</Nm></Pty></Cdtr></RltdPties><RmtInf><Ustrd>Order {n}</Ustrd>"
            "</RmtInf></TxDtls></NtryDtls></Ntry>"
        )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>m</MsgId></GrpHdr><Stmt><Id>1</Id><Acct><Id><IBAN>DE02100100100006820101"
        "</IBAN></Id><Ccy>EUR</Ccy><Svcr><FinInstnId><BICFI>BANKDEFFXXX</BICFI></FinInstnId></Svcr>"
        f"</Acct>{_camt_balance('OPBD', Decimal(100))}{_camt_balance('CLBD', total + 100)}\n"
        + "\n".join(entries)
        + "</Stmt></BkToCstmrStmt></Document>\n"
    )
    return Sample(
        file_name="statement.xml",
        content=content.encode(),
        items={"bookings": count, "balances": 2},
        has_end=True,
    )


def _camt_balance(code: str, amount: Decimal) -> str:
    sign = "DBIT" if amount < 0 else "CRDT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{abs(amount):.2f}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        "<Dt><Dt>2025-02-01</Dt></Dt></Bal>"
    )


def mt940(count: int) -> Sample:
    """Return a statement with `count` lines between its opening and its closing balance."""
    total = Decimal(100)
    lines = []
    for n in range(count):
        amount = Decimal(n * 100 + n % 100) / 100
        total -= amount
        day = f"{_START + timedelta(days=n):%y%m%d}"
        written = f"{amount:.2f}".replace(".", ",")
        lines.append(
            f":61:{day}{day[2:]}D{written}NMSCNONREF//ref{n}\r\n"
            f":86:105?00SEPA TRANSFER?20Order {n}?21 and thanks?32Shop {n}\r\n"
        )
    sign, closing = "D" if total < 0 else "C", f"{abs(total):.2f}".replace(".", ",")
    content = (
        ":20:STARTUMS\r\n:25:10010010/0006820101EUR\r\n:28C:1/1\r\n:60F:C250105EUR100,00\r\n"
        f"{''.join(lines)}:62F:{sign}250201EUR{closing}\r\n-\r\n"
    )
    return Sample(
        file_name="statement.sta",
        content=content.encode(),
        items={"bookings": count, "balances": 2},
        has_end=False,
    )
