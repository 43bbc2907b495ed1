"""`cp` between the host and containers: where things land, and what is refused in whose words."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(params=["running", "created"])
def ctr(request: pytest.FixtureRequest, cli: CommandLine) -> str:
    """The name of a container whose working directory is /etc."""
    words = ["--name", "c", "--network", "none", "--workdir", "/etc", "busybox", "sleep", "1000"]
    if request.param == "running":
        cli.ok("run", "-d", *words)
    else:
        cli.ok("create", *words)
        cli.ok("start", "c")
        cli.ok("stop", "-t", "0", "c")
    return "c"


def tree(path: Path) -> dict[str, str]:
    return {
        str(file.relative_to(path)): file.read_text() if file.is_file() else "" for file in sorted(path.rglob("*"))
    }


def test_where_a_file_lands(cli: CommandLine, ctr: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for target in ("c:/tmp", "c:/tmp/", "c:/tmp/other", "c:", "c:."):
        if target != "c:":
            assert cli.ok("cp", f"{tmp_path}/file", target) == ""
    for source, target, name in (
        ("c:/tmp/file", "a", "a"),
        ("c:/tmp/other", "b", "b"),
        ("c:file", "c", "c"),
        ("c:/tmp/file", ".", "file"),
    ):
        cli.ok("cp", source, f"{tmp_path}/{target}")
        assert (tmp_path / name).read_text() == "text"
        (tmp_path / name).unlink()


def test_where_a_directory_lands(cli: CommandLine, ctr: str, tmp_path: Path) -> None:
    (tmp_path / "in/dir").mkdir(parents=True)
    (tmp_path / "in/dir/file").write_text("text")
    cli.ok("cp", f"{tmp_path}/in/dir", "c:/tmp")  # into it
    cli.ok("cp", f"{tmp_path}/in/dir", "c:/tmp/new")  # as it
    cli.ok("cp", f"{tmp_path}/in/dir/.", "c:/tmp/dir")  # its content
    cli.ok("cp", f"{tmp_path}/in/dir/.", "c:/tmp/content")
    out = tmp_path / "out"
    cli.ok("cp", "c:/tmp", str(out))
    assert set(tree(out)) == {"dir", "dir/file", "new", "new/file", "content", "content/file"}
    cli.ok("cp", "c:/tmp/dir", str(out))
    cli.ok("cp", "c:/tmp/dir/.", str(out))
    assert tree(out)["file"] == "text"


def test_tar_by_stdin_and_stdout(cli: CommandLine, ctr: str) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        member = tarfile.TarInfo("file")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"text"))
    assert cli.ok("cp", "-", "c:/tmp", stdin=data.getvalue()) == ""
    with tarfile.open(fileobj=io.BytesIO(cli("cp", "c:/tmp/file", "-").raw)) as tar:
        file = tar.extractfile("file")
        assert file is not None
        assert file.read() == b"text"


def test_a_link_at_the_end_is_followed_even_to_nowhere(cli: CommandLine, ctr: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "to-nowhere").symlink_to("/tmp/fresh")
    (tmp_path / "to-file").symlink_to("fresh")
    with tarfile.open(tmp_path / "links.tar", "w") as tar:
        tar.add(tmp_path / "to-nowhere", "to-nowhere")
        tar.add(tmp_path / "to-file", "to-file")
    cli.ok("cp", "-", "c:/tmp", stdin=(tmp_path / "links.tar").read_bytes())
    for link in ("to-nowhere", "to-file"):
        (tmp_path / "file").write_text(link)
        cli.ok("cp", f"{tmp_path}/file", f"c:/tmp/{link}")
        cli.ok("cp", "c:/tmp/fresh", f"{tmp_path}/back")
        assert (tmp_path / "back").read_text() == link
    with tarfile.open(fileobj=io.BytesIO(cli("cp", "c:/tmp", "-").raw)) as tar:
        assert [tar.getmember(f"tmp/{link}").issym() for link in ("to-nowhere", "to-file")] == [True, True]


def test_into_mounts_within_mounts_of_one_that_never_ran(cli: CommandLine, ctr: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "host").mkdir()
    outer, inner, host = "outer:/data", "inner:/data/volume", f"{tmp_path}/host:/data/volume/host"
    cli.ok("create", "--name", "m", "--network", "none", "-v", outer, "-v", inner, "-v", host, "busybox")
    cli.ok("cp", f"{tmp_path}/file", "m:/data/volume/one")
    cli.ok("cp", f"{tmp_path}/file", "m:/data/volume/host/two")
    place = Path(cli.ok("volume", "inspect", "--format", "{{.Mountpoint}}", "inner").strip())
    assert (place / "one").read_text() == (tmp_path / "host/two").read_text() == "text"


def test_between_containers(cli: CommandLine, ctr: str, tmp_path: Path) -> None:
    cli.ok("create", "--name", "d", "--network", "none", "busybox")
    (tmp_path / "file").write_text("text")
    cli.ok("cp", f"{tmp_path}/file", "c:/tmp/one")
    cli.ok("cp", "c:/tmp/one", "d:/tmp/two")
    cli.ok("cp", "c:/tmp/one", "c:/tmp/three")
    for source in ("d:/tmp/two", "c:/tmp/three"):
        cli.ok("cp", source, f"{tmp_path}/back")
        assert (tmp_path / "back").read_text() == "text"


def test_overwrite(cli: CommandLine, ctr: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("text")
    (tmp_path / "d/x").mkdir(parents=True)
    cli.ok("cp", f"{tmp_path}/x", "c:/tmp")
    done = cli("cp", f"{tmp_path}/d/x", "c:/tmp/")
    assert (done.code, "file exists" in done.err, 'error creating "/tmp/x"' in done.err) == (125, True, True), done
    cli.ok("cp", "--overwrite", f"{tmp_path}/d/x", "c:/tmp/")


def test_refusals(cli: CommandLine, ctr: str, tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_text("text")
    gone = ": no such file or directory"
    for words, said in (
        (["/no/such", "c:/tmp"], f'"/no/such" could not be found on the host{gone}'),
        (["c:/no/such", str(tmp_path)], f'"/no/such" could not be found on container c{gone}'),
        (["c:/etc/passwd", f"{tmp_path}/no/such"], f'"{tmp_path}/no/such" could not be found on the host{gone}'),
        (["c:/etc/passwd", f"{tmp_path}/none/"], f'"{tmp_path}/none/" could not be found on the host{gone}'),
        ([f"{tmp_path}/file", "c:/none/"], f'"/none/" could not be found on container c{gone}'),
        ([f"{tmp_path}/file", "c:/no/such"], f'"/no/such" could not be found on container c{gone}'),
        ([f"{tmp_path}/dir", "c:/etc/passwd"], "destination must be a directory when copying a directory"),
        (["c:/etc", f"{tmp_path}/file"], "destination must be a directory when copying a directory"),
        (["-", "c:/etc/passwd"], "destination must be a directory when copying from stdin"),
        (["-", "c:/no/such"], "destination must be a directory when copying from stdin"),
        (["-", "c:/tmp"], "source must be a (compressed) tar archive when copying from stdin"),
        (["c:/etc/passwd", "/dev/null"], 'invalid destination: "/dev/null" must be a directory or a regular file'),
        (["/dev/null", "c:/tmp"], 'invalid source: "/dev/null" must be a directory or a regular file'),
        ([f"{tmp_path}/file", str(tmp_path)], "must specify at least one container source or destination"),
        (["nobody:/x", str(tmp_path)], 'no container with name or ID "nobody" found: no such container'),
    ):
        done = cli("cp", *words, stdin=b"not an archive" * 100)
        assert (done.code, done.out, done.err) == (125, "", f"Error: {said}\n"), words
