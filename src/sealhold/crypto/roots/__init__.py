"""Root providers: where a root key comes from."""
