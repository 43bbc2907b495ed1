"""The processes of a container, read from /proc: nothing of the image is executed."""

from __future__ import annotations

import os

from ..errors import InvalidArgument, StateConflict
from ..kernel import cgroups, process, views
from ..kernel.files import read_in_root
from ..kernel.procfs import PAGE, ProcessFacts, security_label
from ..model.record import Status
from ..spec.capabilities import NAMES
from . import snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .services import Services
    from .snapshot import Snapshot

    Column = tuple[str, Callable[["_Scene", ProcessFacts], str]]

_SECOND = 10**9
_DAY = 86400 * _SECOND
_LONGEST = 1 << 20  # bytes of passwd or group
_DEFAULT = "user pid ppid pcpu etime tty time args".split()
_FULL = "user=UID pid ppid c stime tty time cmd".split()
_USER = "user pid pcpu pmem vsz rss tty stat stime=START time args".split()
_ALIASES = {
    "%cpu": "pcpu", "%mem": "pmem", "args": "command", "cmd": "cmd", "euser": "user", "euid": "uid", "egid": "gid",
    "egroup": "group", "cputime": "time", "tt": "tty", "tname": "tty", "ucmd": "comm", "ucomm": "comm", "s": "state",
    "nice": "ni", "rssize": "rss", "rsz": "rss", "vsize": "vsz", "thcount": "nlwp", "pgrp": "pgid", "sess": "sid",
    "session": "sid", "%c": "pcpu", "%p": "pid", "%u": "user", "%a": "command", "%t": "etime", "%x": "time",
    "%y": "tty", "%z": "vsz", "%g": "group", "%n": "ni", "%r": "pgid",
}  # fmt: skip


class _Scene:
    """What the columns of one listing need beside the process itself."""

    def __init__(self, root: int, facts: Sequence[ProcessFacts], plain: bool, host: bool) -> None:
        self.users, self.groups = _names(root, "passwd"), _names(root, "group")
        self.inner = {each.pid: each.inner for each in facts}
        self.host = host  # processes have the host's numbers
        self.plain = plain  # times as ps writes them, not as podman's own listing does

    def number(self, pid: int) -> int:
        return pid if self.host else self.inner.get(pid, 0)

    def elapsed(self, at: int) -> str:
        if not self.plain:
            return duration(at)
        seconds = at // _SECOND
        days, hours, rest = seconds // 86400, seconds // 3600 % 24, f"{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{days}-{hours:02}:{rest}" if days else f"{hours:02}:{rest}" if hours else rest

    def used(self, cpu: int) -> str:
        seconds = cpu // _SECOND
        if not self.plain:
            return duration(cpu)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _command(scene: _Scene, of: ProcessFacts) -> str:
    return " ".join(of.argv) or f"[{of.name}]"


def _ids(of: ProcessFacts, kind: bytes) -> list[int]:
    return [int(word) for word in of.status.get(kind, b"").split()]


def _capabilities(of: ProcessFacts, kind: bytes) -> str:
    held = int(of.status.get(kind, b"0"), 16)
    names = [name.removeprefix("CAP_") for bit, name in enumerate(NAMES) if held >> bit & 1]
    if not names:
        return "none"
    return "full" if len(names) == len(NAMES) else ",".join(sorted(names))


def _seccomp(of: ProcessFacts) -> str:
    mode = int(of.status.get(b"Seccomp", b"-1"))
    return ("disabled", "strict", "filter")[mode] if 0 <= mode <= 2 else "?"


def _started(scene: _Scene, of: ProcessFacts) -> str:
    from datetime import UTC, datetime

    at, rest = divmod(of.started_at, _SECOND)
    if scene.plain:
        return datetime.fromtimestamp(at).strftime("%H:%M" if of.elapsed < _DAY else "%b%d")
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S") + f".{rest:09d}".rstrip("0") + " +0000 UTC"


