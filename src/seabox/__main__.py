"""`python -m seabox` is the `seabox` command."""

from __future__ import annotations

import sys

from seabox.cli.main import main

sys.exit(main(sys.argv[1:]))
