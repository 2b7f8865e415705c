"""The sandboxes, strangers to each other; found by entry point."""
