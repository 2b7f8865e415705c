"""Speaking to others over a network: the only package that does so on the vault's own account."""
