"""Whatever text arrives: a configuration, or one of our errors in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seabox.errors import InvalidArgument, Refused, Unsupported
from seabox.model import oci
from seabox.model.container import ContainerConfig, CreateRequest, Mount
from seabox.spec.facts import HostFacts
from seabox.spec.generate import generate
from seabox.spec.place import Place

Resolve = Callable[..., ContainerConfig]

_PIECES = (
    ":", "=", ",", "/", "..", "-", "+", "%", "\0", "\n", "\x1b[0m", "\udcff", "\u2028", "٣", "0", "1", "-1",
    "2147483648", "root", "bob", "/opt", "/proc", "/proc/self/fd/3", "/dev/null", "ro", "rw", "z", "size=1m", "nofile",
    "ALL", "SYS_ADMIN",
    "host", "none", "container", "ns", "seccomp", "unconfined", "mask", "net.ipv4.ip_forward", "on-failure", "SIGTERM",
    "no-new-privileges", "apparmor", "unmask", "k", "1e9", "host-gateway", "1.2.3.4", "::1",
)  # fmt: skip
TEXT = st.one_of(
    st.text(st.characters(codec=None), max_size=20),
    st.lists(st.sampled_from(_PIECES), max_size=6).map("".join),
)  # fmt: skip
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
MAPPING = st.dictionaries(TEXT, TEXT, max_size=2)
NUMBER = st.one_of(st.none(), st.integers(-(2**70), 2**70), st.integers(-5, 70))
MOUNTS = st.lists(
    st.builds(
        Mount, type=st.sampled_from(("bind", "tmpfs", "volume", "x\n")), destination=TEXT, source=TEXT, options=TEXTS
    ),
    max_size=2,
).map(tuple)

_STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "mounts": MOUNTS,
    "stop_signal": st.one_of(st.none(), st.integers(-70, 70), TEXT),
    "timeout": st.integers(-5, 2**70),
}


def _strategy(field: msgspec.structs.FieldInfo) -> st.SearchStrategy[Any]:
    if field.name in _STRATEGIES:
        return _STRATEGIES[field.name]
    words = str(CreateRequest.__annotations__[field.name])
    if words.startswith("tuple[str"):
        return TEXTS
    if words.startswith("dict"):
        return MAPPING
    if words.startswith("int"):
        return NUMBER
    if words.startswith("float"):
        return st.floats() if "None" not in words else st.one_of(st.none(), st.floats())
    if words.startswith("bool"):
        return st.booleans()
    return st.one_of(st.none(), TEXT) if "None" in words else TEXT


FIELDS = {
    field.name: _strategy(field)
    for field in msgspec.structs.fields(CreateRequest)
    if field.name not in ("image", "rootfs")
}
FEW = st.sets(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in sorted(names)})
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(fields=FEW)
@example(fields={"dns": ("\n",)})
def test_any_text_is_a_configuration_or_one_clear_line(
    resolved: Resolve, place: Place, facts: HostFacts, fields: dict[str, Any]
) -> None:
    refusals = []
    try:
        config = resolved(**fields)
        assert msgspec.json.decode(msgspec.json.encode(config), type=ContainerConfig) == config
        modes = msgspec.structs.asdict(config.namespaces)
        joined = {kind: f"/proc/5/ns/{kind}" for kind, mode in modes.items() if mode.startswith("container:")}
        spec = generate(config, msgspec.structs.replace(place, namespaces=joined), facts)
        assert "\\u0000" not in oci.encode(spec).decode()
    except (InvalidArgument, Unsupported, Refused) as problem:
        refusals.append(str(problem))
    assert all(text and "\n" not in text and "\x1b" not in text for text in refusals)
