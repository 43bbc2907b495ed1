"""From the flags of `run` and `create` to what the engine is asked for."""

from __future__ import annotations

import os
import sys

from seabox.cli.creation_flags import refuse_later_ones
from seabox.cli.environment import environment, pairs_in
from seabox.cli.flags import PROGRAM
from seabox.cli.health_flags import add_health
from seabox.errors import InvalidArgument, NameInUse, NoSuchContainer, NotFound, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from seabox.cli.parse import Arguments
    from seabox.container.container import Container
    from seabox.engine import Engine
    from seabox.model.options import CreateOptions

_STREAM_NAMES = ("stdin", "stdout", "stderr")


class NameTaken(NameInUse):
    """As podman 5 words it on its command line."""

    def __init__(self, name: str, owner: str) -> None:
        super().__init__(name, owner)
        (text,) = self.args
        self.args = (f"creating container storage: {text}, or use --replace to instruct {PROGRAM} to do so.",)


def create(args: Arguments, on: Engine) -> Container:
    """The container that the command line describes exists, its id is in the --cidfile.

    Raises: as Containers.create; nothing is left behind then.
    """
    from seabox.containers_conf import container_defaults

    refuse_later_ones(args)
    _check(args)
    if args.text("authfile"):
        from seabox.cli.transfers import check_authfile

        check_authfile(args.text("authfile"))  # also where the image is here and needs no credentials
    image, command = _what_to_run(args)
    said = container_defaults(on.config.containers_conf)
    options = _options(args, said)
    if args.on("rootfs"):
        options["rootfs"], image = image, ""
    cidfile = args.text("cidfile")
    if cidfile and not os.path.isdir(os.path.dirname(cidfile) or "."):
        raise InvalidArgument(f"opening CIDFile: open {cidfile}: no such file or directory")
    if args.text("platform"):
        from seabox.cli.transfers import check_platform

        check_platform(args)
    policy = _policy(args, said)
    if not args.on("rootfs") and (policy != "missing" or not _is_here(on, image)):
        from seabox.cli.transfers import PLATFORM, access, progress
        from seabox.images.transports import of_archive

        wanted: dict[str, Any] = {flag.name: args.text(flag.name) for flag in PLATFORM}
        options["pull"] = "never"  # again
        id = on.images.pull(image, policy=policy, access=access(args), progress=progress(args), **wanted)
        if of_archive(image):
            image = id
    if args.on("replace"):
        _make_way(on, args.text("name"))
    if cidfile and _names_a_container(on, cidfile):
        raise InvalidArgument(
            f"container id file exists. Ensure another container is not using it or delete {cidfile}"
        )
    try:
        ctr = on.containers.create(image, command, **options)
    except NameInUse as taken:
        raise NameTaken(taken.name, taken.owner) from None
    if cidfile:
        from seabox.kernel.files import write_file

        try:
            write_file(cidfile, ctr.id.encode(), 0o644)
        except OSError as problem:
            ctr.remove()
            raise InvalidArgument(f"opening CIDFile: open {cidfile}: {(problem.strerror or '').lower()}") from None
    return ctr


def _names_a_container(on: Engine, cidfile: str) -> bool:
    """Whether the file is another's: it holds the id of a container that is still there."""
    from seabox.model.ids import is_id

    try:
        with open(cidfile, "rb") as file:
            id = file.read(256).decode("ascii", "replace").strip()
        return is_id(id) and on.containers.get(id).id == id
    except (OSError, NotFound):
        return False


def _is_here(on: Engine, image: str) -> bool:
    """Whether the image need not be pulled; what is in an archive always is."""
    if ":" in image:
        from seabox.images.transports import of_archive

        if of_archive(image):
            return False
    return on.images.exists(image)


_POLICIES = {
    "always": "always", "true": "always", "missing": "missing", "ifnotpresent": "missing", "false": "missing",
    "never": "never", "newer": "newer", "ifnewer": "newer",
}  # fmt: skip


