"""The commands by which something is shared with others.

Source: docs/spec/20-faces.md section 8, docs/spec/52-share-spaces.md.
"""

from collections.abc import Mapping

from sealhold.frontends.cli.lazy import Entry, Group
from sealhold.frontends.cli.tree.shares import WITH_PEOPLE

SHARE: Mapping[str, Entry | Group] = {
    **WITH_PEOPLE,
}
