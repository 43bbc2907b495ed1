"""Docker's routes for a container's life: statuses and what a client that waits is told."""

from __future__ import annotations

import json
import signal
import socket
from http.client import HTTPResponse
from typing import Any

import pytest

from engine.home import OBEDIENT, SLEEPER, Home, conmon_of, executed, gone, init_of, obedient