_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")


def _policy(args: Arguments, said: Mapping[str, Any]) -> str:
    text = args.text("pull") if args.given("pull") else said.get("pull", "missing")
    if text.lower() not in _POLICIES:
        raise InvalidArgument(f'unsupported pull policy "{text}"')
    return _POLICIES[text.lower()]


def _check(args: Arguments) -> None:
    if args.given("kernel-memory"):
        from seabox.diagnostics import warning

        warning("The --kernel-memory flag is no longer supported. This flag is a noop.")
    if args.text("seccomp-policy") not in ("", "default"):
        raise Unsupported("--seccomp-policy=image is not supported: no label of an image changes what is allowed")
    if args.on("replace") and not args.given("name"):
        raise InvalidArgument("cannot replace container without --name being set")
    if not args.on("rootfs"):
        _policy(args, {})
    for stream in args.texts("attach"):
        if stream.lower() not in _STREAM_NAMES:
            raise InvalidArgument(
                f'invalid stream "{stream}" for --attach - must be one of stdin, stdout, or stderr: invalid argument'
            )
    if args.given("detach-keys"):
        from seabox.streams.keys import parse_detach_keys

        parse_detach_keys(args.text("detach-keys"))


def _what_to_run(args: Arguments) -> tuple[str, list[str] | None]:
    """The image (or root directory) and the command, None if none was given."""
    if not args.rest or not args.rest[0]:
        raise InvalidArgument("an image name or a root directory is needed")
    return args.rest[0], args.rest[1:] or None


def _make_way(on: Engine, name: str) -> None:
    try:
        ctr = on.containers.get(name)
        if ctr.name == name:  # not a container whose id begins so
            ctr.remove(force=True)
    except NoSuchContainer:
        return


