"""Programs that run without a caller."""
