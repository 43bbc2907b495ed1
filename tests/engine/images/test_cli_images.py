from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.cli.command_line import SECONDS, CommandLine
from seabox.kernel import cgroups
from seabox.testing.census import take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.images.conftest import Registry

NONE = "manifest unknown"


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path)
    line.ok("image", "embed", "busybox")
    before = take(line.root, line.runroot, cgroup_parent=line.parent)
    yield line
    line("rm", "--all", "--force", "--time", "0")
    line("image", "unmount", "--all")
    assert before.left_since() == []
    cgroups.remove(line.parent, kill=True)


def test_the_words_of_podman(cli: CommandLine, registry: Registry, tmp_path: Path) -> None:
    id = cli.ok("images", "-q", "--no-trunc").removeprefix("sha256:")
    place = f"{registry.host}/cli/tool:1"
    done = cli("push", "--tls-verify=false", "--digestfile", f"{tmp_path}/digest", "busybox", place)
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[0] == "Getting image source signatures"
    digest = (tmp_path / "digest").read_text()
    done = cli("pull", "--tls-verify=false", place)
    assert done.code == 0
    assert re.fullmatch(r"[0-9a-f]{64}\n", done.out)
    assert done.err.startswith(f"Trying to pull {place}...\nGetting image source signatures\n")
    pulled = done.out.strip()
    assert pulled == id
    assert cli.ok("pull", "-q", "--tls-verify=false", f"{registry.host}/cli/tool@{digest}") == pulled
    listed = cli.ok("images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", "tool").splitlines()
    assert f"{place} {pulled[:12]}" in listed
    assert digest in cli.ok("image", "inspect", "--format", "{{.Digest}} {{.RepoDigests}}", place)
    cli.ok("image", "exists", place)
    missing = f"{registry.host}/cli/none"
    for words in (("pull",), ("run", "--rm")):
        done = cli(*words, "--tls-verify=false", missing)
        assert done.code == 125
        assert f"initializing source docker://{missing}:latest: " in done.err
        assert done.err.count("\n") == 2
    assert cli("run", "--pull=never", missing).err == f"Error: {missing}: image not known\n"
    assert cli("create", "--pull=sometimes", "busybox").code == 125
    cli.ok("tag", "busybox", f"{registry.host}/cli/tool:2")
    cli("push", "-q", "--tls-verify=false", f"{registry.host}/cli/tool:2")
    assert cli.ok("pull", "-q", "-a", "--tls-verify=false", f"{registry.host}/cli/tool").splitlines() == [id, id]

    assert cli.ok("rmi", place).splitlines() == [f"Untagged: {place}"]
    done = cli("run", "--rm", "--tls-verify=false", place, "echo", "hello")
    assert (done.code, done.out) == (0, "hello\n")
    assert done.err.startswith(f"Trying to pull {place}...")
    assert cli.ok("run", "--rm", place, "echo", "hello") == "hello"
    done = cli("rmi", "none")
    assert (done.code, done.err) == (1, "Error: none: image not known\n")
    assert cli.ok("rmi", "--force", "none") == ""


def test_archives_and_names(cli: CommandLine, tmp_path: Path) -> None:
    id = cli.ok("images", "-q", "--no-trunc").removeprefix("sha256:")
    cli.ok("tag", "busybox", "tool:1", "quay.io/x/y:2")
    saved = cli("save", "tool:1", "quay.io/x/y:2")
    assert (saved.code, saved.err) == (0, "")
    cli.ok("save", "-q", "--format", "oci-archive", "-o", f"{tmp_path}/o.tar", "busybox")
    assert cli("save", "--format", "oci-dir", "busybox").code == 125
    assert cli("rmi", id).code == 2
    assert cli.ok("rmi", "-f", id).splitlines()[-1] == f"Deleted: {id}"
    assert cli.ok("images", "-n") == ""
    done = cli("load", stdin=saved.raw)
    assert done.out.splitlines() == ["Loaded image: localhost/tool:1", "Loaded image: quay.io/x/y:2"]
    assert done.err.splitlines()[0] == "Getting image source signatures"
    assert cli.ok("load", "-q", "-i", f"{tmp_path}/o.tar") == "Loaded image: localhost/busybox:latest"
    assert cli.ok("images", "-q", "--no-trunc").removeprefix("sha256:") == id
    cli.ok("untag", "busybox", "tool:1")
    assert cli.ok("images", "--filter", "reference=tool", "-q") == ""
    cli.ok("untag", "busybox")
    assert cli.ok("images", "--filter", "dangling=true", "-n").split()[:2] == ["<none>", "<none>"]
    assert cli.ok("image", "prune", "--force") == id
    done = cli("load", stdin=b"rubbish" * 1000)
    assert (done.code, done.out) == (125, "")
    assert done.err.splitlines()[-1].startswith("Error: /dev/stdin: payload does not match")