def _options(args: Arguments, said: Mapping[str, Any]) -> CreateOptions:
    """The flags that were given; what was not said, the image or the engine decides."""
    found: CreateOptions = {
        "annotations": needed_values("annotation", args.pairs("annotation")),
        "add_hosts": args.texts("add-host"),
        "dns": args.texts("dns"),
        "dns_options": args.texts("dns-option"),
        "dns_search": args.texts("dns-search"),
        "expose": args.texts("expose"),
        "ip": args.text("ip"),
        "ip6": args.text("ip6"),
        "mac_address": args.text("mac-address"),
        "network_aliases": args.texts("network-alias"),
        "no_hosts": args.on("no-hosts"),
        "no_hostname": args.on("no-hostname"),
        "hosts_file": args.text("hosts-file"),
        "publish": args.texts("publish"),
        "publish_all": args.on("publish-all"),
        "auto_remove": args.on("rm") or _removes_image(args),
        "auto_remove_image": _removes_image(args),
        "cap_add": args.texts("cap-add"),
        "cap_drop": args.texts("cap-drop"),
        "cgroup_conf": _texts_with_values(args, "cgroup-conf"),
        "chroot_dirs": args.texts("chrootdirs"),
        "blkio_weight_devices": args.texts("blkio-weight-device"),
        "device_cgroup_rules": args.texts("device-cgroup-rule"),
        "device_read_bps": args.texts("device-read-bps"),
        "device_read_iops": args.texts("device-read-iops"),
        "device_write_bps": args.texts("device-write-bps"),
        "device_write_iops": args.texts("device-write-iops"),
        "env_merge": needed_values("env-merge", args.pairs("env-merge")),
        "host_users": args.texts("hostuser"),
        "image_volume": args.text("image-volume") if args.given("image-volume") else "",
        "init_path": args.text("init-path"),
        "memory_swappiness": args.number("memory-swappiness"),
        "oom_kill_disable": args.on("oom-kill-disable"),
        "passwd": args.on("passwd"),
        "passwd_entry": args.text("passwd-entry"),
        "personality": args.text("personality"),
        "systemd": args.text("systemd"),
        "tz": args.text("tz"),
        "unset_env_all": args.on("unsetenv-all"),
        "userns": args.text("userns"),
        "cgroups": args.text("cgroups") if args.given("cgroups") else "",
        "cidfile": os.path.abspath(args.text("cidfile")) if args.given("cidfile") else "",
        "conmon_pidfile": args.text("conmon-pidfile"),
        "cpuset_cpus": args.text("cpuset-cpus"),
        "cpuset_mems": args.text("cpuset-mems"),
        "create_command": (PROGRAM, *sys.argv[1:]),
        "devices": args.texts("device"),
        "env": _environment(args, said),
        "groups": args.texts("group-add"),
        "init": args.on("init") if args.given("init") else None,
        "labels": labels(args),
        "log_options": needed_values("log-opt", args.pairs("log-opt")),
        "pidfile": args.text("pidfile"),
        "privileged": args.on("privileged"),
        "read_only": args.on("read-only") if args.given("read-only") else None,
        "read_only_tmpfs": args.on("read-only-tmpfs"),
        "requires": args.texts("requires"),
        "restart": args.text("restart"),
        "sdnotify": args.text("sdnotify"),
        "secrets": args.texts("secret"),
        "security_opt": args.texts("security-opt"),
        "stdin": args.on("interactive"),
        "sysctls": needed_values("sysctl", args.pairs("sysctl")),
        "timeout": args.number("timeout"),
        "tmpfs": args.texts("tmpfs"),
        "tty": args.on("tty"),
        "ulimits": args.texts("ulimit"),
        "unset_env": args.texts("unsetenv"),
        "volumes": args.texts("volume"),
        "volumes_from": args.texts("volumes-from"),
    }
    if args.given("mount"):
        from seabox.cli.mounts import parse_mounts

        found["mounts"] = [mount for text in args.texts("mount") for mount in parse_mounts(text)]
    if args.given("entrypoint"):
        found["entrypoint"] = words_of_entrypoint(args.text("entrypoint"))
    if args.given("umask"):
        found["umask"] = _octal(args.text("umask"))
    if args.given("cpus"):
        found["cpus"] = args.fraction("cpus")
    add_health(args, found)
    _add_pod(args, found)
    _add_texts(args, found)
    _add_numbers(args, found)
    return found


def _add_pod(args: Arguments, found: CreateOptions) -> None:
    if args.given("pod") and args.given("pod-id-file"):
        raise InvalidArgument("cannot specify both --pod and --pod-id-file")
    if args.given("pod"):
        found["pod"] = args.text("pod")
    elif args.given("pod-id-file"):
        from seabox.cli.pods import read_pod_id

        found["pod"] = read_pod_id(args.text("pod-id-file"))
    if any(flag.name == "init-ctr" for flag in args.command.flags) and args.given("init-ctr"):
        found["init_ctr"] = args.text("init-ctr")


def _add_texts(args: Arguments, found: CreateOptions) -> None:
    if args.given("name"):
        found["name"] = args.text("name").removeprefix("/")
    if args.given("user"):
        found["user"] = args.text("user")
    if args.given("workdir"):
        found["workdir"] = args.text("workdir")
    if args.given("hostname"):
        found["hostname"] = args.text("hostname")
    if args.given("network"):
        found["network"] = args.texts("network")
    if args.given("pid"):
        found["pid"] = args.text("pid")
    if args.given("ipc"):
        found["ipc"] = args.text("ipc")
    if args.given("uts"):
        found["uts"] = args.text("uts")
    if args.given("cgroupns"):
        found["cgroupns"] = args.text("cgroupns")
    if args.given("cgroup-parent"):
        found["cgroup_parent"] = args.text("cgroup-parent")
    if args.given("log-driver"):
        found["log_driver"] = args.text("log-driver")
    if args.given("stop-signal"):
        found["stop_signal"] = args.text("stop-signal")


