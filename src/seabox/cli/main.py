"""The `seabox` command: its words are read, one command's module is loaded, and how it ended becomes the exit code.

Nothing is imported here that the shortest commands do not need.
"""

from __future__ import annotations

import os
import sys

from seabox import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from seabox.cli.parse import Arguments

INTERRUPTED = 130  # as a shell reports SIGINT
READER_GONE = 141  # as a shell reports SIGPIPE


def program() -> NoReturn:
    """This process has done what its command line says, and is gone.

    At once: to take all modules apart, which the kernel does faster, would cost 3 ms; and the last to close a store
    writes its log back, with two syncs, where the next to open it just reads that log.
    """
    import gc

    gc.set_threshold(200_000)  # most of what is made while modules load stays: do not look through it time and again
    code = main(sys.argv[1:])  # which has flushed stdout
    sys.stderr.flush()
    if "seabox.packed" in sys.modules:
        sys.modules["seabox.packed"].renew()
    os._exit(code)


def main(words: list[str]) -> int:
    """The command line has been carried out; the exit code. Whatever went wrong is one line on stderr."""
    prepare_streams()
    try:
        code = _version() if words in (["--version"], ["-v"]) else _carry_out(words)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()
        return READER_GONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as problem:
        from seabox.cli.complaint import complain

        try:
            sys.stdout.flush()
            return complain(problem)
        except BrokenPipeError:
            silence_stdout()
            return READER_GONE
    return code


def prepare_streams() -> None:
    """0, 1 and 2 are open, so that no file of ours gets these numbers, and text goes out as UTF-8, bytes unchanged."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
    for fd, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(fd, "w", closefd=False))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def silence_stdout() -> None:
    """What is still buffered, and whatever is written to stdout from now on, goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _version() -> int:
    sys.stdout.write(f"seabox version {__version__}\n")
    return 0


def _carry_out(words: list[str]) -> int:
    from seabox import packed

    packed.use()
    from seabox.cli import registry
    from seabox.cli.parse import parse

    program = parse(registry.PROGRAM_TABLE, words)
    if program.rest[:1] in (["__complete"], ["__completeNoDesc"]):
        from seabox.cli.completion import answer

        flags = words[: len(words) - len(program.rest)]
        return answer([program.rest[0], *flags, *program.rest[1:]])
    if program.on("version"):
        return _version()
    if program.help:
        sys.stdout.write(registry.help_of(""))
        return 0
    found = registry.find(program)
    if found is None:
        return 0
    command, rest = found
    args = parse(command, rest, program)
    if args.help:
        from seabox.cli.help import command_help

        sys.stdout.write(command_help(command))
        return 0
    if program.on("version"):
        return _version()
    if (code := _apply(program)) is not None:
        return code
    assert command.run is not None
    return command.run(args)


def _apply(program: Arguments) -> int | None:
    """What the program's own flags say holds from here; an exit code if it cannot."""
    from seabox.cli.registry import ELSEWHERE

    for name in ELSEWHERE:
        if program.given(name) and program.value(name):
            from seabox.errors import Unsupported

            raise Unsupported(f"--{name} is not supported: seabox works on this machine, without a service")
    if program.text("context") != "default":
        from seabox.errors import InvalidArgument

        raise InvalidArgument(
            f'failed to resolve active destination: "{program.text("context")}" service destination not found'
        )
    if program.given("config"):
        sys.stderr.write("The --config flag is ignored by seabox. Exists for Docker compatibility\n")
    if program.given("registries-conf"):
        os.environ["CONTAINERS_REGISTRIES_CONF"] = program.text("registries-conf")  # skopeo is to read it as well
    if program.on("noout"):
        silence_stdout()
    elif program.text("out"):
        _write_to(program.text("out"))
    from seabox import diagnostics

    diagnostics.first_use = _plain_warnings
    if program.given("log-level") or program.on("debug"):
        from seabox.cli import messages

        if program.given("log-level") and program.on("debug"):
            sys.stderr.write("Setting --log-level and --debug is not allowed\n")
            return 1
        level = "debug" if program.on("debug") else program.text("log-level")
        if level not in messages.LEVELS:
            known = ", ".join(messages.LEVELS)
            sys.stderr.write(f'Log Level "{level}" is not supported, choose from: {known}\n')
            return 1
        diagnostics.first_use = None
        messages.configure(level)
    return None


def _write_to(path: str) -> None:
    from seabox.errors import InvalidArgument
    from seabox.kernel.files import write_file

    try:
        write_file(path, b"", 0o644)
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as problem:
        raise InvalidArgument(f"open {path}: {(problem.strerror or 'unknown error').lower()}") from None
    os.dup2(file, 1)
    os.close(file)


def _plain_warnings() -> None:
    from seabox.cli import messages

    messages.configure()


if __name__ == "__main__":
    program()
