"""`python -m seabox` is the `seabox` command."""

from __future__ import annotations

from seabox.cli.main import program

if __name__ == "__main__":
    program()
