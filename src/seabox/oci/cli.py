"""crun, runc and youki, driven through the command line they share."""

from __future__ import annotations

import os
from contextlib import contextmanager

from ..kernel.process import clean_env
from ..kernel.programs import Running, run
from . import conmon
from .runtime import RuntimeState
from .words import last_error, refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..kernel.programs import Finished
    from .runtime import Dump, ExecLaunch, Executed, Launch, Launched

_CRIU_SECONDS = 24 * 3600.0  # it takes as long as the memory is large; whoever grows tired kills it
_UNFROZEN, _FREEZES = "unable to freeze", 3  # where a machine is busy runc gives up, all being as before: ask again
_GONE = ("not running", "no such process", "not started")  # how they say that a container has ended


class CommandLineRuntime:
    """An OCIRuntime. `root` is where the runtime keeps its records; `flags` go before every sub-command."""

    __slots__ = ("_conmon", "_env", "_flags", "_timeout_seconds", "name", "path", "root")

    def __init__(
        self,
        path: str,
        root: str,
        *,
        conmon: str,
        flags: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> None:
        self.name = os.path.basename(path)
        self.path, self.root = path, root
        self._conmon = conmon
        self._flags = ("--root", root, *flags)
        self._env = clean_env(env)
        self._timeout_seconds = timeout_seconds

    def create(self, launch: Launch) -> Launched:
        """The container exists, its process waits to be started, and a conmon watches it."""
        seconds = conmon.CREATE_SECONDS
        if launch.revival is not None:
            seconds = _CRIU_SECONDS if launch.revival.timeout is None else launch.revival.timeout
        return conmon.create(self._conmon, self.path, self._flags, launch, seconds)

    def execute(self, launch: ExecLaunch) -> Executed:
        """Another process runs in the container, watched by a conmon of its own."""
        from .conmon_exec import execute

        return execute(self._conmon, self.path, self._flags, launch)

    def start(self, id: str) -> None:
        """The container's process runs, or has run."""
        self._must("start", id)

    def kill(self, id: str, signal: int, all: bool = False) -> bool:
        """`signal` was sent to the container's init, or to all its processes; False if nothing runs."""
        done = self._run("kill", *(["--all"] if all else []), id, str(signal))
        if done.code == 0:
            return True
        said = last_error(done.err)
        if self._unknown(id, said) or any(word in said.lower() for word in _GONE):
            return False
        raise refusal(self.name, said)

    def pause(self, id: str) -> None:
        """Every process in the container is frozen."""
        for _ in range(_FREEZES):
            done = self._run("pause", id)
            if _UNFROZEN not in last_error(done.err):
                break
        self._check("pause", done)

    def resume(self, id: str) -> None:
        """The container's processes go on."""
        self._must("resume", id)

    def delete(self, id: str, force: bool = False) -> None:
        """The runtime has forgotten the container; with `force` its processes are killed first. Idempotent."""
        with self.deleting(id, force):
            pass

    @contextmanager
    def deleting(self, id: str, force: bool = False) -> Iterator[None]:
        """As `delete`, under way inside the block and done after it."""
        program = self._begin("delete", *(["--force"] if force else []), id)
        try:
            yield
        finally:
            done = program.finish()
        if done.code and "pidfd" in last_error(done.err):  # crun has met its process in the act of dying
            done = self._run("delete", *(["--force"] if force else []), id)
        if done.code and "pidfd" in last_error(done.err):  # it is gone, and a thread of somebody has its number
            done = self._run("delete", id)
        if done.code and not self._unknown(id, said := last_error(done.err)):
            raise refusal(self.name, said)

    def update(self, id: str, limits: bytes) -> None:
        """The container's cgroup keeps these limits: a JSON object, as "resources" in config.json."""
        done = self._run("update", "--resources", "/dev/stdin", id, input=limits)
        if done.code:
            raise refusal(self.name, last_error(done.err) or f"update ended with code {done.code}")

    def checkpoint(self, id: str, dump: Dump) -> None:
        """The state of the container's processes is in `dump.images`."""
        words = ["--image-path", dump.images, "--work-path", dump.work]
        words += ["--parent-path", dump.parent] if dump.parent else []
        chosen = {
            "--pre-dump": dump.pre_dump, "--leave-running": dump.leave_running,
            "--tcp-established": dump.tcp_established, "--file-locks": dump.file_locks,
        }  # fmt: skip
        words += [flag for flag, wanted in chosen.items() if wanted]
        argv = [self.path, *self._flags, "--log-format", "json", "checkpoint", *words, id]
        program = Running(
            argv, env={**self._env, **conmon.criu_environment(dump.criu, self.path, dump.bundle)},
            timeout_seconds=_CRIU_SECONDS if dump.timeout is None else dump.timeout,
        )  # fmt: skip
        done = program.finish(dump.cancel, dump.give_up)
        if done.code:
            raise refusal(self.name, last_error(done.err) or f"checkpoint ended with code {done.code}")

    def no_checkpoints(self, criu: str, *, pre_dump: bool = False) -> str:
        """Why no container of this runtime can be checkpointed, or `pre_dump`ed, on this host, "" if it can."""
        for verb in ("checkpoint", "restore"):
            if run([self.path, verb, "--help"], env=self._env, timeout_seconds=self._timeout_seconds).code:
                return (
                    f"{self.path} cannot {verb} (it was built without criu): create the container with --runtime runc, "
                    f"or install a {self.name} that was built with criu"
                )
        tried = run([criu, "check"], env=self._env, timeout_seconds=self._timeout_seconds)
        if tried.code:
            lines = tried.err.decode(errors="replace").strip().splitlines()
            return (
                f"{criu} does not work on this kernel ({lines[-1] if lines else 'criu check fails'}): install a newer "
                "criu (setup/criu-prefix does), or name one with criu in seabox.conf"
            )
        if pre_dump:
            tracked = [criu, "check", "--feature", "mem_dirty_track"]
            if run(tracked, env=self._env, timeout_seconds=self._timeout_seconds).code:
                return (
                    "this kernel does not tell which memory was changed, which a pre-checkpoint builds upon: it needs "
                    "one with CONFIG_MEM_SOFT_DIRTY; checkpoint without it"
                )
        return ""

    def state(self, id: str) -> RuntimeState | None:
        """What the runtime says; None if it does not know the container."""
        done = self._run("state", id)
        if done.code:
            said = last_error(done.err)
            if self._unknown(id, said):
                return None
            raise refusal(self.name, said)
        import json

        try:
            told = json.loads(done.out)
            return RuntimeState(str(told["status"]), int(told.get("pid") or 0), str(told.get("bundle", "")))
        except (ValueError, TypeError, KeyError):
            raise refusal(self.name, f"state of {id} makes no sense") from None

    def processes(self, id: str) -> list[int]:
        """The host pids of all processes in the container; empty if nothing runs."""
        done = self._run("ps", "--format", "json", id)
        if done.code:
            state = self.state(id)  # of a stopped container crun 1.8 says nothing at all
            if state is None or state.status == "stopped":
                return []
            raise refusal(self.name, last_error(done.err))
        words = done.out.translate(bytes.maketrans(b"[],", b"   ")).split()  # a list of numbers, or null
        return [int(word) for word in words if word.isdigit()]

    def _must(self, verb: str, id: str) -> None:
        self._check(verb, self._run(verb, id))

    def _check(self, verb: str, done: Finished) -> None:
        if done.code:
            raise refusal(self.name, last_error(done.err) or f"{verb} ended with code {done.code}")

    def _run(self, *words: str, input: bytes = b"") -> Finished:
        return self._begin(*words, input=input).finish()

    def _begin(self, *words: str, input: bytes = b"") -> Running:
        argv = [self.path, *self._flags, "--log-format", "json", *words]
        return Running(argv, env=self._env, input=input, timeout_seconds=self._timeout_seconds)

    def _unknown(self, id: str, said: str) -> bool:
        """Whether the runtime says that it has no such container."""
        return "does not exist" in said or (f"{self.root}/{id}" in said and "No such file" in said)
