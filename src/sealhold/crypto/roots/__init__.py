"""Root providers: where a root key comes from, and what keeps epoch slots."""
