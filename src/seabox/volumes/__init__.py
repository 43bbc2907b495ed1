"""Volumes: which there are, who uses them, what is in them."""