def test_commit_diff_history_and_mount(cli: CommandLine) -> None:
    cli.ok("run", "--name", "c", "busybox", "sh", "-c", "echo new >/etc/new; rm /bin/vi")
    assert cli.ok("diff", "c").splitlines() == ["C /bin", "D /bin/vi", "C /etc", "A /etc/new"]
    cli.ok("create", "--name", "idle", "busybox", "echo", "idle")  # it has written nothing, and never will
    cli.ok("commit", "-q", "idle", "idle:1")
    assert cli.ok("run", "--rm", "idle:1") == "idle"
    assert json.loads(cli.ok("diff", "--format", "json", "c"))["deleted"] == ["/bin/vi"]
    id = cli.ok("commit", "-q", "-m", "note", "--change", 'CMD ["cat","/etc/new"]', "-a", "me", "c", "done:1")
    assert cli.ok("run", "--rm", "done:1") == "new"
    assert cli.ok("image", "diff", "done:1").splitlines()[-1] == "A /etc/new"
    steps = json.loads(cli.ok("history", "--format", "json", "done:1"))
    assert [(step["id"], step.get("comment", "")) for step in steps] == [(id, "note"), ("<missing>", "")]
    assert cli.ok("image", "tree", "done:1").splitlines()[-1].endswith("Top Layer of: [localhost/done:1]")
    place = cli.ok("image", "mount", "done:1")
    assert Path(place, "etc/new").read_text() == "new\n"
    with pytest.raises(OSError, match="Read-only"):
        Path(place, "etc/new").write_text("x")
    assert place in cli.ok("image", "mount")
    assert cli("rmi", "done:1").code == 2
    assert cli.ok("image", "unmount", "done:1") == id
    user = cli.ok("create", "done:1")
    done = cli("rmi", "done:1")
    assert (done.code, done.err) == (2, f"Error: image used by {user}: image is in use by a container\n")
    assert cli.ok("rmi", "-f", "done:1").splitlines()[-1] == f"Deleted: {id}"
    assert cli("container", "exists", user).code == 1


def test_login_and_logout(cli: CommandLine, guarded: Registry, tmp_path: Path) -> None:
    auth = f"--authfile={tmp_path}/auth.json"
    place = f"{guarded.host}/x:1"
    done = cli(
        "login", auth, "--tls-verify=false", "-u", "sailor", "--password-stdin", guarded.host, stdin=b"ahoy there\n"
    )
    assert (done.code, done.out) == (0, "Login Succeeded!\n")
    assert cli.ok("login", auth, "--get-login", guarded.host) == "sailor"
    assert cli("push", "-q", auth, "--tls-verify=false", "busybox", place).code == 0
    assert cli("pull", "-q", "--creds", "sailor:wrong", "--tls-verify=false", place).code == 125
    assert cli("pull", "-q", "--creds", "sailor:ahoy there", "--tls-verify=false", place).code == 0
    assert cli("logout", auth, guarded.host).code == 0
    assert cli("login", auth, "--get-login", guarded.host).code == 125
    cli.ok("secret", "create", "word", "-", stdin=b"ahoy there")
    by_secret = ("login", auth, "--tls-verify=false", "--secret", "word", guarded.host)
    assert cli(*by_secret).code == 125  # as the user "word"
    assert cli.ok(*by_secret, "-u", "sailor") == "Login Succeeded!"
    assert cli(*by_secret, "-p", "x").err == "Error: --secret can not be used with --password options\n"
    missing = cli("login", "--secret", "nobody", guarded.host)
    assert missing.err == 'Error: no secret with name or id "nobody": no such secret\n'
    cli.ok("secret", "rm", "word")


