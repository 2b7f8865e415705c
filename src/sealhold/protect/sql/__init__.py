"""SQL as a provider may see it: parsed, resolved, rewritten; the rest is done on opened rows."""
