from __future__ import annotations

import json

import pytest

from seabox.errors import Damaged
from seabox.images.config import diff_ids, image_config
from seabox.images.manifest import read_manifest
from seabox.model.container import ImageConfig
from seabox.model.health import Healthcheck
from seabox.model.image import ImageRow


def row(config: bytes) -> ImageRow:
    return ImageRow("i" * 64, ("localhost/a:latest",), ("c1", "c2"), config, 5)


def test_every_setting_of_a_container_is_taken_over_and_unknown_keys_do_not_matter() -> None:
    config = {
        "architecture": "amd64", "future": [1],
        "config": {
            "Env": ["A=1", "B=x=y", "C"], "Entrypoint": ["/e"], "Cmd": ["c", "d"], "User": "u:g", "WorkingDir": "/w",
            "Labels": {"l": "m", "n": None}, "Volumes": {"/z": {}, "/a": {}}, "StopSignal": "SIGINT",
            "Healthcheck": {"Test": ["NONE"]}, "OnBuild": None, "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "d" * 63 + "1", "sha256:" + "d" * 63 + "2"]},
    }  # fmt: skip
    found = row(json.dumps(config).encode())
    assert image_config(found) == ImageConfig(
        id="i" * 64, names=("localhost/a:latest",), layers=("c1", "c2"), entrypoint=("/e",), command=("c", "d"),
        env={"A": "1", "B": "x=y", "C": ""}, user="u:g", workdir="/w", labels={"l": "m", "n": ""},
        volumes=("/a", "/z"), exposed=("53/udp", "80/tcp"), stop_signal="SIGINT",
    )  # fmt: skip
    assert diff_ids(found) == ("d" * 63 + "1", "d" * 63 + "2")


@pytest.mark.parametrize(
    ("said", "check"),
    [
        ({"Test": ["CMD", "a"]}, Healthcheck(test=("CMD", "a"))),
        (
            {"Test": ["CMD-SHELL", "a b"], "Interval": 5, "Timeout": 6, "StartPeriod": 7, "Retries": 8},
            Healthcheck(test=("CMD-SHELL", "a b"), interval=5, timeout=6, start_period=7, retries=8),
        ),
        ({"Test": ["CMD", "a"], "Interval": -1, "Retries": -3, "StartPeriod": -4}, Healthcheck(test=("CMD", "a"))),
        ({"Test": ["NONE"]}, None),
        ({"Test": []}, None),
        ({"Test": ["CMD"]}, None),
        (None, None),
    ],
)
def test_health_checks(said: object, check: Healthcheck | None) -> None:
    assert image_config(row(json.dumps({"config": {"Healthcheck": said}}).encode())).healthcheck == check


@pytest.mark.parametrize(
    "config",
    [
        "{}", '{"config": null, "rootfs": null}', '{"config": {}, "rootfs": {"diff_ids": null}}',
        '{"config": {"Env": null, "Cmd": null, "Entrypoint": null, "User": null, "Labels": null, "Volumes": null}}',
    ],
)  # fmt: skip
def test_absent_and_null_are_the_same(config: str) -> None:
    found = row(config.encode())
    assert image_config(found) == ImageConfig(id="i" * 64, names=("localhost/a:latest",), layers=("c1", "c2"))
    assert diff_ids(found) == ()


@pytest.mark.parametrize(
    "config", [b"", b"[]", b"{", b"\xff", b'{"config": {"Env": "A=1"}}', b'{"config": {"Cmd": [1]}}']
)
def test_a_configuration_that_is_none_is_damage_that_names_the_image(config: bytes) -> None:
    with pytest.raises(Damaged, match="i" * 64) as caught:
        image_config(row(config))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"schemaVersion":2,"config":{"digest":"x\xff"}}'])
def test_a_manifest_that_is_none_is_damaged(raw: bytes) -> None:
    with pytest.raises(Damaged):
        read_manifest(raw)