def test_archives_from_pipes_and_from_the_web(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("save", "-o", f"{tmp_path}/image.tar", "busybox")
    cli.ok("create", "--name", "c", "busybox")
    cli.ok("export", "-o", f"{tmp_path}/root.tar", "c")
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{web.server_port}"
        assert cli.ok("load", "-q", "-i", f"{address}/image.tar") == "Loaded image: localhost/busybox:latest"
        cli.ok("import", "-q", f"{address}/root.tar", "fetched")
        wrong = cli("import", f"{address}/nowhere.tar")
    finally:
        web.shutdown()
        web.server_close()
    assert (wrong.code, wrong.err) == (125, f"Error: {address}/nowhere.tar: 404 File not found\n")
    typed = cli("import", "-q", "-", "typed", stdin=(tmp_path / "root.tar").read_bytes())
    assert typed.code == 0, typed.err
    for name in ("fetched", "typed"):
        assert cli.ok("run", "--rm", name, "ls", "/bin/busybox") == "/bin/busybox"
    assert cli.ok("inspect", "-f", "{{.ID}}", "typed") == typed.out.strip().removeprefix("sha256:")


def test_commit_as_one_layer_and_in_dockers_form(cli: CommandLine, tmp_path: Path) -> None:
    cli.ok("run", "--name", "c", "-v", "/tmp:/data", "busybox", "sh", "-c", "echo new >/new; rm /bin/vi")
    done = cli("commit", "--squash", "--include-volumes", "--format", "docker", "c", "one")
    assert done.err.splitlines()[0] == "Getting image source signatures"
    assert done.err.splitlines()[-1] == "Storing signatures"
    assert cli("commit", "-q", "c", "two").err == ""
    shown = "{{len .RootFS.Layers}} {{.Config.Volumes}} {{.ManifestType}}"
    docker, oci = "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json"
    assert cli.ok("inspect", "-f", shown, "one") == f"1 map[/data:map[]] {docker}"
    assert cli.ok("inspect", "-f", shown, "two") == f"2 map[] {oci}"
    assert cli.ok("run", "--rm", "one", "sh", "-c", "cat /new; test -e /bin/vi || echo gone") == "new\ngone"
    wrong = cli("commit", "--format", "bogus", "c")
    assert (wrong.code, wrong.err) == (125, 'Error: unrecognized image format "bogus"\n')
    cli.ok("save", "--compress", "--format", "docker-dir", "-o", f"{tmp_path}/dir", "busybox")
    assert json.loads((tmp_path / "dir/manifest.json").read_text())["layers"][0]["mediaType"].endswith("+gzip")
    assert cli.ok("pull", "-q", f"dir:{tmp_path}/dir") == cli.ok("inspect", "-f", "{{.Id}}", "busybox")
    assert cli("save", "--compress", "-o", f"{tmp_path}/x", "busybox").code == 125


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_signed_and_searched(cli: CommandLine, registry: Registry, tmp_path: Path) -> None:
    cli.ok("push", "-q", "--tls-verify=false", "busybox", f"{registry.host}/team/box:1")
    assert cli.ok("search", "--list-tags", "--tls-verify=false", f"{registry.host}/team/box").split()[-1] == "1"
    words = ("search", "--tls-verify=false", "--format", "{{.Index}} {{.Name}}")
    assert cli.ok(*words, f"{registry.host}/tea") == f"{registry.host} {registry.host}/team/box"
    assert cli.ok(*words, f"{registry.host}/nothing") == ""
    done = cli("search", f"{registry.host}/team")  # it has no certificate
    assert (done.code, done.err.count("\n")) == (125, 1), done.err
    for wrong in (["--filter", "stars=x", "a"], ["--limit", "-1", "a"], ["bad host:1/a"]):
        done = cli("search", *wrong)
        assert (done.code, done.err.count("\n")) == (125, 1), done.err
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    env = {"GNUPGHOME": str(home)}
    # gpg itself gives it no more than five seconds to begin
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["gpg-agent", "--daemon"], env=os.environ | env, check=True, **silent)
    words = ["--batch", "--passphrase", "", "--quick-gen-key", "me@example.org", "rsa2048"]
    subprocess.run(["gpg", "-q", *words], env=os.environ | env, check=True, capture_output=True)
    try:
        (tmp_path / "registries.conf").write_text(f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n')
        env["CONTAINERS_REGISTRIES_CONF"] = f"{tmp_path}/registries.conf"
        to = ("--directory", f"{tmp_path}/sigs", f"docker://{registry.host}/team/box:1")
        done = cli("image", "sign", "--sign-by", "me@example.org", *to, env=env)
        assert (done.code, done.out) == (0, ""), done.err
        (path,) = (tmp_path / "sigs/team").glob("box@sha256=*/signature-1")
        told = subprocess.run(["gpg", "-q", "-d", path], env=os.environ | env, check=True, capture_output=True)
        assert json.loads(told.stdout)["critical"]["identity"]["docker-reference"] == f"{registry.host}/team/box:1"
        assert cli("image", "sign", *to).err == "Error: please provide an identity\n"
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=os.environ | env, check=True)


