"""The working directory exists, inside of the container."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from seabox.errors import Refused
from seabox.model.container import ContainerConfig, ImageConfig
from seabox.spec.place import Place
from seabox.spec.users import look_up
from seabox.spec.workdir import check_workdir, make_workdir

Resolve = Callable[..., ContainerConfig]


def test_one_that_is_given_must_exist(resolved: Resolve, place: Place, root: Path) -> None:
    config = resolved(workdir="/absent")
    make_workdir(config, place, look_up(place.rootfs, ""))
    with pytest.raises(Refused) as caught:
        check_workdir(config, place)
    assert str(caught.value) == f'workdir "/absent" does not exist on container {config.id}'
    (root / "absent").write_text("a file")
    with pytest.raises(Refused, match="does not exist on container"):
        check_workdir(config, place)
    check_workdir(resolved(workdir="/srv"), place)


def test_the_images_is_made(resolved: Resolve, place: Place, root: Path) -> None:
    config = resolved(image=ImageConfig(id="a" * 64, command=("x",), workdir="/new/deep/"))
    make_workdir(config, place, look_up(place.rootfs, ""))
    check_workdir(config, place)
    made = (root / "new/deep").stat()
    assert made.st_mode & 0o777 == 0o755
    (root / "new/deep").rmdir()
    (root / "new/deep").write_text("in the way")
    with pytest.raises(Refused, match="cannot be made"):
        make_workdir(config, place, look_up(place.rootfs, ""))


def test_links_stay_inside_of_the_root(resolved: Resolve, place: Place, root: Path, tmp_path: Path) -> None:
    (root / "out").symlink_to(str(tmp_path))
    config = resolved(workdir="/out")
    with pytest.raises(Refused, match="does not exist"):
        check_workdir(config, place)
    image = resolved(image=ImageConfig(id="a" * 64, command=("x",), workdir=f"/out/{tmp_path.name}-made"))
    with pytest.raises(Refused):
        make_workdir(image, place, look_up(place.rootfs, ""))
    assert not (tmp_path / f"{tmp_path.name}-made").exists()


@pytest.mark.parametrize("target", ["/proc/self/fd", "/proc/1", "/sys", "/dev"])
def test_a_link_to_what_the_kernel_will_put_there(resolved: Resolve, place: Place, root: Path, target: str) -> None:
    """The directory the check sees is not the one the process would get (CVE-2024-21626)."""
    (root / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (root / "sly").symlink_to(target)
    with pytest.raises(Refused, match="is a link to"):
        check_workdir(resolved(workdir="/sly"), place)


def test_below_a_mount_it_is_looked_for_in_the_source(resolved: Resolve, place: Place, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    volumes = (f"{source}:/srv",)
    check_workdir(resolved(volumes=volumes, workdir="/srv"), place)
    check_workdir(resolved(volumes=volumes, workdir="/srv/sub"), place)
    with pytest.raises(Refused, match="does not exist"):
        check_workdir(resolved(volumes=volumes, workdir="/srv/absent"), place)
    check_workdir(resolved(tmpfs=("/scratch",), workdir="/scratch"), place)
    for kernels in ("/dev/shm", "/proc", "/sys/fs"):
        check_workdir(resolved(workdir=kernels), place)
    image = ImageConfig(id="a" * 64, command=("x",), workdir="/srv/fresh")
    make_workdir(resolved(image=image, volumes=volumes), place, look_up(place.rootfs, ""))
    assert not (source / "fresh").exists()  # nothing is made in the host's directories
