"""Take a picture of every page of the demo, in light and dark, wide, narrow and on paper.

    python tools/screenshots.py [FOLDER]

Writes one PNG each and `index.html`, a contact sheet, into FOLDER (`shots/` if not named). Somebody
looks at it before a release.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from sealhold.demo.build import PASSPHRASE, DemoFolders, build
from sealhold.demo.serve import serving

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PAGES = {
    "home": "/",
    "requests": "/requests",
    "apps": "/apps",
    "sources": "/sources",
    "timeline": "/timeline",
    "search": "/search?words=dentist",
    "ledger": "/ledger",
    "ledger-all": "/ledger?all=1",
    "status": "/status",
}
LINKED = {  # found by the first link of another page
    "request": ("/requests", ".asks a"),
    "code": ("/requests", ".asks a"),
    "item": ("/timeline", ".items a"),
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1200, 390)
A4: ViewportSize = {"width": 680, "height": 1000}  # inside its margins, at 96 dots an inch


def main() -> int:
    """Make the demo, serve it, and take the pictures."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "shots")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as home, sync_playwright() as playwright:
        folders = DemoFolders(Path(home) / "demo")
        build(folders, print)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        with serving(folders, 0) as stage:
            taken = walk(browser, f"http://{stage.label}.localhost:{stage.port}", folder)
        browser.close()
    cells = "".join(
        f'<figure><img src="{name}" loading="lazy"><figcaption>{name}</figcaption></figure>'
        for name in taken
    )
    sheet = (
        "<style>figure{display:inline-block;vertical-align:top;margin:8px}img{width:360px}</style>"
    )
    (folder / "index.html").write_text(f"<!doctype html><title>Pages</title>{sheet}{cells}")
    print(f"{len(taken)} pictures in {folder}")
    return 0


def walk(browser: Browser, origin: str, folder: Path) -> list[str]:
    """Look at each page undecided, then decide, and look at what that made."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(origin)  # whoever looks at an open demo is Alice
    page.get_by_role("button", name="Lock").click()
    taken = pictures(page, folder, "unlock")
    page.fill("input[name=passphrase]", PASSPHRASE)
    page.get_by_role("button", name="Unlock").click()
    for name, address in PAGES.items():
        page.goto(origin + address)
        taken += pictures(page, folder, name)
    for name, (address, link) in LINKED.items():
        page.goto(origin + address)
        target = page.locator(link).first.get_attribute("href") or "/"
        page.goto(f"{origin}{target}/code" if name == "code" else origin + target)
        taken += pictures(page, folder, name)
    page.goto(f"{origin}/requests")
    page.locator(LINKED["request"][1]).first.click()
    page.fill("input[type=password]", PASSPHRASE)
    page.get_by_role("button", name="Allow once").click()
    taken += pictures(page, folder, "receipt")
    page.goto(f"{origin}/ledger")
    page.get_by_role("button", name="Verify").click()
    page.wait_for_selector("[data-browser=same]")
    taken += pictures(page, folder, "verified")
    context.close()
    return taken


def pictures(page: Page, folder: Path, name: str) -> list[str]:
    """Take the page as it stands, and print it."""
    taken = []
    for scheme in SCHEMES:
        for width in WIDTHS:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            taken.append(f"{name}-{width}-{scheme}.png")
            page.screenshot(path=folder / taken[-1], full_page=True)
    page.emulate_media(color_scheme="light", media="print")
    page.set_viewport_size(A4)
    taken.append(f"{name}-paper.png")
    page.screenshot(path=folder / taken[-1], full_page=True)
    page.emulate_media(media="screen")
    return taken


if __name__ == "__main__":
    sys.exit(main())
