"""Write the digests of the static files; run it after a style sheet or script was changed."""

import base64
import hashlib
import json

from sealhold.frontends.web.assets import DIGESTS, sources


def main() -> None:
    """Write `digests.json` beside the files."""
    digests = {
        name: {
            "sha256": hashlib.sha256(data).hexdigest(),
            "sri": "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode(),
        }
        for name, data in sorted(sources().items())
    }
    DIGESTS.write_text(json.dumps(digests, indent=2) + "\n")
    print(f"{len(digests)} files")


if __name__ == "__main__":
    main()
