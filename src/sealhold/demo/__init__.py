"""The story on synthetic data."""
