"""Secrets: which there are, and where their bytes lie."""
