"""Building images: buildah does it, in a store of its own that lives as long as the build; the result becomes ours."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack

from ..errors import InvalidArgument, NoSuchImage, SeaboxError, Unsupported
from ..kernel.files import make_dir, remove_tree, write_file
from ..kernel.process import kill_group, reap, spawn
from .load import load_layout
from .pull import lay_out
from .reference import local_name
from .skopeo import registries_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..model.image import ImageRow
    from .catalog import Catalog
    from .needs import Host
    from .skopeo import Progress

_FROM = re.compile(rb"^\s*FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE | re.MULTILINE)


class BuildFailed(SeaboxError):
    """buildah ended with an error, which it has explained on stderr; its exit code is ours."""

    def __init__(self, code: int) -> None:
        super().__init__(f"building failed: buildah ended with exit code {code}")
        self.exit_code = code


def build(
    catalog: Catalog, host: Host, find: Callable[[str], ImageRow], arguments: Sequence[str], names: Sequence[str],
    files: Sequence[str], containerfile: bytes | None, runtime: str, progress: Progress | None,
) -> str:  # fmt: skip
    """The image is here; its id. See Images.build."""
    if not host.buildah:
        raise Unsupported("buildah was not found: install it to build images")
    tags = [local_name(name) for name in names]
    with catalog.adding(), catalog.files.workspace() as place:
        store = ["--root", f"{place}/store", "--runroot", f"{place}/run", "--storage-driver", "vfs"]
        registries = registries_option(host.env)
        env = dict(host.env)
        if "CONTAINERS_CONF" not in env:  # this one has no plugins of the kind that older buildahs look for
            write_file(f"{place}/containers.conf", b'[network]\nnetwork_backend = "netavark"\n')
            env["CONTAINERS_CONF"] = f"{place}/containers.conf"
        words = [*(["--runtime", runtime] if runtime else []), *arguments]
        if containerfile is not None:
            make_dir(f"{place}/empty")
            write_file(f"{place}/empty/Containerfile", containerfile)
            files = [f"{place}/empty/Containerfile"]
            words = [*words[:-1], f"--file={files[0]}", words[-1] or f"{place}/empty"]
        for name in _bases(files):
            try:
                image = find(name)
            except (NoSuchImage, InvalidArgument):
                continue  # a stage, scratch, or something that buildah has to pull
            lay_out(catalog, image, f"{place}/base")
            target = f"containers-storage:[vfs@{place}/store+{place}/run]{local_name(name)}"
            _run(env, [host.skopeo, *registries, "copy", "-q", f"dir:{place}/base", target])
            remove_tree(f"{place}/base")
        try:
            _run(env, [host.buildah, *store, *registries, "build", "--iidfile", f"{place}/id", *words])
            with open(f"{place}/id") as file:
                id = file.read().strip()
            _run(env, [host.buildah, *store, "push", "-q", id, f"oci:{place}/layout"])
        finally:
            _run(env, [host.buildah, *store, "rm", "--all"], quiet=True)
        found = load_layout(catalog, f"{place}/layout", progress)
    row = find(found)
    catalog.index.set_names(row.id, [*row.names, *tags], [("build", tag) for tag in tags or ("",)])
    return found


def _bases(files: Sequence[str]) -> list[str]:
    """What the Containerfiles say FROM of."""
    found: dict[str, None] = {}
    for path in files:
        with open(path, "rb") as file:
            found |= dict.fromkeys(os.fsdecode(name) for name in _FROM.findall(file.read(1 << 20)))
    return [name for name in found if name != "scratch" and "$" not in name]


def _run(env: Mapping[str, str], argv: Sequence[str], *, quiet: bool = False) -> None:
    """The program has run, its words going where ours go. Raises: BuildFailed."""
    with ExitStack() as undo:
        out = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC) if quiet else 2
        if quiet:
            undo.callback(os.close, out)
        pid = spawn(argv, env=env, cwd=os.getcwd(), stdout=out, stderr=out, new_group=True)
        try:
            code = reap(pid)
        except BaseException:
            kill_group(pid)
            raise
    if code and not quiet:
        raise BuildFailed(code if code > 0 else 125)
