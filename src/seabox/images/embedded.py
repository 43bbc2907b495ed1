"""An image made of nothing but the host's static busybox: for first steps, tests, and hosts without a registry."""

from __future__ import annotations

import io
import os
import struct
import tarfile

import msgspec

from ..errors import Unsupported
from ..kernel.process import clean_env
from ..kernel.programs import run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .catalog import Catalog

_PLACES = ("/bin/busybox", "/usr/bin/busybox", "/usr/lib/busybox/busybox")
_PT_INTERP = 3
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}

_DIRECTORIES = {
    "bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "proc": 0o755, "root": 0o700, "run": 0o755,
    "sbin": 0o755, "sys": 0o755, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755, "usr/sbin": 0o755, "var": 0o755,
    "var/tmp": 0o1777,
}  # fmt: skip
_PASSWD = b"""\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
"""
_GROUP = b"""\
root:x:0:
daemon:x:1:
bin:x:2:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
wheel:x:10:root
www-data:x:33:
operator:x:37:
users:x:100:
nobody:x:65534:
"""


class Embedded:
    """The content of the image. Times and order are fixed, so that one busybox gives one image id."""

    __slots__ = ("created_at", "directories", "files", "links")

    def __init__(self, program: bytes, applets: list[str], created_at: int) -> None:
        self.created_at = created_at
        self.files = {"bin/busybox": (program, 0o755), "etc/group": (_GROUP, 0o644), "etc/passwd": (_PASSWD, 0o644)}
        self.links = sorted({path for path in applets if path not in self.files})
        self.directories = dict(_DIRECTORIES)
        for path in self.links:
            parent = os.path.dirname(path)
            while parent:
                self.directories.setdefault(parent, 0o755)
                parent = os.path.dirname(parent)

    def archive(self) -> bytes:
        """The layer as a tar archive."""
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path, mode in sorted(self.directories.items()):
                tar.addfile(self._entry(path, mode, tarfile.DIRTYPE))
            for path, (data, mode) in sorted(self.files.items()):
                entry = self._entry(path, mode, tarfile.REGTYPE)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
            for path in self.links:
                entry = self._entry(path, 0o777, tarfile.SYMTYPE)
                entry.linkname = "/bin/busybox"
                tar.addfile(entry)
        return content.getvalue()

    def _entry(self, path: str, mode: int, kind: bytes) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(path)
        entry.mode, entry.type, entry.mtime = mode, kind, self.created_at // 10**9
        return entry

    def config(self, diff_id: str) -> bytes:
        """The image's configuration in OCI form."""
        import datetime

        created = datetime.datetime.fromtimestamp(self.created_at // 10**9, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        machine = os.uname().machine
        return msgspec.json.encode({
            "created": created,
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                "Cmd": ["sh"],
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
            "history": [{"created": created, "created_by": "seabox image embed busybox"}],
        })  # fmt: skip


def embed(catalog: Catalog, name: str) -> str:
    """The embedded image is there under this name; its id. See Images.embed."""
    from . import manifest

    content = busybox()
    archive = content.archive()
    with catalog.adding():
        diff_id = catalog.files.write_blob(archive)
        config = content.config(diff_id)
        catalog.files.write_blob(config)
        layer = manifest.Descriptor(manifest.OCI_LAYER, f"sha256:{diff_id}", len(archive))
        return catalog.register(manifest.new_manifest(config, [layer]), [name])


def busybox(places: tuple[str, ...] = _PLACES) -> Embedded:
    """The content of the busybox image, from the first of these files that there is. Runs it once.

    Raises: Unsupported if there is none, it needs shared libraries, or it cannot list its applets.
    """
    path = next((place for place in places if os.path.exists(place)), "")
    if not path:
        raise Unsupported("this host has no busybox to make an image of: install the package busybox-static")
    with open(path, "rb") as file:
        program = file.read()
        created_at = os.fstat(file.fileno()).st_mtime_ns
    if not _is_static(program):
        raise Unsupported(f"{path} is not a statically linked program: install the package busybox-static")
    answer = run([path, "--list-full"], env=clean_env(), timeout_seconds=10)
    if answer.code != 0 or not answer.out:
        raise Unsupported(f"{path} --list-full failed ({answer.code}): install the package busybox-static")
    return Embedded(program, answer.out.decode().split(), created_at)


def _is_static(program: bytes) -> bool:
    """Whether this is an ELF executable that asks for no interpreter."""
    if program[:4] != b"\x7fELF" or len(program) < 64:
        return False
    order = "<" if program[5] == 1 else ">"
    if program[4] == 2:
        table, size, count = (
            *struct.unpack_from(f"{order}Q", program, 32),
            *struct.unpack_from(f"{order}HH", program, 54),
        )
    else:
        table, size, count = (
            *struct.unpack_from(f"{order}I", program, 28),
            *struct.unpack_from(f"{order}HH", program, 42),
        )
    if table + size * count > len(program):
        return False
    return all(
        struct.unpack_from(f"{order}I", program, table + size * number)[0] != _PT_INTERP for number in range(count)
    )
