"""Secrets in containers: where they are, who can read them, what keeps them, and where they never turn up."""

from __future__ import annotations

import io
import json
import os
import stat
import tarfile
from pathlib import Path

import pytest

import seabox
from engine.home import Home, last, said
from seabox.errors import InvalidArgument
from seabox.secrets.errors import NoSuchSecret

CANARY = "s3cr3t-c4n4ry-9a"


@pytest.fixture(autouse=True)
def token(engine: seabox.Engine) -> None:
    """There is a secret."""
    engine.secrets.create("token", CANARY)


def test_a_file(engine: seabox.Engine) -> None:
    look = "cat {0}; stat -c ' %u:%g %a' {0}"
    assert said(engine, look.format("/run/secrets/token"), secrets=["token"]) == f"{CANARY} 0:0 444"
    assert said(engine, look.format("/run/secrets/token"), secrets=["token"], user="7:8") == f"{CANARY} 0:0 444"
    assert said(engine, look.format("/run/secrets/a/b"), secrets=["token,target=a/b"]) == f"{CANARY} 0:0 444"
    options = "source=token,type=mount,target=/tmp/x,uid=7,gid=8,mode=400"
    assert said(engine, look.format("/tmp/x"), secrets=[options], user="7") == f"{CANARY} 7:8 400"
    assert "Permission denied" in said(engine, "cat /tmp/x 2>&1", secrets=[options], user="9")


def test_nothing_writes_to_it(engine: seabox.Engine) -> None:
    script = "echo x 2>&1 >/run/secrets/token; grep /run/secrets/token /proc/mounts"
    seen = said(engine, script, secrets=["token"])
    assert "Read-only file system" in seen
    assert {"ro", "nosuid", "nodev"} <= set(seen.splitlines()[-1].split()[3].split(","))
    engine.secrets.create("other", "x")
    assert said(engine, "ls /run/secrets", secrets=["token", "other"], read_only=True).split() == ["other", "token"]
    sealed = {"read_only": True, "read_only_tmpfs": False}
    assert said(engine, "cat /run/secrets/token", secrets=["token"], **sealed) == CANARY


def test_a_variable(engine: seabox.Engine) -> None:
    assert said(engine, "echo $token", secrets=["token,type=env"]) == CANARY
    options = {"secrets": ["token,type=env,target=TOKEN"], "env": {"TOKEN": "x"}}
    seen = said(engine, "echo $TOKEN; ls /run/secrets 2>&1", **options)
    assert seen.splitlines()[0] == CANARY
    assert "No such file" in seen


def test_the_container_keeps_what_it_was_made_with(engine: seabox.Engine) -> None:
    """Through a replacement, a removal, and a new start; a new container gets the new one or none."""
    options = ["token", "token,type=env,target=TOKEN"]
    ctr = engine.containers.create("busybox", ["sleep", "1000"], secrets=options, stop_timeout=0)
    engine.secrets.create("token", "another", replace=True)
    assert said(engine, "cat /run/secrets/token", secrets=["token"]) == "another"
    engine.secrets.remove("token")
    with pytest.raises(NoSuchSecret):
        engine.containers.create("busybox", ["true"], secrets=["token"])
    for _ in range(2):
        ctr.start()
        found = ctr.exec_run(["sh", "-c", "cat /run/secrets/token; echo; tr '\\0' '\\n' </proc/1/environ"])
        lines = found.stdout.decode().splitlines()
        assert (lines[0], f"TOKEN={CANARY}" in lines) == (CANARY, True)
        ctr.stop()


