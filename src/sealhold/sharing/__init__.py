"""With whom a vault shares: devices of its owner, mailboxes for them, cards of other people."""