_COLUMNS: dict[str, Column] = {
    "capamb": ("AMBIENT CAPS", lambda scene, of: _capabilities(of, b"CapAmb")),
    "capbnd": ("BOUNDING CAPS", lambda scene, of: _capabilities(of, b"CapBnd")),
    "capeff": ("EFFECTIVE CAPS", lambda scene, of: _capabilities(of, b"CapEff")),
    "capinh": ("INHERITED CAPS", lambda scene, of: _capabilities(of, b"CapInh")),
    "capprm": ("PERMITTED CAPS", lambda scene, of: _capabilities(of, b"CapPrm")),
    "groups": ("GROUPS", lambda scene, of: ",".join(scene.groups.get(i, str(i)) for i in _ids(of, b"Groups"))),
    "hgroup": ("HGROUP", lambda scene, of: str(of.gid)),
    "hgroups": ("HGROUPS", lambda scene, of: ",".join(map(str, _ids(of, b"Groups")))),
    "label": ("LABEL", lambda scene, of: security_label(of.pid)),
    "rgroup": ("RGROUP", lambda scene, of: scene.groups.get(i := _ids(of, b"Gid")[0], str(i))),
    "ruser": ("RUSER", lambda scene, of: scene.users.get(i := _ids(of, b"Uid")[0], str(i))),
    "seccomp": ("SECCOMP", lambda scene, of: _seccomp(of)),
    "stime": ("STIME", _started),
    "c": ("C", lambda scene, of: str(int(_percent(of)))),
    "cmd": ("CMD", _command),
    "comm": ("COMMAND", lambda scene, of: of.name),
    "command": ("COMMAND", _command),
    "etime": ("ELAPSED", lambda scene, of: scene.elapsed(of.elapsed)),
    "etimes": ("ELAPSED", lambda scene, of: str(of.elapsed // _SECOND)),
    "gid": ("GID", lambda scene, of: str(of.gid)),
    "group": ("GROUP", lambda scene, of: scene.groups.get(of.gid, str(of.gid))),
    "hpid": ("HPID", lambda scene, of: str(of.pid)),
    "huser": ("HUSER", lambda scene, of: str(of.uid)),
    "ni": ("NI", lambda scene, of: str(of.nice)),
    "nlwp": ("NLWP", lambda scene, of: str(of.threads)),
    "pcpu": ("%CPU", lambda scene, of: f"{_percent(of):.3f}" if not scene.plain else f"{_percent(of):.1f}"),
    "pgid": ("PGID", lambda scene, of: str(scene.number(of.group))),
    "pid": ("PID", lambda scene, of: str(scene.number(of.pid))),
    "pmem": ("%MEM", lambda scene, of: f"{_share(of):.1f}"),
    "ppid": ("PPID", lambda scene, of: str(scene.number(of.parent))),
    "rss": ("RSS", lambda scene, of: str(of.resident >> 10)),
    "sid": ("SID", lambda scene, of: str(scene.number(of.session))),
    "stat": ("STAT", lambda scene, of: of.state),
    "state": ("STATE", lambda scene, of: of.state),
    "time": ("TIME", lambda scene, of: scene.used(of.cpu)),
    "tty": ("TTY", lambda scene, of: of.tty),
    "uid": ("UID", lambda scene, of: str(of.uid)),
    "user": ("USER", lambda scene, of: scene.users.get(of.uid, str(of.uid))),
    "vsz": ("VSZ", lambda scene, of: str(of.virtual >> 10)),
}


def top(
    on: Services, id: str, words: Sequence[str] = (), *, host: bool = False
) -> tuple[list[str], list[list[str]]]:
    """The headings and a row per process, oldest first. `words`: names of columns, or options as of ps.

    `host`: processes bear the host's numbers, in place of the container's own.

    Needs no lock. Raises: StateConflict unless it runs or is paused, InvalidArgument, NoSuchContainer.
    """
    columns = _chosen(words)
    seen = snapshot.take(on, id)
    init = seen.state.process
    if seen.state.status not in (Status.RUNNING, Status.PAUSED) or init is None:
        raise StateConflict(id, seen.state.status, ("running",), "top can only be used on running containers")
    facts = []
    for pid in sorted(_members(on, seen)):
        try:
            facts.append(ProcessFacts(pid))
        except (FileNotFoundError, ProcessLookupError, IndexError):
            continue  # it has ended
    still = _members(on, seen)  # a number that left may have been somebody else's by the time it was looked at
    facts = [each for each in facts if each.pid in still]
    facts.sort(key=lambda each: (-each.elapsed, each.pid))
    root = views.process_root(init)
    try:
        scene = _Scene(root, facts, bool(words) and (words[0].startswith("-") or _is_bsd(words[0])), host)
    finally:
        if root >= 0:
            os.close(root)
    return [heading for heading, _ in columns], [[show(scene, each) for _, show in columns] for each in facts]


def _members(on: Services, seen: Snapshot) -> set[int]:
    """The pids of the container's processes."""
    init = seen.state.process
    first = {init.pid} if init is not None and process.alive(init) else set()
    if seen.facts.cgroup:
        return first | cgroups.processes(seen.facts.cgroup)
    return first | set(on.runtime(seen.facts.runtime).processes(seen.facts.id))


def _chosen(words: Sequence[str]) -> list[Column]:
    """The columns that the words ask for. Raises: InvalidArgument."""
    names: list[str] = []
    whole: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("-aux", "-u") or _is_bsd(word):
            whole = _USER
        elif word.startswith("-") and not word.startswith("--") and len(word) > 1:
            flags, o, value = word[1:].partition("o")
            if set(flags) - set("eAaxfww"):
                raise InvalidArgument(f"unknown ps option {word}: of ps's, -e, -f, aux and -o LIST are known")
            if "f" in flags:
                whole = _FULL
            if o:
                names += (value or (rest.pop(0) if rest else "")).split(",")
        elif word.startswith("--"):
            raise InvalidArgument(f"unknown ps option {word}: of ps's, -e, -f, aux and -o LIST are known")
        else:
            names += word.split(",")
    return [_column(name) for name in names or whole or _DEFAULT]


def _is_bsd(word: str) -> bool:
    """Whether it is ps's "aux", or as good as."""
    return "u" in word and set(word) <= set("auxw")


def _column(text: str) -> Column:
    name, equals, heading = text.partition("=")
    key = name.strip().lower()
    found = _COLUMNS.get(_ALIASES.get(key, key))
    if found is None:
        raise InvalidArgument(f'unknown descriptor "{name}": one of {", ".join(sorted(_COLUMNS))}')
    return (heading, found[1]) if equals else found


def _percent(of: ProcessFacts) -> float:
    return 100 * of.cpu / of.elapsed if of.elapsed else 0.0


def _share(of: ProcessFacts) -> float:
    return 100 * of.resident / (os.sysconf("SC_PHYS_PAGES") * PAGE)


def _names(root: int, file: str) -> dict[int, str]:
    """Names by number, from the container's passwd or group."""
    if root < 0:
        return {}
    try:
        data = read_in_root(root, f"/etc/{file}", _LONGEST)
    except OSError:
        return {}
    found: dict[int, str] = {}
    for line in data.decode(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isascii() and fields[2].isdigit():
            found.setdefault(int(fields[2]), fields[0])
    return found


def duration(ns: int) -> str:
    """As Go writes a duration: 1h2m3.5s, 20.5s, 150ms, 0s."""
    if ns < _SECOND:
        return f"{ns / 10**6:.9g}ms" if ns else "0s"
    seconds = f"{ns % (60 * _SECOND) / _SECOND:.9f}".rstrip("0").rstrip(".")
    minutes = ns // (60 * _SECOND)
    if not minutes:
        return f"{seconds}s"
    return (f"{minutes // 60}h" if minutes >= 60 else "") + f"{minutes % 60}m{seconds}s"