def _add_numbers(args: Arguments, found: CreateOptions) -> None:
    if args.given("memory"):
        found["memory"] = as_size(args, "memory")
    if args.given("memory-swap"):
        found["memory_swap"] = -1 if args.text("memory-swap") == "-1" else as_size(args, "memory-swap")
    if args.given("memory-reservation"):
        found["memory_reservation"] = as_size(args, "memory-reservation")
    if args.given("shm-size"):
        found["shm_size"] = as_size(args, "shm-size")
    if args.given("cpu-shares"):
        found["cpu_shares"] = args.number("cpu-shares")
    if args.given("cpu-quota"):
        found["cpu_quota"] = args.number("cpu-quota")
    if args.given("cpu-period"):
        found["cpu_period"] = args.number("cpu-period")
    if args.given("pids-limit"):
        found["pids_limit"] = args.number("pids-limit")
    if args.given("oom-score-adj"):
        found["oom_score_adj"] = args.number("oom-score-adj")
    if args.given("cpu-rt-period"):
        found["cpu_rt_period"] = args.number("cpu-rt-period")
    if args.given("cpu-rt-runtime"):
        found["cpu_rt_runtime"] = args.number("cpu-rt-runtime")
    if args.given("blkio-weight"):
        found["blkio_weight"] = _whole(args, "blkio-weight")
    if args.given("stop-timeout"):
        found["stop_timeout"] = args.number("stop-timeout")


def as_size(args: Arguments, name: str) -> int:
    """The bytes that a flag names. Raises: InvalidArgument."""
    from seabox.model.literals import read_size

    try:
        return read_size(args.text(name))
    except ValueError as problem:
        raise InvalidArgument(f"invalid value for {name}: {problem}") from None


def _removes_image(args: Arguments) -> bool:
    return any(flag.name == "rmi" for flag in args.command.flags) and args.on("rmi")


def _whole(args: Arguments, name: str) -> int:
    text = args.text(name)
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidArgument(f"invalid value for {name}: {text!a} is not a number")
    return int(text)


def _texts_with_values(args: Arguments, name: str) -> dict[str, str]:
    from seabox.model.literals import read_pair

    return needed_values(name, [pair for text in args.texts(name) for pair in read_pair(text)])


def _octal(text: str) -> int:
    try:
        return int(text, 8) if text.isdecimal() else int("x")
    except ValueError:
        raise InvalidArgument(f"invalid umask string {text}: invalid argument") from None


def words_of_entrypoint(text: str) -> list[str]:
    """A JSON list of words, or one word; empty to drop the image's."""
    if text.startswith("["):
        import json

        try:
            words = json.loads(text)
        except ValueError:
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
    return [text] if text else []


def needed_values(flag: str, pairs: list[tuple[str, str | None]]) -> dict[str, str]:
    """Pairs that must have values. Raises: InvalidArgument."""
    for key, value in pairs:
        if value is None:
            if flag == "annotation":
                raise InvalidArgument("annotations must be formatted KEY=VALUE")
            raise InvalidArgument(f"--{flag} {key}: it must be formatted KEY=VALUE")
    return {key: value for key, value in pairs if value is not None}


def _environment(args: Arguments, said: Mapping[str, Any]) -> dict[str, str]:
    """Our own (all with --env-host, else those for proxies), and what was given."""
    own: dict[str, str] = {}
    if args.on("env-host") or (not args.given("env-host") and said.get("env_host")):
        own = dict(os.environ)
    elif args.on("http-proxy") if args.given("http-proxy") else said.get("http_proxy", True):
        own = {name: os.environ[name] for name in _PROXIES if name in os.environ}
    return own | environment(args)


def labels(args: Arguments) -> dict[str, str]:
    """--label and --label-file."""
    doing = "unable to process labels: "
    given = [pair for path in args.texts("label-file") for pair in pairs_in(path, doing)] + args.pairs("label")
    return {key: value or "" for key, value in given}
