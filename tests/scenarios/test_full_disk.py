"""A served vault on a disk that gets full under load, is killed there, and has room again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.conformance.small_disk import small_disk
from tests.scenarios.people_site import Answer, PeopleSite, people_site
from tests.scenarios.test_people_over_http import profile

SIZE = 25_165_824  # bytes of the disk; each reserve takes a thirty-second part
WRITERS = 2  # long bodies of one app that are taken in at once
LONG = "x" * 12_000  # characters of a value, so that some hundred of them fill the disk


@dataclass
class Told:
    """What the writers were told of each person."""

    acknowledged: dict[str, int] = field(default_factory=dict)  # the newest version
    begun: dict[str, int] = field(default_factory=dict)  # that was sent, with an answer or not
    refused: list[Answer] = field(default_factory=list)


def text(version: int) -> str:
    return f"{version} {LONG}"


def ballast(folder: Path, leave: int = 0) -> None:
    """Fill the disk until `leave` bytes are free."""
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    with (folder / "ballast").open("ab", buffering=0) as file:
        try:
            file.write(bytes(max(0, free - leave)))
            while not leave:
                file.write(bytes(4_096))
        except OSError:
            return


def write(site: PeopleSite, subject: str, told: Told, stop: Event) -> None:
    """Change one person again and again, until the site is gone or is full for good."""
    token, version = site.apps[0][1], told.acknowledged[subject]
    while not stop.is_set():
        told.begun[subject] = version + 1
        try:
            body = {"fields": {"name": text(version + 1)}}
            answer = site.call("PATCH", profile(subject), token, body, version=version)
        except (OSError, ValueError):
            return  # killed
        if answer.status == 200:
            version = told.acknowledged[subject] = version + 1
        else:
            told.refused.append(answer)
            if len(told.refused) > 4 * WRITERS:
                return


@contextmanager
def writing(site: PeopleSite, told: Told) -> Iterator[list[Thread]]:
    stop = Event()
    threads = [
        Thread(target=write, args=(site, subject, told, stop)) for subject in told.acknowledged
    ]
    for each in threads:
        each.start()
    try:
        yield threads
    finally:
        stop.set()
        for each in threads:
            each.join()


def new_people(site: PeopleSite) -> Told:
    token, told = site.apps[0][1], Told()
    for number in range(WRITERS):
        subject = site.person(token, text(1), f"p{number}@example.org")
        told.acknowledged[subject] = told.begun[subject] = 1
    return told


def check_kept(site: PeopleSite, told: Told) -> None:
    """Every acknowledged write is there, and none is there half."""
    token = site.apps[0][1]
    for subject, acknowledged in told.acknowledged.items():
        answer = site.call("GET", profile(subject), token).json
        assert acknowledged <= answer["version"] <= told.begun[subject]
        assert answer["fields"]["name"] == text(answer["version"])
    whole = site.call("POST", "/v1/audit/verify", site.owner).json
    assert (whole["whole"], whole["faults"]) == (True, [])


@pytest.mark.threat("T280")
def test_on_a_full_disk_puts_wait_reads_go_on_then_stop_and_what_was_told_stands(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path, SIZE) as disk:
        if not disk.is_mounted:
            pytest.skip("a small disk can be mounted by root alone")
        with people_site(tmp_path) as site:
            token, told = site.apps[0][1], new_people(site)
            gone = site.person(token, "Gone", "gone@example.org")
            ballast(tmp_path, leave=6_000_000)

            with writing(site, told) as threads:
                for each in threads:
                    each.join(60)

            full = [each for each in told.refused if each.status == 507]
            assert len(full) == len(told.refused) > 0
            assert full[0].json["code"] == "STORE_FULL"
            assert "free disk space" in full[0].json["remedy"]
            ballast(tmp_path)
            subject = next(iter(told.acknowledged))
            assert site.call("GET", profile(subject), token).status == 200

            last = drain(site, tmp_path, subject)
            assert (last.status, last.json["code"]) == (503, "AUDIT_UNAVAILABLE")
            assert LONG[:9].encode() not in last.body
            assert last.headers["retry-after"] == "1"
            assert b"STORE_FULL" in site.call("POST", "/v1/subjects", token).body

            ballast(tmp_path)
            receipt = site.call("DELETE", f"/v1/subjects/{gone}", token)
            assert receipt.status == 200, receipt.body
            (tmp_path / "ballast").unlink()
            again = site.call("POST", "/v1/subjects", token)
            assert again.status == 201, again.body
            check_kept(site, told)
        with people_site(tmp_path, ("Green", "Blue")) as site:
            assert site.call("DELETE", f"/v1/subjects/{gone}", token).body == receipt.body
            check_kept(replaced(site, token), told)


def drain(site: PeopleSite, folder: Path, subject: str) -> Answer:
    """Read, while another program takes whatever is given back to the disk, until no more is."""
    for _ in range(2_000):
        answer = site.call("GET", profile(subject), site.apps[0][1])
        if answer.status != 200:
            return answer
        ballast(folder)
    raise AssertionError("the reserve never ended")


def replaced(site: PeopleSite, token: str) -> PeopleSite:
    """Return the site with the token of the app that keeps these people."""
    return PeopleSite(site.port, site.owner, ((site.apps[0][0], token), site.apps[1]), site.process)


@pytest.mark.threat("T280")
def test_a_vault_that_is_killed_while_its_disk_is_full_opens_there_and_kept_what_it_told(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path, SIZE) as disk:
        if not disk.is_mounted:
            pytest.skip("a small disk can be mounted by root alone")
        with people_site(tmp_path, ends=-signal.SIGKILL) as site:
            token, told = site.apps[0][1], new_people(site)
            ballast(tmp_path, leave=4_000_000)
            with writing(site, told) as threads:
                for each in threads:
                    each.join(60)
                ballast(tmp_path)
                reads = [site.call("GET", profile(each), token) for each in told.acknowledged]
                site.process.kill()
            assert {each.status for each in reads} == {200}
            assert told.refused
        with people_site(tmp_path, register=False) as site:
            check_kept(replaced(site, token), told)
