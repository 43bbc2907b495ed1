"""The table of pods, beside that of containers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seabox.errors import AmbiguousName, InUse, NoSuchPod, PodNameInUse
from seabox.model.record import (
    INFRA,
    Claim,
    ContainerFacts,
    ContainerState,
    EventKind,
    Intent,
    PodRecord,
    ProcessId,
    stopped,
)
from seabox.state.sqlite import SQLiteStore
from seabox.state.store import Occurrence

MINE = Claim(Intent.CREATE, ProcessId(os.getpid(), 12, "boot"), 1)
A, B = "a" * 64, "ab" + "0" * 62


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(str(tmp_path / "seabox.db"))
    yield store
    store.close()


def add_pod(store: SQLiteStore, id: str, name: str) -> None:
    store.pods.add(PodRecord(id, name, 1, "", "continue", f"/seabox/{id}"), b"{}", MINE)
    store.pods.made(id, "", EventKind.CREATE)


def add(store: SQLiteStore, id: str, name: str, pod: str, role: str = "") -> None:
    facts = ContainerFacts(
        id, name, 1, "busybox", "", "sh", "", "/usr/bin/crun", False, 15, 10, "no", pod=pod, role=role
    )
    store.add(facts, b"{}", (), MINE)
    store.commit(id, ContainerState(), [Occurrence(EventKind.CREATE)], unclaim=True)


def test_find_by_name_id_and_prefix(store: SQLiteStore) -> None:
    add_pod(store, A, "web")
    add_pod(store, B, "db")
    assert store.pods.find("web") == store.pods.find(A) == store.pods.find("aaa") == A
    with pytest.raises(AmbiguousName):
        store.pods.find("a")
    for nobody in ("nobody", "", "c"):
        with pytest.raises(NoSuchPod):
            store.pods.find(nobody)
    assert [pod.name for pod in store.pods.list()] == ["web", "db"]


def test_it_is_claimed_until_it_is_made(store: SQLiteStore) -> None:
    store.pods.add(PodRecord(A, "web", 1, "", "stop", ""), b"{1}", MINE)
    assert store.pods.load(A).claim == MINE
    assert store.events() == []
    store.pods.made(A, B, EventKind.CREATE)
    found = store.pods.load(A)
    assert (found.claim, found.infra, found.exit_policy, store.pods.config(A)) == (None, B, "stop", b"{1}")
    (event,) = store.events()
    assert (event.type, event.kind, event.id, event.name) == ("pod", "create", A, "web")


def test_pods_and_containers_share_their_names(store: SQLiteStore) -> None:
    add_pod(store, A, "web")
    add(store, "c" * 64, "ctr", "")
    with pytest.raises(PodNameInUse, match="pod already exists"):
        add(store, "d" * 64, "web", "")
    with pytest.raises(PodNameInUse, match="pod already exists"):
        store.rename("c" * 64, "web")
    with pytest.raises(PodNameInUse, match="container already exists"):
        add_pod(store, B, "ctr")


def test_members(store: SQLiteStore) -> None:
    add_pod(store, A, "web")
    add(store, "c" * 64, "pause", A, INFRA)
    add(store, "d" * 64, "one", A)
    add(store, "e" * 64, "other", "")
    found = store.pods.members(A)
    assert [(each.facts.name, each.facts.pod, each.facts.role) for each in found] == [
        ("pause", A, INFRA), ("one", A, ""),
    ]  # fmt: skip
    store.reconfigure(found[1].facts, b"{2}")
    assert store.load("d" * 64).facts.pod == A
    with pytest.raises(InUse):
        store.pods.remove(A)
    with pytest.raises(NoSuchPod):
        add(store, "f" * 64, "lost", B)
    store.pods.claim(A, Claim(Intent.REMOVE, MINE.holder, 2))
    with pytest.raises(NoSuchPod):
        add(store, "f" * 64, "late", A)


def test_the_last_end_of_a_member(store: SQLiteStore) -> None:
    add_pod(store, A, "web")
    add(store, "c" * 64, "pause", A, INFRA)
    add(store, "d" * 64, "one", A)
    store.commit("c" * 64, stopped(ContainerState(), at=5, code=0))
    assert store.pods.load(A).ended_at == 0
    store.commit("d" * 64, stopped(ContainerState(), at=7, code=0))
    assert store.pods.load(A).ended_at == 7


def test_removal(store: SQLiteStore) -> None:
    add_pod(store, A, "web")
    store.pods.tell(A, EventKind.START)
    store.pods.remove(A, EventKind.REMOVE)
    assert [event.kind for event in store.events()] == ["create", "start", "remove"]
    with pytest.raises(NoSuchPod):
        store.pods.load(A)
    with pytest.raises(NoSuchPod):
        store.pods.remove(A, EventKind.REMOVE)
    assert store.events(3) == []
