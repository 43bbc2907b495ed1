"""What buildah says of a build, as docker's clients and podman's want to hear it."""

from __future__ import annotations

import re

from .progress import Blobs
from .response import json_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .telling import Tell

_STEP = re.compile(r"(?:\[\d+/\d+\] )?STEP (\d+)/(\d+): (.*)")
_CACHED = re.compile(r"--> Using cache ([0-9a-f]+)")
_LAYER = re.compile(r"--> ([0-9a-f]+)")
_SILENT = re.compile(r"(?:\[\d+/\d+\] )?(?:COMMIT(?: .*)?|Successfully tagged .*|\[Warning\] .*)")
_ID = re.compile(r"[0-9a-f]{64}")
_LONGEST = 1 << 16  # bytes of a line
_SHORT = 12


class Account:
    """Both of buildah's streams, line by line; the id at the end is kept back. `quiet`: nothing is told."""

    def __init__(self, tell: Tell, *, docker: bool, quiet: bool) -> None:
        self._tell, self._docker, self._quiet = tell, docker, quiet
        self._kept = {1: b"", 2: b""}
        self._last = ""  # a line that may be the id
        self._blobs = Blobs(tell, "Pulling fs layer", "Download complete", "Already exists")
        self.complaint = ""  # the last error

    def heard(self, stream: int, piece: bytes) -> None:
        """It has written this to its standard output (1) or to where errors go (2)."""
        *lines, kept = (self._kept[stream] + piece).split(b"\n")
        if len(kept) > _LONGEST:
            lines, kept = [*lines, kept], b""
        self._kept[stream] = kept
        for line in lines:
            self._line(stream, line.decode(errors="replace"))

    def over(self) -> None:
        """It has ended: what it said without an end of line is told as well."""
        for stream, kept in self._kept.items():
            if kept:
                self._line(stream, kept.decode(errors="replace"))

    def pulling(self, line: str) -> None:
        """A line of skopeo's, of an image that is pulled for the build."""
        if self._docker and not self._quiet:
            self._blobs.heard(line)
        else:
            self.say(f"{line}\n")

    def say(self, text: str) -> None:
        """The client is told this."""
        if text and not self._quiet:
            self._tell(json_line({"stream": text}))

    def _line(self, stream: int, line: str) -> None:
        if stream == 1:
            last, self._last = self._last, line if _ID.fullmatch(line) else ""
            if last:
                self.say(f"{last}\n")
            if self._last:
                return
        elif line.startswith(("Error: ", "error ")):
            self.complaint = line.removeprefix("Error: ")
            return
        if not self._docker:
            self.say(f"{line}\n")
        else:  # dockerd has complaints in red, and clients look for it
            self.say(self._as_docker(line) if stream == 1 else f"\x1b[91m{line}\n\x1b[0m")

    def _as_docker(self, line: str) -> str:
        if found := _STEP.fullmatch(line):
            return f"Step {found[1]}/{found[2]} : {found[3]}\n"
        if found := _CACHED.fullmatch(line):
            return f" ---> Using cache\n ---> {found[1][:_SHORT]}\n"
        if found := _LAYER.fullmatch(line):
            return f" ---> {found[1][:_SHORT]}\n"
        return "" if _SILENT.fullmatch(line) else f"{line}\n"