@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
def test_lists_of_images(cli: CommandLine, registry: Registry, tmp_path: Path) -> None:
    for words in (("create", "all", "busybox"), ("annotate", "--arch", "arm64", "all", "DIGEST")):
        listed = cli("manifest", "inspect", "all").out
        digest = json.loads(listed)["manifests"][0]["digest"] if listed else ""
        done = cli("manifest", *(digest if word == "DIGEST" else word for word in words))
        assert done.code == 0, done.err
    (entry,) = json.loads(cli.ok("manifest", "inspect", "all"))["manifests"]
    assert entry["platform"]["architecture"] == "arm64"
    place = f"{registry.host}/team/all:1"
    push = ("manifest", "push", "--all", "--tls-verify=false", "--digestfile", f"{tmp_path}/digest", "all")
    failed = cli(*push, "127.0.0.1:1/team/all:1")
    assert (failed.code, "connection refused" in failed.err) == (125, True)
    assert not (tmp_path / "digest").exists()
    assert cli(*push, place).code == 0
    assert (tmp_path / "digest").read_text().startswith("sha256:")
    wrong = cli("pull", "--tls-verify=false", place)
    assert "no image found in manifest list for platform linux/amd64" in wrong.err
    names = "{{.Repository}} {{.Id}}"
    ((_, id),) = (line.split() for line in cli.ok("images", "--format", names).splitlines() if "localhost/all" in line)
    assert cli.ok("rmi", "all") == f"Untagged: localhost/all:latest\nDeleted: {id}"
    assert cli("manifest", "exists", "all").code == 1
    assert cli("manifest", "create", "all").code == 0
    assert cli("manifest", "rm", "all").code == 0
    assert cli("manifest", "exists", "all").code == 1


