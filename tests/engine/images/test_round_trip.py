from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import seabox
from engine.images.conftest import make_engine
from seabox.errors import Damaged, InUse, NoSuchImage
from seabox.images.manifest import OCI_LAYER, Descriptor, new_manifest
from seabox.images.skopeo import Access, TransferFailed
from seabox.model.digests import digest_of
from unit.images.archives import archive, entry, folder, hard_link, link

if TYPE_CHECKING:
    from engine.images.conftest import Registry

CAPABILITY = b"\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0".decode()


def facts(root: str) -> dict[str, tuple[object, ...]]:
    """All that can be told of a tree, but the times of links' targets."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [Path(root), *sorted(Path(root).rglob("*"))]:
        seen = path.lstat()
        kind = stat.S_IFMT(seen.st_mode)
        content: object = None
        if kind == stat.S_IFREG:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        elif kind == stat.S_IFLNK:
            content = os.readlink(path)
        attributes = {
            name: os.getxattr(path, name, follow_symlinks=False)
            for name in os.listxattr(path, follow_symlinks=False)
            if not name.startswith("trusted.overlay.")
        }
        found[str(path.relative_to(root))] = (
            seen.st_mode, seen.st_uid, seen.st_gid, seen.st_rdev, 0 if str(path) == root else seen.st_mtime_ns,
            content, tuple(attributes.items()),
            seen.st_nlink if kind == stat.S_IFREG else 0,
        )  # fmt: skip
    return found


def layered(engine: seabox.Engine) -> str:
    """An image of four layers on busybox, made by hand."""
    base = engine.images.find(engine.images.embed())
    catalog = engine.images._catalog
    layers = [
        archive(
            folder("./", mode=0o755), folder("data", mode=0o2750, gid=50), entry("data/one", data=b"1" * 5000),
            entry("data/two", data=b"2"), hard_link("data/three", "data/two"), folder("old/sub"),
            entry("old/sub/f", data=b"old"), entry("suid", data=b"s", mode=0o4755, uid=9),
        ),
        archive(
            entry("data/.wh.one"), folder("old"), entry("old/.wh..wh..opq"), entry("old/new", data=b"new"),
            entry("cap", data=b"c", xattrs={"security.capability": CAPABILITY, "user.note": "x"}),
        ),
        archive(link("l", "data/two"), entry("pipe", b"6"), entry(".wh.suid"), folder("x" * 90 + "/" + "y" * 90)),
        archive(entry("tmp/f", data=b"in tmp"), entry("last", data=os.urandom(300_000))),
    ]  # fmt: skip
    document = json.loads(base.config)
    with catalog.adding():
        described = [
            Descriptor(OCI_LAYER, f"sha256:{base.layers[0]}", os.stat(catalog.files.blob(base.layers[0])).st_size)
        ]
        for data in layers:
            digest = catalog.files.write_blob(data)
            described.append(Descriptor(OCI_LAYER, f"sha256:{digest}", len(data)))
            document["rootfs"]["diff_ids"].append(f"sha256:{digest}")
        config = json.dumps(document, indent=1).encode()  # not as we would write it
        catalog.files.write_blob(config)
        return catalog.register(new_manifest(config, described), ["localhost/layered:latest"])


def test_an_image_goes_round_and_comes_back_as_it_was(
    engine: seabox.Engine, registry: Registry, tmp_path: Path
) -> None:
    """Made, pushed, pulled, run, committed, pushed, pulled again elsewhere."""
    images = engine.images
    id = layered(engine)
    place = f"{registry.host}/fleet/{engine.config.storage_driver}"
    images.push("layered", f"{place}:1", access=registry.access)
    images.remove("layered")
    lines: list[str] = []
    assert images.pull(f"{place}:1", access=registry.access, progress=lines.append) == id
    assert lines[:2] == [f"Trying to pull {place}:1...", "Getting image source signatures"]
    assert lines[-2:] == ["Writing manifest to image destination", "Storing signatures"]
    tree = facts(images.mount(id))
    assert not {"data/one", "old/sub", "suid"} & set(tree)
    assert tree["data/two"][7] == 2
    assert dict(tree["cap"][6]) == {"security.capability": CAPABILITY.encode(), "user.note": b"x"}  # type: ignore[call-overload]
    assert stat.S_IMODE(tree["tmp"][0]) == 0o1777  # type: ignore[arg-type]
    images.unmount(id)

    work = "rm -r /data/two /old; mkdir /old; echo again >/old/f; echo x >/made; chmod 700 /cap; ln /made /twin"
    ctr = engine.containers.run(f"{place}:1", ["sh", "-c", work], name="worker")
    assert ctr.wait() == 0
    kinds = {path: kind for kind, path in images.container_diff("worker")}
    expected = {"/data": "C", "/data/two": "D", "/old": "C", "/old/f": "A", "/made": "A", "/twin": "A", "/cap": "C"}
    assert {path: kinds.get(path) for path in expected} == expected
    assert not any(path.startswith(("/etc/", "/proc", "/dev", "/sys", "/run")) for path in kinds)
    committed = images.commit("worker", f"{place}:2", changes=["ENV SHIP=yes", 'CMD ["cat", "/made"]'], message="aye")
    with pytest.raises(InUse):
        images.remove(f"{place}:1")
    after = facts(images.mount(committed))
    assert {"made", "twin", "old/f"} <= set(after)
    assert not {"data/two", "old/new"} & set(after)
    images.unmount(committed)
    row = images.find(committed)
    digest = images.push(f"{place}:2", access=registry.access)
    assert digest == digest_of(row.manifest)
    ctr.remove()

    with make_engine(tmp_path / "other", engine.config.storage_driver) as other:
        assert other.images.pull(f"{place}:2", access=registry.access) == committed
        again = other.images.find(f"{place}@{digest}")
        assert (again.manifest, again.config, again.layers) == (row.manifest, row.config, row.layers)
        assert facts(other.images.mount(committed)) == after
        other.images.unmount(committed)
        assert other.images.push(f"{place}:2", f"{place}:3", access=registry.access) == digest
        fresh = other.containers.run(f"{place}:2")
        assert fresh.wait() == 0
        assert b"".join(line.payload for line in fresh.logs()) == b"x\n"
        fresh.remove()
        assert other.images.remove(f"{place}:2").deleted == committed
        assert os.listdir(f"{other.config.root}/blobs/sha256") == []


def test_archives_carry_images_unchanged(engine: seabox.Engine, tmp_path: Path) -> None:
    id = layered(engine)
    engine.images.tag("busybox", "quay.io/x/tool:3")
    want = engine.images.find(id)
    for form in ("docker-archive", "oci-archive", "oci-dir", "docker-dir"):
        path = str(tmp_path / form)
        names = ["layered"] if form == "docker-dir" else ["layered", "quay.io/x/tool:3", "busybox"]
        engine.images.save(names, path, form)
        with make_engine(tmp_path / f"for-{form}", "overlay") as other:
            loaded = other.images.load(path)
            found = other.images.find(id)
            assert (found.config, found.layers) == (want.config, want.layers)
            assert form == "docker-archive" or found.manifest == want.manifest
            if form == "docker-dir":
                assert loaded == [id]
            else:
                assert sorted(loaded) == ["localhost/busybox:latest", "localhost/layered:latest", "quay.io/x/tool:3"]
                assert found.names == ("localhost/layered:latest",)


def test_a_guarded_registry_wants_credentials(guarded: Registry, tmp_path: Path) -> None:
    with make_engine(tmp_path, "overlay") as engine:
        images = engine.images
        id = images.embed()
        place = f"{guarded.host}/secret:1"
        with pytest.raises(TransferFailed):
            images.push("busybox", place, access=guarded.access)
        images.push("busybox", place, access=guarded.login)
        with pytest.raises(TransferFailed, match=f"initializing source docker://{place}: "):
            images.pull(place, access=guarded.access)
        kept = Access(tls_verify=False, authfile=str(tmp_path / "auth.json"))
        with pytest.raises(TransferFailed):
            images.login(guarded.host, "sailor", "wrong", kept)
        assert images.login(guarded.host, "sailor", "ahoy there", kept) == "Login Succeeded!"
        assert images.logged_in(guarded.host, kept) == "sailor"
        assert images.pull(place, access=kept) != ""
        images.logout(guarded.host, kept)
        with pytest.raises(TransferFailed):
            images.pull(place, access=kept)
        assert images.pull(place, policy="newer", access=kept) == images.find(place).id
        assert images.exists(id)


def test_policies_and_what_is_not_there(registry: Registry, tmp_path: Path) -> None:
    with make_engine(tmp_path, "overlay") as engine:
        images = engine.images
        place = f"{registry.host}/policy:1"
        with pytest.raises(TransferFailed, match=f"initializing source docker://{place}: .*manifest unknown"):
            images.pull(place, access=registry.access)
        with pytest.raises(NoSuchImage):
            images.pull(place, policy="never")
        with pytest.raises(NoSuchImage, match="short-name"):
            images.pull("no-such-image-anywhere")
        assert images.list() == []
        first, second = layered(engine), images.embed()
        images.push("busybox", place, access=registry.access)
        second = images.pull(place, access=registry.access)
        for policy, said in (("missing", False), ("newer", False), ("always", True)):
            lines: list[str] = []
            assert images.pull(place, policy=policy, access=registry.access, progress=lines.append) == second
            assert bool(lines) is said
        images.push("layered", place, access=registry.access)
        assert images.pull(place, policy="missing", access=registry.access) == second
        assert images.pull(place, policy="newer", access=registry.access) == first


def test_parallel_pulls_do_the_work_once(registry: Registry, tmp_path: Path) -> None:
    with make_engine(tmp_path, "overlay") as engine:
        id = layered(engine)
        place = f"{registry.host}/parallel:1"
        engine.images.push("layered", place, access=registry.access)
        engine.images.prune(all=True)
        assert engine.images.list() == []
        lines: list[str] = []
        found: list[str] = []

        def pull() -> None:
            found.append(engine.images.pull(place, access=registry.access, progress=lines.append))

        threads = [threading.Thread(target=pull) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [id] * 4
        fetched = [line for line in lines if line.startswith("Copying blob") and "skipped" not in line]
        assert len(fetched) == len(set(fetched)) == 5


def test_a_blob_that_the_registry_changed_is_refused(registry: Registry, tmp_path: Path) -> None:
    """Wrong bytes in the store's own blob directory are found out as well, and thrown away."""
    with make_engine(tmp_path, "overlay") as engine:
        layered(engine)
        place = f"{registry.host}/wrong:1"
        engine.images.push("layered", place, access=registry.access)
        engine.images.prune(all=True)
        engine.images.pull(place, access=registry.access)
        layers = json.loads(engine.images.find(place).manifest)["layers"]
        blob = Path(engine.config.root, "blobs/sha256", layers[-1]["digest"][7:])
        right = blob.read_bytes()
        engine.images.prune(all=True)
        blob.write_bytes(right[:9000] + bytes([right[9000] ^ 1]) + right[9001:])
        with pytest.raises(Damaged):
            engine.images.pull(place, access=registry.access)
        assert engine.images.list() == []
        assert engine.images.pull(place, access=registry.access)
