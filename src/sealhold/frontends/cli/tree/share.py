"""The commands by which something is shared with others.

Source: docs/spec/20-faces.md section 8, docs/spec/52-share-spaces.md, docs/spec/53-link-shares.md.
"""

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.tree.links import LINK
from sealhold.frontends.cli.tree.shares import WITH_PEOPLE

SHARE: Mapping[str, Entry | Group] = {
    **WITH_PEOPLE,
    "link": Group(about="Copies for people who have no vault: a link opens one.", entries=LINK),
}
