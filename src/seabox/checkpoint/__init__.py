"""Checkpoints as they lie in a directory: what criu is told and says, what is written beside its images."""
