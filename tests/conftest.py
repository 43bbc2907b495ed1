"""The suite leaves the machine's network alone: a container has none unless a test asks for one."""

from __future__ import annotations

import os

os.environ["SEABOX_NETWORK"] = "none"
