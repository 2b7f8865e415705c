"""The blind relay: mailboxes of sealed bytes for devices that are never on together."""
