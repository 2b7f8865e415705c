"""The backends, strangers to each other; found by entry point."""