def test_exec_has_the_variables(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", ["sleep", "1000"], secrets=["token,type=env,target=T"], stop_timeout=0)
    assert ctr.exec_run(["sh", "-c", "echo $T"]).stdout.decode() == f"{CANARY}\n"
    assert ctr.exec_run(["sh", "-c", "echo $T"], env={"T": "mine"}).stdout == b"mine\n"


def test_inspect_and_events_do_not_tell(engine: seabox.Engine, home: Home) -> None:
    before = last(engine)
    secret = engine.secrets.get("token")
    ctr = engine.containers.run(
        "busybox", ["sleep", "1000"], secrets=["token,uid=5,mode=400", "token,type=env,target=T"], env={"T": "before"},
        stop_timeout=0,
    )  # fmt: skip
    ctr.exec_run(["true"])
    told = ctr.inspect()
    assert CANARY not in json.dumps(told)
    assert told["Config"]["Secrets"] == [{"Name": "token", "ID": secret.id, "UID": 5, "GID": 0, "Mode": 0o400}]
    assert "T=before" in told["Config"]["Env"]
    assert told["Mounts"] == []
    assert CANARY not in str([(event.attributes, event.name, event.image) for event in engine.events(before)])
    assert CANARY not in Path(home.root, "containers", ctr.id, "container.json").read_text()
    assert "Secrets" not in engine.containers.create("busybox", ["true"]).inspect()["Config"]


def test_nobody_else_can_read_it_on_the_host(engine: seabox.Engine, home: Home) -> None:
    ctr = engine.containers.run("busybox", ["sleep", "1000"], secrets=["token", "token,type=env"], stop_timeout=0)
    folder = Path(home.root, "containers", ctr.id, "secrets")
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert [stat.S_IMODE(os.stat(folder / name).st_mode) for name in ("0", "1")] == [0o444, 0o600]
    assert stat.S_IMODE(Path(home.runroot, "containers", ctr.id, "config.json").stat().st_mode) == 0o600


def test_images_and_exports_do_not_hold_it(engine: seabox.Engine) -> None:
    ctr = engine.containers.create(
        "busybox", ["sh", "-c", "touch /mine"], secrets=["token", "token,target=/tmp/x", "token,type=env,target=T"]
    )
    ctr.start()
    ctr.wait()
    out = io.BytesIO()
    ctr.export(out)
    assert CANARY.encode() not in out.getvalue()
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        assert [each.size for each in tar if each.name.endswith(("run/secrets/token", "tmp/x"))] == [0, 0]
    for squash in (False, True):
        id = engine.images.commit(ctr.id, "made", squash=squash)
        assert CANARY not in json.dumps(engine.images.get(id).env)
        assert said_of(engine, id, "cat /run/secrets/token /tmp/x 2>/dev/null; echo $T; ls /mine") == "/mine"
        engine.images.remove(id, force=True)
    assert [path for _, path in engine.images.container_diff(ctr.id) if "secret" in path or path == "/tmp/x"] == []


def said_of(engine: seabox.Engine, image: str, script: str) -> str:
    """As `said`, of another image."""
    ctr = engine.containers.create(image, ["sh", "-c", script], auto_remove=True)
    with ctr.start_and_attach() as session:
        return session.read_all().stdout.decode().strip()


def test_bad_requests_leave_nothing(engine: seabox.Engine, home: Home) -> None:
    engine.secrets.create("binary", b"\xff\xfe")
    engine.secrets.create("nul", b"a\0b")
    for secrets, why in (
        (["nobody"], "no such secret"), (["token", "token,mode=400"], "duplicate mount destination"),
        (["binary,type=env"], "cannot be a variable"), (["nul,type=env"], "cannot be a variable"),
        (["token,target=/proc/x"], "inside /proc"),
    ):  # fmt: skip
        with pytest.raises((InvalidArgument, NoSuchSecret), match=why):
            engine.containers.create("busybox", ["true"], secrets=secrets)
    with pytest.raises(InvalidArgument, match="duplicate mount destination"):
        engine.containers.create("busybox", ["true"], secrets=["token,target=/x"], tmpfs=["/x"])
    assert engine.containers.list() == []
    assert os.listdir(f"{home.root}/containers") == []
    assert said(engine, "wc -c </run/secrets/binary", secrets=["binary"]) == "2"


def test_check_df_and_reset_know_them(engine: seabox.Engine, home: Home) -> None:
    assert engine.check() == []
    (usage,) = [each for each in engine.usage() if each.type == "Secrets"]
    assert (usage.total, usage.active, usage.size, usage.reclaimable) == (1, 1, len(CANARY), 0)
    engine.secrets.create("lost", "x")
    Path(home.root, "secrets", engine.secrets.get("lost").id).unlink()
    Path(home.root, "secrets", "stray").write_text("x")
    found = {each.kind: each for each in engine.check()}
    assert found["secret"].text == "the bytes of the secret lost are lost"
    assert found["leftover"].id.endswith("/secrets/stray")
    assert [each.mended for each in engine.check(repair=True)] == ["", "deleted"]
    assert [each.mended for each in engine.check(force=True)] == ["removed"]
    assert engine.check() == []
    assert [each.name for each in engine.secrets.list()] == ["token"]
    engine.reset()
    assert os.listdir(home.root) == []
    assert engine.secrets.list() == []
