"""What happened, provably: events, log, checkpoints, receipts."""
