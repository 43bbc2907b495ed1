"""The volume commands and flags, as a user types them; bad input is one line and leaves nothing."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine, cli, machine

__all__ = ["cli", "machine"]


def test_a_volume_from_its_creation_to_its_end(cli: CommandLine) -> None:
    assert cli.ok("volume", "ls") == ""
    assert cli.ok("volume", "create", "--label", "l=x", "data") == "data"
    assert cli.ok("volume", "create", "--ignore", "data") == "data"
    (seen,) = json.loads(cli.ok("volume", "inspect", "data"))
    assert seen.pop("CreatedAt").startswith("20")
    assert seen == {
        "Name": "data", "Driver": "local", "Mountpoint": f"{cli.root}/volumes/data/_data", "Labels": {"l": "x"},
        "Scope": "local", "Options": {}, "MountCount": 0, "NeedsCopyUp": True, "NeedsChown": True,
    }  # fmt: skip
    assert cli("volume", "exists", "data").code == 0
    assert cli("volume", "exists", "dat").code == 1
    cli.ok("run", "-d", "--name", "c", "--volume", "data:/etc", "busybox", "sleep", "1000")
    assert cli.ok("volume", "inspect", "-f", "{{.NeedsCopyUp}} {{.NeedsChown}}", "data") == "false false"
    assert cli.ok("ps", "--filter", "volume=data", "--format", "{{.Names}} {{.Mounts}}") == "c [/etc]"
    assert cli.ok("ps", "-q", "--filter", "volume=nobody") == ""
    id = cli.ok("inspect", "--format", "{{.Id}}", "c")
    refused = cli("volume", "rm", "data")
    assert (refused.code, refused.err) == (
        2, f"Error: volume data is being used by the following container(s): {id}: volume is being used\n"
    )  # fmt: skip
    assert cli.ok("volume", "rm", "--force", "--time", "0", "data") == "data"
    assert cli.names() == []
    missing = cli("volume", "rm", "data")
    assert (missing.code, missing.err) == (1, 'Error: no volume with name "data" found: no such volume\n')
    assert cli.ok("volume", "rm", "-f", "data") == ""
    events = cli.ok("events", "--stream=false", "--filter", "volume=data")
    told = [line.split(" ", 4)[4] for line in events.splitlines()]  # others may have had one of this name before
    assert told[-2:] == ["volume create data", "volume remove data"]


def test_lists(cli: CommandLine) -> None:
    for name, *options in (("volume_1", "-l", "a=1"), ("volume_2", "-l", "a=2"), ("other", "-o", "type=tmpfs")):
        cli.ok("volume", "create", *options, name)
    cli.ok("create", "-v", "volume_1:/v", "busybox", "true")
    listed = ("volume", "ls", "-q", "--filter")
    assert cli.ok("volume", "list").splitlines()[:2] == ["DRIVER      VOLUME NAME", "local       other"]
    assert cli.ok("volume", "ls", "-n").split() == ["local", "other", "local", "volume_1", "local", "volume_2"]
    assert cli.ok(*listed, "name=volume_1.*") == "volume_1"
    assert cli.ok(*listed, "name=volume_1*") == "volume_1\nvolume_2"
    assert cli.ok(*listed, "label=a=1", "--filter", "label=a=2") == "volume_1\nvolume_2"
    assert cli.ok(*listed, "label!=a") == "other"
    assert cli.ok(*listed, "dangling=true") == "other\nvolume_2"
    assert cli.ok(*listed, "dangling=false") == "volume_1"
    assert cli.ok(*listed, "opt=type=tmpfs") == "other"
    assert cli.ok(*listed, "driver=local", "--filter", "scope=local", "--filter", "until=1h") == ""
    assert cli.ok("volume", "ls", "--format", "{{.Name}}:{{.Labels}}", "--filter", "label=a=1") == "volume_1:map[a:1]"
    assert cli.ok("volume", "ls", "--format", "table {{.Name}} {{.Scope}}").split()[:3] == ["VOLUME", "NAME", "SCOPE"]
    assert [each["Labels"] for each in json.loads(cli.ok("volume", "ls", "--format", "json"))] == [
        {}, {"a": "1"}, {"a": "2"}
    ]  # fmt: skip
    assert [each["Name"] for each in json.loads(cli.ok("inspect", "--type", "volume", "other", "volume_1"))] == [
        "other", "volume_1"
    ]  # fmt: skip
    asked = cli("volume", "prune", "--filter", "label=a", stdin=b"n\n")
    assert asked.out.splitlines()[1:] == ["volume_2", "Are you sure you want to continue? [y/N] "]
    assert cli.ok("volume", "prune", "--force").split() == ["other", "volume_2"]
    assert "No dangling volumes found" in cli.ok("volume", "prune")


def test_export_and_import(cli: CommandLine, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        cli.ok("volume", "create", name)
    cli.ok("run", "--rm", "-v", "a:/v", "busybox", "sh", "-c", "echo hello > /v/file")
    cli.ok("volume", "export", "a", "--output", f"{tmp_path}/a.tar")
    cli.ok("volume", "import", "b", f"{tmp_path}/a.tar")
    exported = cli("volume", "export", "b")
    with tarfile.open(fileobj=io.BytesIO(exported.raw)) as tar:
        assert tar.getnames() == ["file"]
    cli.ok("volume", "import", "c", "-", stdin=exported.raw)
    assert cli.ok("run", "--rm", "-v", "c:/v", "busybox", "cat", "/v/file") == "hello"
    broken = cli("volume", "import", "c", stdin=b"this is no archive" * 100)
    assert (broken.code, broken.err.count("\n")) == (125, 1)


@pytest.mark.parametrize("mode", ["bind", "anonymous", "tmpfs", "ignore"])
def test_volumes_of_an_image(cli: CommandLine, mode: str, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "root.tar", "w") as tar:
        tar.add(os.path.realpath("/bin/busybox"), "bin/busybox")
        tar.add("/proc/self/cwd/docs", "data", recursive=False)
    image = f"{mode}-image"
    cli.ok("import", "-c", "VOLUME /data", "-c", "VOLUME /more", f"{tmp_path}/root.tar", image)
    script = ("/bin/busybox", "stat", "-f", "-c", "%T", "/data")
    seen = cli.ok("run", "--name", "c", "--image-volume", mode, "-v", "mine:/more", image, *script)
    assert (seen == "tmpfs") is (mode == "tmpfs")
    anonymous = [name for name in cli.volumes() if name != "mine"]
    assert len(anonymous) == (mode in ("bind", "anonymous"))
    assert cli("run", "--rm", image, *script, env={"CONTAINERS_CONF": _conf(tmp_path, "tmpfs")}).out == "tmpfs\n"
    cli.ok("rm", "-v", "c")
    assert cli.volumes() == ["mine"]
    cli.ok("rmi", image)


def _conf(folder: Path, mode: str) -> str:
    path = folder / "containers.conf"
    path.write_text(f'[engine]\nimage_volume_mode = "{mode}"\n')
    return str(path)


def test_mount_flags(cli: CommandLine, tmp_path: Path) -> None:
    run = ("run", "--rm", "--mount")
    cli.ok(*run, "type=volume,source=data,target=/v,U=true", "--user", "3", "busybox", "touch", "/v/x")
    assert cli(*run, "type=volume,src=data,dst=/v,readonly", "busybox", "rm", "/v/x").code == 1
    assert cli.ok(*run, "src=data,dst=/v", "busybox", "ls", "/v") == "x"  # volume is the default
    cli.ok(*run, "type=volume,dst=/anonymous", "busybox", "touch", "/anonymous/x")
    options = "type=volume,src=fast,dst=/v,volume-opt=type=tmpfs,volume-label=a=b"
    assert cli.ok(*run, options, "busybox", "stat", "-f", "-c", "%T", "/v") == "tmpfs"
    assert cli.ok("volume", "ls", "-q", "--filter", "label=a=b") == "fast"
    assert "bin" in cli.ok(*run, "type=image,src=busybox,dst=/i", "busybox", "ls", "/i").split()
    cli.ok(*run, "type=image,src=busybox,dst=/i,rw=true", "busybox", "touch", "/i/x")
    assert cli.ok(*run, "type=volume,src=data,dst=/w,subpath=/x", "busybox", "ls", "/w") == "/w"
    assert "passwd" in cli.ok(*run, "type=image,src=busybox,dst=/i,subpath=etc", "busybox", "ls", "/i").split()
    id = cli.ok("create", "--mount", "type=image,src=busybox,dst=/i", "busybox")
    form = "{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}}{{end}}"
    assert cli.ok("inspect", "--format", form, id) == "image busybox /i false"
    cli.ok("rm", id)
    assert "max=7" in cli.ok(*run, "type=devpts,target=/dev/pts,max=7", "busybox", "grep", " /dev/pts ", "/proc/mounts")
    assert "ramfs" in cli.ok(*run, "type=ramfs,dst=/r", "busybox", "grep", " /r ", "/proc/mounts")
    cli.ok(*run, f"type=bind,src={tmp_path},dst=/d,O", "busybox", "touch", "/d/x")
    assert os.listdir(tmp_path) == []
    cli.ok("run", "--name", "one", "-v", "data:/v", "busybox", "true")
    assert cli.ok("run", "--rm", "--volumes-from", "one:ro,z", "busybox", "ls", "/v") == "x"
    assert cli.ok("inspect", "-f", "{{range .Mounts}}{{.Type}} {{.Name}} {{.RW}}{{end}}", "one") == "volume data true"


def test_a_directory_for_volumes(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("--volumepath", f"{tmp_path}/v", "volume", "create", "far")
    assert cli.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "far") == f"{tmp_path}/v/far/_data"
    cli.ok("run", "--rm", "-v", "far:/v", "busybox", "touch", "/v/x")
    assert os.listdir(f"{tmp_path}/v/far/_data") == ["x"]
    assert cli.ok("volume", "mount", "far") == f"{tmp_path}/v/far/_data"
    assert cli.ok("volume", "unmount", "far") == "far"
    cli.ok("volume", "rm", "far")
    assert os.listdir(f"{tmp_path}/v") == []


BAD = {
    "volume create a/b": "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument",
    "volume create taken": "volume with name taken already exists: volume already exists",
    "volume create -d far x": "no volume plugin with name far available: required plugin missing",
    "volume create -o a=b x": "invalid mount option 'a' for driver 'local': invalid argument",
    "volume create -o type=bind -o device=/bogus x": (
        "invalid volume option device for driver 'local': stat /bogus: no such file or directory"
    ),
    "volume inspect nobody": "no such volume nobody",
    "volume rm": "choose either one or more volumes or all",
    "volume rm -a x": "choose either one or more volumes or all",
    "volume ls --filter x=y": '"x" is an invalid volume filter',
    "volume ls --filter dangling=perhaps": (
        '"perhaps" is not a valid value for the "dangling" filter - must be true or false'
    ),
    "volume export nobody -o /tmp/x": 'no volume with name "nobody" found: no such volume',
    "volume import nobody /dev/null": 'no volume with name "nobody" found: no such volume',
    "volume import taken /no/such": "open /no/such: no such file or directory",
    "create -v a/b:/v busybox": "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument",
    "create -v new:v busybox": 'invalid container path "v", must be an absolute path',
    "create -v new:/v -v /v busybox": "/v: duplicate mount destination",
    "create -v new:/v:wrong busybox": 'invalid option type "wrong"',
    "create -v new:/v:idmap busybox": (
        'the mount option "idmap" needs a user namespace: give idmap=uids=...;gids=...'
    ),
    "create -v new:/v --volumes-from nobody busybox": (
        'error looking up container "nobody" for volumes-from: no container with name or ID "nobody" found: '
        "no such container"
    ),
    "create --image-volume x busybox": 'invalid image-volume type "x". Pick one of bind, anonymous, tmpfs, or ignore',
    "create --mount type=volume,src=new busybox": "must set volume destination",
    "create --mount type=image,dst=/x busybox": "must set source of an image mount",
    "create --mount type=image,src=nobody,dst=/x --pull=never busybox": "nobody: image not known",
    "create --mount type=devpts,src=x,dst=/x busybox": '"source" option not supported for "devpts" mount types',
    "create --mount type=volume,src=new,dst=/v,wrong busybox": "wrong: invalid mount option",
}


def test_bad_input_is_one_line_and_leaves_nothing(cli: CommandLine) -> None:
    cli.ok("volume", "create", "taken")
    for words, text in BAD.items():
        done = cli(*words.split())
        assert (done.code, done.err) == (125, f"Error: {text}\n"), words
    assert cli.volumes() == ["taken"]
    assert cli.names() == []