@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_build_ends_with_the_command(cli: CommandLine, tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "Containerfile").write_text("FROM localhost/busybox\nRUN echo begun; sleep 1000\n")
    before = take(cli.root, cli.runroot, cgroup_parent=cli.parent)
    with cli.start("build", "--isolation", "chroot", str(tmp_path), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert any(line == b"begun\n" for line in process.stdout)
        process.send_signal(how)
        assert process.wait(SECONDS) != 0
    before.left_since()  # nothing but files is left, when buildah has ended
    cli.ok("image", "embed", "busybox")  # whoever adds an image next takes away what a killed one was working on


@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
def test_build(cli: CommandLine, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "note").write_text("ahoy\n")
    (context / "Containerfile").write_text(
        "FROM localhost/busybox\nARG WORD=none\nCOPY note /note\nENV SHIP=$WORD\n"
        'RUN echo $WORD >>/note && rm /bin/vi\nCMD ["cat", "/note"]\n'
    )
    flags = ("--isolation", "chroot", "--build-arg", "WORD=yes")
    done = cli("build", *flags, "-t", "built:1", "--iidfile", f"{tmp_path}/id", str(context))
    assert done.code == 0, done.err
    assert (tmp_path / "id").read_text() == f"sha256:{done.out.split()[-1]}"
    assert "STEP 1/6" in done.out
    assert "Successfully tagged localhost/built:1" in done.out
    assert cli.ok("run", "--rm", "built:1", "cat", "/note") == "ahoy\nyes"
    assert cli.ok("run", "--rm", "built:1", "sh", "-c", "echo $SHIP; test -e /bin/vi || echo gone") == "yes\ngone"
    (context / "Containerfile").write_text("FROM localhost/busybox\nRUN false\n")
    before = cli.ok("images", "-q")
    done = cli("build", "--isolation", "chroot", str(context))
    assert done.code not in (0, 125)
    assert done.err.count("Error: ") == 1
    assert cli.ok("images", "-q") == before
    (context / "Containerfile").write_text("ARG ON=busybox\nFROM localhost/$ON AS one\nRUN echo two >/two\n")
    assert "Using cache" not in cli("build", "--isolation", "chroot", str(context)).out
    assert "Using cache" in cli("build", "--isolation", "chroot", "-t", "kept", str(context)).out
    assert "Using cache" not in cli("build", "--isolation", "chroot", "--no-cache", str(context)).out
    cli.ok("image", "prune", "-f")
    assert "Using cache" not in cli("build", "--isolation", "chroot", str(context)).out
    (context / "Containerfile").write_text("FROM busybox\nARG FROM_US\nRUN echo got $FROM_US\nHEALTHCHECK CMD true\n")
    flags = ("--isolation", "chroot", "--format", "docker", "--build-arg", "FROM_US", "-t", "kept")
    for _ in range(2):
        done = cli("build", *flags, str(context), env={"FROM_US": "us"})
        assert "got us" in done.out.splitlines()
        assert cli.ok("inspect", "-f", "{{.Id}} {{.Config.Healthcheck.Test}}", "kept") == (
            f"{done.out.split()[-1]} [CMD-SHELL true]"
        )
        cli.ok("rmi", "kept")  # and what led to it is not kept either
    typed = b"FROM localhost/busybox\nLABEL typed=yes\n"
    for words in (("-",), ("-f", "-", str(context))):
        assert cli("build", "-q", "--isolation", "chroot", "-t", "typed", *words, stdin=typed).code == 0
        assert cli.ok("image", "inspect", "--format", "{{.Labels.typed}}", "typed") == "yes"
    assert cli("build", f"{tmp_path}/nowhere").code == 125


def test_to_another_machine_and_back(cli: CommandLine, tmp_path: Path) -> None:
    """`ssh` is a stand-in that runs what it is given here, where `seabox` is another store."""
    (tmp_path / "other").mkdir()
    other = CommandLine(tmp_path / "other")
    words = " ".join(map(shlex.quote, other.argv))
    for name, script in (("ssh", '[ "$1" = -- ] || exit 9; echo "$2" >> hosts; shift 2; exec sh -c "$*"'),
                         ("seabox", f"SEABOX_CONF={other.env['SEABOX_CONF']} exec {words} \"$@\"")):  # fmt: skip
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
        path.chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    id = cli.ok("images", "-q", "--no-trunc", "busybox")
    done = cli("image", "scp", "busybox", "root@far::", env=env)
    assert (done.code, done.out) == (0, "Loaded image: localhost/busybox:latest\n"), done
    assert other.ok("images", "-q", "--no-trunc", "busybox") == id
    other.ok("tag", "busybox", "back")
    done = cli("image", "scp", "-q", "far::back", env=env)
    assert (done.code, done.out) == (0, "Loaded image: localhost/back:latest\n"), done
    assert (tmp_path / "hosts").read_text() == "root@far\nfar\n"
    for wrong, why in (
        (["far::nothing"], "image not known"), (["nothing", "far::"], "image not known"),
        (["busybox"], "must be another machine"), (["busybox", "far::new"], "keeps its name"),
        (["busybox", "-oProxyCommand=x::"], "unknown shorthand"), (["--", "busybox", "-oProxyCommand=x::"], "no"),
    ):  # fmt: skip
        done = cli("image", "scp", *wrong, env=env)
        assert (done.code, why in done.err, done.out) == (125, True, ""), (wrong, done)
    assert cli("image", "scp", "busybox", "far::", env={"PATH": "/none"}).code == 125
