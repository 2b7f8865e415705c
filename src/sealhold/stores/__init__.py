"""Where sealed bytes are kept: two contracts in `spec`, one backend per file, the pack format."""
