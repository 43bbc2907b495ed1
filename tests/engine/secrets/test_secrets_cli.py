"""The secret commands and flags, as a user types them; bad input is one line and leaves nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.cli.command_line import CommandLine, cli, machine

__all__ = ["cli", "machine"]


def test_a_secret_from_its_creation_to_its_end(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("bytes")
    assert cli.ok("secret", "ls").split() == ["ID", "NAME", "DRIVER", "CREATED", "UPDATED"]
    assert cli.ok("secret", "ls", "-n") == ""
    flags = ("-d", "file", "--driver-opts", "opt1=val", "-l", "a=b", "-l", "c")
    id = cli.ok("secret", "create", *flags, "one", f"{tmp_path}/file")
    assert len(id) == 25
    (seen,) = json.loads(cli.ok("secret", "inspect", "one"))
    assert seen.pop("CreatedAt") == seen.pop("UpdatedAt")
    assert seen == {
        "ID": id,
        "Spec": {"Name": "one", "Driver": {"Name": "file", "Options": {"opt1": "val"}}, "Labels": {"a": "b", "c": ""}},
    }
    form = ("secret", "inspect", "-f")
    assert cli.ok(*form, "{{.ID}} {{.Spec.Driver.Options}} {{.Spec.Labels}}", id) == f"{id} map[opt1:val] map[a:b c:]"
    assert cli.ok(*form, "{{.SecretData}}", id[:6]) == ""
    assert cli.ok(*form, "{{ .SecretData }}", "--showsecret", "one") == "bytes"
    assert json.loads(cli.ok("secret", "inspect", "--showsecret", "one"))[0]["SecretData"] == "bytes"
    pretty = cli.ok("secret", "inspect", "--pretty", "one").splitlines()
    assert pretty[:6] == [
        f"ID:              {id}", "Name:              one", "Labels:", " - a=b", " - c", "Driver:            file"
    ]  # fmt: skip
    assert [line.split(":")[0] for line in pretty[6:]] == ["Created at", "Updated at"]
    assert cli("secret", "exists", "one").code == cli("secret", "exists", id).code == 0
    missing = cli("secret", "exists", "two")
    assert (missing.code, missing.out, missing.err) == (1, "", "")
    assert cli.ok("secret", "rm", "one") == id
    events = cli.ok("events", "--stream=false", "--filter", "type=secret", "--filter", f"secret={id}")
    assert [line.split(" ", 4)[4] for line in events.splitlines()] == [f"secret create {id}", f"secret remove {id}"]


def test_where_its_bytes_come_from(cli: CommandLine) -> None:
    show = ("secret", "inspect", "--showsecret", "-f", "{{.SecretData}}")
    cli.ok("secret", "create", "piped", "-", stdin=b"piped\n")
    assert cli(*show, "piped").out == "piped\n"
    assert cli("secret", "create", "--env", "named", "WORD", env={"WORD": "of ours"}).code == 0
    assert cli.ok(*show, "named") == "of ours"
    unset = cli("secret", "create", "--env", "unset", "WORD")
    assert (unset.code, unset.err) == (
        125, "Error: cannot create store secret data: environment variable WORD is not set\n"
    )  # fmt: skip
    cli.ok("secret", "create", "bytes", "/dev/stdin", stdin=b"\xff\xfe")
    assert cli(*show, "bytes").raw == b"\xff\xfe\n"
    first = cli.ok("secret", "inspect", "-f", "{{.ID}}", "piped")
    taken = cli("secret", "create", "piped", "-", stdin=b"x")
    assert (taken.code, taken.err) == (125, "Error: piped: secret name in use\n")
    assert cli.ok("secret", "create", "--ignore", "piped", "-", stdin=b"x") == first
    assert cli.ok("secret", "create", "--replace", "piped", "-", stdin=b"new") != first
    assert cli.ok(*show, "piped") == "new"


def test_lists(cli: CommandLine) -> None:
    ids = {name: cli.ok("secret", "create", name, "-", stdin=b"x") for name in ("Secret1", "Secret2", "other")}
    listed = ("secret", "ls", "--format", "{{.Name}}", "--filter")
    assert cli.ok(*listed, "name=Secret1") == "Secret1"
    assert cli.ok(*listed, "name=^Secret[12]$") == "Secret1\nSecret2"
    assert cli.ok(*listed, "name=Secret1", "--filter", "name=other") == "Secret1\nother"
    assert cli.ok(*listed, f"id={ids['other'][:10]}") == "other"
    assert cli.ok("secret", "ls", "-q", "--filter", "name=other") == ids["other"]
    assert cli.ok("secret", "ls", "-q", "--format", "{{.Name}}", "--filter", "name=other") == "other"
    table = cli.ok("secret", "ls", "--format", "table {{.Name}} {{.Driver}}").splitlines()
    assert [line.split() for line in table] == [["NAME", "DRIVER"], *([name, "file"] for name in sorted(ids))]
    assert cli.ok("secret", "list").splitlines()[1].split()[:3] == [ids["Secret1"], "Secret1", "file"]
    assert [each["Name"] for each in json.loads(cli.ok("secret", "ls", "--format", "json"))] == sorted(ids)
    assert set(cli.ok("secret", "rm", "-a").split()) == set(ids.values())
    assert cli.ok("secret", "ls", "-q") == cli.ok("secret", "rm", "-a") == ""


def test_what_is_missing(cli: CommandLine) -> None:
    id = cli.ok("secret", "create", "there", "-", stdin=b"x")
    text = 'no secret with name or id "bogus": no such secret\n'
    shown = cli("secret", "inspect", "bogus", "there")
    assert (shown.code, shown.err, len(json.loads(shown.out))) == (125, f"Error: inspecting secret: {text}", 1)
    assert cli("secret", "inspect", "bogus").out == "[]\n"
    removed = cli("secret", "rm", "bogus", "there")
    assert (removed.code, removed.err, removed.out) == (125, f"Error: {text}", f"{id}\n")
    assert cli.ok("secret", "rm", "--ignore", "bogus") == ""
    made = cli("run", "--rm", "--secret", "bogus", "busybox", "true")
    assert (made.code, made.err) == (125, f"Error: {text}")


def test_run(cli: CommandLine) -> None:
    cli.ok("secret", "create", "token", "-", stdin=b"bytes")
    assert cli.ok("run", "--rm", "--secret", "token", "busybox", "cat", "/run/secrets/token") == "bytes"
    options = "source=token,type=mount,uid=1000,gid=1001,mode=777"
    seen = cli.ok("run", "--name", "c", "--secret", options, "busybox", "ls", "-ln", "/run/secrets/token").split()
    assert (seen[0], seen[2], seen[3]) == ("-rwxrwxrwx", "1000", "1001")
    assert cli.ok("inspect", "c", "--format", "{{(index .Config.Secrets 0).Name}}") == "token"
    variable = ("run", "--rm", "--secret", "token,type=env,target=T")
    assert cli.ok(*variable, "busybox", "sh", "-c", "echo $T") == "bytes"
    cli.ok("secret", "create", "canary", "-", stdin=b"c4n4ry")
    options = ("--secret", "canary", "--secret", "canary,type=env,target=T")
    said = cli("--log-level=debug", "run", "--rm", *options, "busybox", "true")
    assert (said.code, "c4n4ry" in said.err, "seabox" in said.err) == (0, False, True)
    id = cli.ok("create", "--secret", "token,type=env", "busybox", "sh", "-c", "echo $token")
    cli.ok("secret", "rm", "token")
    assert cli.ok("start", "-a", id) == "bytes"


BAD = {
    "secret create foo/bar -": (
        "secret name \"foo/bar\" can not include '=', '/', ',', or the '\\0' (NULL) and be between 1 and 253 "
        "characters: invalid secret name"
    ),
    "secret create ?! -": 'secret name "?!" must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid secret name',
    "secret create x /no/such": "open /no/such: no such file or directory",
    "secret create x /": "open /: is a directory",
    "secret create x /dev/null": "secret data must be larger than 0 and less than 512000 bytes",
    "secret create x /dev/zero": "secret data must be larger than 0 and less than 512000 bytes",
    "secret create -d pass x -": 'the secret driver "pass" is not supported: use file: invalid driver',
    "secret create --ignore --replace x -": "ignore and replace cannot be used together",
    "secret create --driver-opts a x -": "--driver-opts a: it must be formatted KEY=VALUE",
    "secret ls --filter label=x": 'invalid filter "label"',
    "secret ls --filter x": "filter input must be in the form of filter=value: x is invalid",
    "secret rm": "`seabox secret rm` requires one argument, or the --all flag",
    "secret rm -a x": "`seabox secret rm` requires one argument, or the --all flag",
    "run --secret source=s,type=other busybox true": "type other is invalid: parsing secret",
    "run --secret type=env busybox true": 'no secret with name or id "type=env": no such secret',
}


def test_bad_input_is_one_line_and_leaves_nothing(cli: CommandLine, tmp_path: Path) -> None:
    for words, text in BAD.items():
        done = cli(*words.split(), stdin=b"x")
        assert (done.code, done.err) == (125, f"Error: {text}\n"), words
    conf = tmp_path / "containers.conf"
    conf.write_text('[secrets]\ndriver = "pass"\n')
    done = cli("secret", "create", "x", "-", stdin=b"x", env={"CONTAINERS_CONF": str(conf)})
    assert (done.code, done.err) == (125, f"Error: {BAD['secret create -d pass x -']}\n")
    assert cli.secrets() == cli.names() == []
    folder = Path(cli.root, "secrets")
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")
def test_a_build_with_secrets(cli: CommandLine, tmp_path: Path) -> None:
    """Of a file, and of a variable of ours, which buildah's own environment does not have."""
    (tmp_path / "Containerfile").write_text(
        "FROM localhost/busybox\nRUN --mount=type=secret,id=word cat /run/secrets/word\n"
    )
    (tmp_path / "file").write_text("of the file\n")
    build = ("build", "--no-cache", "--isolation", "chroot", "-t", "kept")
    for secret, said in (
        (f"id=word,src={tmp_path}/file", "of the file"), ("id=word,env=WORD", "of ours"),
        ("id=word,src=WORD,type=env", "of ours"), ("id=word", "by its name"),
    ):  # fmt: skip
        done = cli(*build, "--secret", secret, str(tmp_path), env={"WORD": "of ours\n", "word": "by its name\n"})
        assert done.code == 0, done.err
        assert said in done.out.splitlines()
    archive = tmp_path / "kept.tar"
    cli.ok("save", "-q", "-o", str(archive), "kept")
    found = subprocess.run(["tar", "-xOf", str(archive)], capture_output=True, check=True).stdout
    assert b"of ours" not in found
