"""Doubles of the rooms, shipped: for tests of seabox and of programs that use it.

Each is held to the same contract tests as the room it stands for.
"""
