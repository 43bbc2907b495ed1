"""Archives written by hand, so that they can say what no archiver would."""

from __future__ import annotations

import io
import tarfile

Entry = tuple[tarfile.TarInfo, bytes]


def entry(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **facts: object) -> Entry:
    """One entry; `facts` are attributes of TarInfo, `xattrs` a dictionary."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode, info.mtime = kind, len(data), 0o644, 1_600_000_000
    if kind == tarfile.DIRTYPE:
        info.mode = 0o755
    for key, value in facts.items():
        if key == "xattrs":
            assert isinstance(value, dict)
            info.pax_headers |= {f"SCHILY.xattr.{name}": text for name, text in value.items()}
        else:
            setattr(info, key, value)
    return info, data


def folder(name: str, **facts: object) -> Entry:
    return entry(name, tarfile.DIRTYPE, **facts)


def link(name: str, target: str, **facts: object) -> Entry:
    return entry(name, tarfile.SYMTYPE, linkname=target, **facts)


def hard_link(name: str, target: str) -> Entry:
    return entry(name, tarfile.LNKTYPE, linkname=target)


def archive(*members: Entry, form: int = tarfile.PAX_FORMAT) -> bytes:
    """The members as a tar archive; names are taken as they are."""
    out = io.BytesIO()
    for info, data in members:
        out.write(info.tobuf(form, "utf-8", "surrogateescape"))
        out.write(data + bytes(-len(data) % 512))
    out.write(bytes(1024))
    return out.getvalue()


def _many_links(depth: int) -> list[Entry]:
    return [link(f"l{n}", f"l{n + 1}") for n in range(depth)] + [link(f"l{depth}", "/etc"), entry("l0/f")]


def _broken_checksum() -> bytes:
    whole = bytearray(archive(entry("f", data=b"x")))
    whole[150] ^= 1
    return bytes(whole)


def _huge(size: int) -> bytes:
    info, _ = entry("f")
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


def _sparse() -> bytes:
    info, _ = entry("f", tarfile.GNUTYPE_SPARSE)
    info.size = 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"00000000000\0", b"00000001000\0"
    header[483:495] = b"77777777777\0"  # 8 GiB of hole
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(512 + 1024)


def _pax(text: bytes) -> bytes:
    info, _ = entry("PaxHeader", tarfile.XHDTYPE)
    info.size = len(text)
    padded = text + bytes(-len(text) % 512)
    return info.tobuf(tarfile.USTAR_FORMAT) + padded + archive(entry("f", data=b"x"))


def _long_header() -> bytes:
    info, _ = entry("x", tarfile.GNUTYPE_LONGNAME)
    info.size = 1 << 33
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(2048)


# Archives that are refused, `OUT` being a directory outside: name -> what the members are made of.
def refused(out: str) -> dict[str, bytes]:
    """Archives that must not be unpacked, by what is wrong with them; they aim at the directory `out`."""
    up = "../" * 12
    hard = hard_link
    return {
        "dot-dot": archive(entry("../evil", data=b"x")),
        "dot-dot in the middle": archive(folder("a"), entry(f"a/{up}{out[1:]}/evil", data=b"x")),
        "dot-dot at the end": archive(folder("a/..")),
        "dot-dot after a slash": archive(entry(f"/../{out[1:]}/evil", data=b"x")),
        "dot-dot whiteout": archive(entry("a/.wh...")),
        "whiteout of nothing": archive(entry(".wh.")),
        "whiteout of here": archive(entry(".wh..")),
        "link, then file through it": archive(link("a", out), entry("a/evil", data=b"x")),
        "relative link, then file through it": archive(link("a", f"{up}{out[1:]}"), entry("a/evil", data=b"x")),
        "link, then directory through it": archive(link("a", out), folder("a/evil")),
        "link, then link through it": archive(link("a", out), link("a/evil", "x")),
        "link, then device through it": archive(
            link("a", out), entry("a/evil", tarfile.CHRTYPE, devmajor=1, devminor=3)
        ),
        "link, then FIFO through it": archive(link("a", out), entry("a/evil", tarfile.FIFOTYPE)),
        "link, then whiteout through it": archive(link("a", out), entry("a/.wh.canary")),
        "link, then opaque through it": archive(link("a", out), entry("a/.wh..wh..opq")),
        "link, then a directory that is not there": archive(link("a", out), entry("a/b/c/evil", data=b"x")),
        "link to a link": archive(link("a", "b"), link("b", out), entry("a/evil", data=b"x")),
        "link above a link": archive(folder("d"), link("d/a", f"../../../..{out}"), entry("d/a/evil", data=b"x")),
        "forty links": archive(*_many_links(45)),
        "link to itself": archive(link("a", "a"), entry("a/evil", data=b"x")),
        "link to proc": archive(link("a", "/proc/self/root"), entry(f"a{out}/evil", data=b"x")),
        "link to a descriptor": archive(link("a", "/proc/self/fd/3"), entry("a/evil", data=b"x")),
        "link to nowhere, then file through it": archive(link("a", f"{out}/new"), entry("a/evil", data=b"x")),
        "hard link out, absolute": archive(hard("a", f"{out}/canary")),
        "hard link out, relative": archive(hard("a", f"{up}{out[1:]}/canary")),
        "hard link through a link": archive(link("l", out), hard("a", "l/canary")),
        "hard link through a link, then write": archive(link("l", out), hard("a", "l/canary"), entry("a", data=b"x")),
        "hard link at a link": archive(link("l", out), folder("d"), hard("l/evil", "d")),
        "hard link to a directory": archive(folder("d"), hard("a", "d")),
        "hard link to the root": archive(hard("a", "/")),
        "hard link to what is not there": archive(hard("a", "b")),
        "file in the place of a directory": archive(entry("a", data=b"x"), entry("a/b", data=b"x")),
        "root is a file": archive(entry("./", tarfile.FIFOTYPE)),
        "name too long": archive(entry("n" * 300, data=b"x")),
        "too many directories": archive(entry("d/" * 1500 + "f", data=b"x")),
        "huge sparse file": _sparse(),
        "pax sparse file": _pax(b"22 GNU.sparse.major=1\n"),
        "size beyond all disks": _huge(1 << 62),
        "size beyond the limit": _huge(1 << 45),
        "file without its data": archive(entry("f", data=b"x" * 5000))[:3000],
        "half a header": archive(entry("f"))[:300],
        "nothing at all": b"",
        "wrong checksum": _broken_checksum(),
        "no archive": b"MZ" + b"program" * 300,
        "pax record of no length": _pax(b"x path=evil\n"),
        "pax record beyond its end": _pax(b"99 path=evil\n"),
        "pax header without end": _pax(b"12 path=evil"),
        "pax name with NUL": _pax(b"17 path=ev\0il/xx\n"),
        "pax size negative": _pax(b"11 size=-1\n"),
        "extended header of 8 GiB": _long_header(),
        "unknown kind": archive(entry("f", b"Z")),
        "device of no such number": archive(entry("d", tarfile.BLKTYPE, devmajor=0o7777777, devminor=1)),
        "owner beyond 32 bits": archive(entry("f", uid=1 << 40)),
        "attribute too large": archive(entry("f", xattrs={"user.x": "y" * 100_000})),
    }


def contained(out: str) -> dict[str, tuple[bytes, list[str]]]:
    """Archives that look dangerous and are not: what is in the layer afterwards."""
    return {
        "absolute": (archive(entry("/etc/passwd", data=b"x")), ["etc", "etc/passwd"]),
        "absolute, many slashes": (archive(entry("///etc//./passwd", data=b"x")), ["etc", "etc/passwd"]),
        "link out, never used": (archive(link("a", out)), ["a"]),
        "link replaced by a file": (archive(link("a", f"{out}/canary"), entry("a", data=b"x")), ["a"]),
        "link replaced by a directory": (archive(link("a", out), folder("a"), entry("a/f")), ["a", "a/f"]),
        "chmod through a link": (archive(link("a", f"{out}/canary", mode=0o6777)), ["a"]),
        "directory replaced by a link": (archive(folder("a"), entry("a/f"), link("a", out)), ["a"]),
        "twice the same file": (archive(entry("a", data=b"first"), entry("a", data=b"x")), ["a"]),
        "hard link onto itself": (archive(entry("a", data=b"x"), hard_link("a", "a")), ["a"]),
        "hard link to a link": (archive(link("l", f"{out}/canary"), hard_link("a", "l")), ["a", "l"]),
        "link inside": (archive(folder("usr/lib"), link("lib", "usr/lib"), entry("lib/f")),
                        ["lib", "usr", "usr/lib", "usr/lib/f"]),
        "overlay attributes": (archive(folder("d", xattrs={"trusted.overlay.redirect": "/etc"})), ["d"]),
    }  # fmt: skip
