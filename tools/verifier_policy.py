"""Write the digests of the verifier page's own script and style into its policy.

The page stands alone, so its policy names the one script and the one style that it may run. Run it
after the page changed; a test compares.
"""

import base64
import hashlib
import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "src/sealhold/frontends/web/static/verifier.html"


def written(text: str) -> str:
    """Return the page with the digests of its script and style in its policy.

    Raises:
        SystemExit: the page has no script or no style.
    """
    for part in ("script", "style"):
        found = re.search(rf"<{part}>(.*?)</{part}>", text, re.DOTALL)
        if found is None:
            raise SystemExit(f"the page has no {part}")
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        text = re.sub(rf"{part}-src 'sha256-[^']*'", f"{part}-src 'sha256-{digest}'", text, count=1)
    return text


def main() -> int:
    """Write the page anew."""
    text = PAGE.read_text()
    PAGE.write_text(written(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
