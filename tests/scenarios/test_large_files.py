"""Files larger than memory should ever be: a mail archive of 1 GB, a JSON document of 2 GB.

`make soak` runs these; `SEALHOLD_LARGE` makes them smaller, in hundredths.
"""

import base64
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sealhold.bench.processes import TreeMemory, program, surroundings
from sealhold.bench.vaults import PASSPHRASE, new_vault

PART = int(os.environ.get("SEALHOLD_LARGE", "100"))
MBOX = 10_000_000 * PART  # bytes
JSON = 20_000_000 * PART
MOST_MB = 300
PATIENCE = 3_000  # seconds
START = datetime(2015, 1, 1, tzinfo=UTC)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2 * PATIENCE)]


def write_mbox(path: Path) -> int:
    """Write mails of a few lines, each twentieth with an attachment of up to 2 MB; count them."""
    drawn, count = random.Random(7), 0
    words = [f"word{n}" for n in range(5_000)]
    with path.open("w") as file:
        while file.tell() < MBOX:
            sent = START + timedelta(minutes=count)
            text = "\n".join(" ".join(drawn.choices(words, k=10)) for _ in range(30))
            file.write(
                f"From someone@example.org {sent:%a %b %d %H:%M:%S %Y}\n"
                f"From: Person {count % 97} <person{count % 97}@example.org>\n"
                f"To: me@example.org\nSubject: About {count}\n"
                f"Date: {sent:%a, %d %b %Y %H:%M:%S +0000}\nMessage-ID: <m{count}@example.org>\n"
                'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
                f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
            )
            if count % 20 == 0:
                attached = drawn.randbytes(drawn.randrange(10_000, 2_000_000))
                file.write(
                    "--b\nContent-Type: application/octet-stream\n"
                    'Content-Disposition: attachment; filename="map.bin"\n'
                    f"Content-Transfer-Encoding: base64\n\n{base64.encodebytes(attached).decode()}"
                )
            file.write("--b--\n\n")
            count += 1
    return count


def locations() -> Iterator[str]:
    """Yield places of a phone, a minute apart: a ride of 45 minutes, and a stay as long."""
    minute = 0
    while True:
        at = START + timedelta(minutes=minute)
        moved = min(minute % 90, 45) * 20_000
        yield (
            f'{{"latitudeE7": {465_000_000 + moved}, "longitudeE7": 71000000, "accuracy": 20,\n'
            '  "activity": [{"activity": [{"type": "IN_VEHICLE", "confidence": 62},\n'
            '    {"type": "STILL", "confidence": 21}, {"type": "UNKNOWN", "confidence": 17}],\n'
            f'    "timestamp": "{at:%Y-%m-%dT%H:%M:%SZ}"}}],\n'
            '  "source": "WIFI", "deviceTag": 1234567, "platformType": "ANDROID",\n'
            f'  "timestamp": "{at:%Y-%m-%dT%H:%M:%SZ}"}}'
        )
        minute += 1


def write_json(path: Path) -> int:
    """Write a location history; count its rides."""
    minutes = 0
    with path.open("w") as file:
        file.write('{"locations": [')
        for one in locations():
            file.write(f"{',' if minutes else ''}\n{one}")
            minutes += 1
            if minutes % 90 == 0 and file.tell() > JSON:
                break
        file.write("]}\n")
    return minutes // 90


@pytest.mark.parametrize(
    ("name", "write"), [("mail.mbox", write_mbox), ("Records.json", write_json)]
)
def test_a_large_file_is_taken_in_within_its_memory(
    tmp_path: Path, name: str, write: Callable[[Path], int]
) -> None:
    file, home = tmp_path / name, tmp_path / "home"
    count = write(file)
    new_vault(home)

    with (
        subprocess.Popen(
            program("import", str(file), "--home", str(home), "--json"),
            env=surroundings(PASSPHRASE),
            stdout=subprocess.PIPE,
            text=True,
        ) as importing,
        TreeMemory(importing.pid) as memory,
    ):
        told, _ = importing.communicate(timeout=PATIENCE)
    file.unlink()

    assert importing.returncode == 0
    assert json.loads(told)["new"] >= count
    assert memory.peak_mb <= MOST_MB, f"{memory.peak_mb:.0f} MB for {count:,} items"
