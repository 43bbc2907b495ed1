"""Pods: what their containers share, their life from creation to removal, init containers, the exit policy."""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import seabox
from engine.home import Home, conmon_of, executed, gone, init_of, obedient
from seabox.container.container import Container
from seabox.container.remove import InfraContainer
from seabox.errors import InvalidArgument, NameInUse, NoSuchPod, PodNameInUse, SeaboxError
from seabox.kernel import cgroups, mounts
from seabox.pods.errors import InitContainerFailed, MembersFailed, NotAllRemoved
from seabox.pods.logs import Followed
from seabox.pods.pod import Pod
from seabox.testing.census import take

IDLE = ("sleep", "1000")
_SPACES = "for n in net ipc uts pid; do readlink /proc/self/ns/$n; done; cat /proc/sys/kernel/hostname"


def member(engine: seabox.Engine, pod: Pod, name: str, *command: str, **options: object) -> Container:
    return engine.containers.create(
        "busybox", command or IDLE, name=name, pod=pod.id, stop_timeout=0, **options  # type: ignore[arg-type]
    )


def pod_of(engine: seabox.Engine, name: str = "p", **options: object) -> Pod:
    return engine.pods.create(name, **({"network": "none"} | options))


def output(ctr: Container) -> list[str]:
    return [line.payload.decode().rstrip("\n") for line in ctr.logs()]


def pod_events(engine: seabox.Engine) -> list[str]:
    return [event.kind for event in engine.events() if event.type == "pod"]


def statuses(pod: Pod) -> dict[str, str]:
    return {seen.facts.name: seen.status for seen in pod.snapshot().members if seen.facts.role != "infra"}


def test_what_the_containers_share(engine: seabox.Engine) -> None:
    pod = pod_of(engine, "p", hostname="together", infra_name="pause")
    script = f"touch /dev/shm/here; {_SPACES}; cat /etc/hosts; echo over; exec sleep 1000"
    one = member(engine, pod, "one", "sh", "-c", script)
    two = member(engine, pod, "two", "sh", "-c", f"ls /dev/shm; {_SPACES}; grep -c two /etc/hosts")
    assert pod.status == "Created"
    one.start(recursive=True)  # the infra container first, as any dependency
    assert pod.infra is not None
    assert pod.infra.status == "running"
    assert one.wait("running") is None
    one.exec_run(["sh", "-c", "while ! grep -q one /etc/hosts; do :; done"])
    assert any(line.payload == b"over\n" for line in one.logs(follow=True))
    two.start(recursive=True)
    assert two.wait() == 0
    first, second = output(one), output(two)
    assert second[0] == "here"
    assert second[1:4] == first[:3]
    assert second[4] != first[3]  # each has its own pids
    assert second[5] == first[4] == "together"
    assert any(line.split()[1:] == ["together", "pause"] for line in first)
    assert second[-1] == "1"
    about = pod.inspect()
    assert about["SharedNamespaces"] == ["ipc", "net", "uts"]
    assert one.inspect()["HostConfig"]["CgroupParent"] == about["CgroupPath"]
    assert pod.status == "Degraded"


def test_pids_are_shared_on_request(engine: seabox.Engine) -> None:
    pod = pod_of(engine, share=["pid", "ipc"])
    one = member(engine, pod, "one")
    pod.start()
    assert b"catatonit" in one.exec_run(["ps"]).stdout
    with pytest.raises(SeaboxError, match="PID namespace isn't private"):
        member(engine, pod, "two", init=True)


def test_from_its_creation_to_its_end(engine: seabox.Engine, home: Home) -> None:
    pod = pod_of(engine, labels={"a": "b"}, memory=64 << 20)
    one, two = member(engine, pod, "one"), member(engine, pod, "two")
    pod.start()
    assert pod.status == "Running"
    assert cgroups.paths(f"{home.cgroup_parent}/{pod.id}/{one.id}") != []
    pod.pause()
    assert pod.status == "Paused"
    pod.unpause()
    two.stop()
    assert pod.status == "Degraded"
    before = init_of(one)
    pod.restart()
    assert pod.status == "Running"
    assert gone(before)
    with pytest.raises(NotAllRemoved, match="not all containers could be removed from pod") as refused:
        pod.remove()
    assert set(refused.value.causes) == {one.id, two.id}
    pod.stop()
    assert pod.status == "Exited"
    pod.start()
    pod.kill()
    assert pod.status == "Exited"
    pod.remove()
    assert engine.pods.list() == []
    assert engine.containers.list() == []
    assert not engine.pods.exists("p")
    with pytest.raises(NoSuchPod):
        _ = pod.status
    wanted = "create start pause unpause stop start restart stop start kill remove"
    assert pod_events(engine) == wanted.split()


def test_limits_of_the_whole_pod(engine: seabox.Engine) -> None:
    pod = pod_of(engine, memory=32 << 20, cpus=0.5)
    member(engine, pod, "one")
    pod.start()
    (limit, *_) = [
        path for path in cgroups.paths(pod.inspect()["CgroupPath"])
        if "memory" in path or path.startswith("/sys/fs/cgroup/seabox")
    ]  # fmt: skip
    names = ("memory.limit_in_bytes", "memory.max")
    found = []
    for name in names:
        try:
            with open(f"{limit}/{name}") as file:
                found.append(int(file.read()))
        except FileNotFoundError:
            continue
    assert found == [32 << 20]


def test_a_limit_of_a_device_for_the_whole_pod(engine: seabox.Engine) -> None:
    devices = [f"/dev/{name}" for name in sorted(os.listdir("/sys/block")) if os.path.exists(f"/dev/{name}")]
    if not devices:
        pytest.skip("this machine has no block device")
    pod = pod_of(engine, device_read_bps=[f"{devices[-1]}:1mb"])
    member(engine, pod, "one")
    pod.start()
    found = []
    for path in cgroups.paths(pod.inspect()["CgroupPath"]):
        for name in ("blkio.throttle.read_bps_device", "io.max"):
            if os.path.exists(f"{path}/{name}"):
                with open(f"{path}/{name}") as file:
                    found += file.read().split()
    number = os.stat(devices[-1]).st_rdev
    assert found[:1] == [f"{os.major(number)}:{os.minor(number)}"]
    assert found[1] in ("1048576", "rbps=1048576")
    with pytest.raises(InvalidArgument, match="range of blkio weight is from 10 to 1000: 5"):
        pod_of(engine, "q", blkio_weight=5)


def test_init_containers(engine: seabox.Engine) -> None:
    pod = pod_of(engine)
    once = member(engine, pod, "once", "sh", "-c", "echo once >/dev/shm/once", init_ctr="once")
    always = member(engine, pod, "always", "sh", "-c", "echo again >>/dev/shm/always", init_ctr="always")
    main = member(engine, pod, "main", "sh", "-c", "cat /dev/shm/once /dev/shm/always; exec sleep 1000")
    pod.start()
    assert not once.exists()
    assert always.status == "exited"
    assert pod.status == "Running"  # init containers that have ended do not count
    assert main.exec_run(["cat", "/dev/shm/once", "/dev/shm/always"]).stdout == b"once\nagain\n"
    with pytest.raises(InvalidArgument, match="cannot add init-ctr to a running pod"):
        member(engine, pod, "late", init_ctr="always")
    main.stop()
    pod.start()  # the infra container, and /dev/shm with it, has gone on
    assert main.exec_run(["cat", "/dev/shm/always"]).stdout == b"again\nagain\n"


def test_an_init_container_that_fails(engine: seabox.Engine) -> None:
    pod = pod_of(engine)
    member(engine, pod, "bad", "sh", "-c", "exit 3", init_ctr="always")
    main = member(engine, pod, "main")
    with pytest.raises(InitContainerFailed, match="exited with code 3"):
        pod.start()
    assert main.status == "created"


def test_a_container_that_does_not_start_keeps_nobody_else_from_it(engine: seabox.Engine) -> None:
    pod = pod_of(engine)
    bad, good = member(engine, pod, "bad", "/none"), member(engine, pod, "good")
    with pytest.raises(MembersFailed) as failed:
        pod.start()
    assert set(failed.value.causes) == {bad.id}
    assert good.status == "running"


def test_exit_policy_stop_with_no_engine_alive(home: Home, engine: seabox.Engine) -> None:
    pod = pod_of(engine, exit_policy="stop")
    one, two = obedient(engine, name="one", pod=pod.id), member(engine, pod, "two")
    two.start()
    assert pod.infra is not None
    infra, watcher = pod.infra, conmon_of(pod.infra)
    two.stop()
    assert infra.status == "running"  # one goes on
    script = "ctr = engine.containers['one']; ctr.kill(15)"  # and leaves at once: the exit command sees to the end
    assert home.python(script).wait() == 0
    assert infra.wait(timeout=60) == 0
    assert gone(watcher)
    assert pod.status == "Exited"
    assert one.wait() == 9
    pod.start()  # and it can be started again
    assert statuses(pod) == {"one": "running", "two": "running"}


def test_exit_policy_stop_after_a_container_that_removes_itself(engine: seabox.Engine) -> None:
    pod = pod_of(engine, exit_policy="stop")
    ctr = engine.containers.run("busybox", ["true"], pod=pod.id, auto_remove=True)
    assert pod.infra is not None
    assert pod.infra.wait(timeout=60) == 0
    assert ctr.wait("removed", timeout=60) is not None or not ctr.exists()
    assert pod.status == "Exited"


def test_exit_policy_continue(engine: seabox.Engine) -> None:
    pod = pod_of(engine)
    engine.containers.run("busybox", ["true"], pod=pod.id, name="short").wait()
    engine.containers["short"].remove()
    assert pod.status == "Running"


def test_without_an_infra_container(engine: seabox.Engine) -> None:
    pod = engine.pods.create("bare", infra=False)
    with pytest.raises(SeaboxError, match="have no dependencies, cannot start pod"):
        pod.start()
    one, two = (member(engine, pod, name, network="none") for name in ("one", "two"))
    pod.start()
    assert pod.infra is None
    assert pod.status == "Running"
    assert len({ctr.exec_run(["readlink", "/proc/self/ns/ipc"]).stdout for ctr in (one, two)}) == 2
    executed(one, two)
    headings, rows = pod.top(["comm"])
    assert (headings, rows) == (["COMMAND"], [["sleep"], ["sleep"]])
    assert [stats.pids for stats in pod.stats()] == [1, 1]


def test_the_infra_container_goes_with_its_pod_only(engine: seabox.Engine) -> None:
    pod = pod_of(engine)
    assert pod.infra is not None
    for force in (False, True):
        with pytest.raises(InfraContainer, match="cannot be removed without removing the pod"):
            pod.infra.remove(force=force)
    pod.start()
    pod.remove()  # nothing runs but that
    assert engine.containers.list() == []


def test_a_pod_made_for_a_container(engine: seabox.Engine) -> None:
    ctr = engine.containers.run("busybox", IDLE, pod="new:fresh", hostname="own", network="none", stop_timeout=0)
    pod = engine.pods["fresh"]
    assert ctr.exec_run(["hostname"]).stdout == b"own\n"
    assert (pod.status, pod.inspect()["Hostname"]) == ("Running", "own")
    with pytest.raises(InvalidArgument, match="no command"):
        engine.containers.create("busybox", [], entrypoint=[], pod="new:other", network="none")
    assert not engine.pods.exists("other")


def test_what_every_container_gets(engine: seabox.Engine, home: Home) -> None:
    volumes = [f"{home.folder}:/all:ro", f"{home.folder}:/own"]
    pod = pod_of(engine, volumes=volumes, sysctls={"net.ipv4.ip_forward": "1"})
    ctr = member(engine, pod, "one", volumes=["/etc:/own:ro"])
    pod.start()
    assert b"root" in ctr.exec_run(["ls", "/all"]).stdout
    assert b"passwd" in ctr.exec_run(["ls", "/own"]).stdout
    assert ctr.exec_run(["cat", "/proc/sys/net/ipv4/ip_forward"]).stdout == b"1\n"


def test_bad_requests_leave_nothing(engine: seabox.Engine, home: Home) -> None:
    pod_of(engine, "taken", infra_name="pause")
    engine.containers.create("busybox", IDLE, name="ctr", network="none")
    before = take(home.root, home.runroot, cgroup_parent=home.cgroup_parent)
    for options, error, text in (
        ({"name": "taken"}, PodNameInUse, 'adding pod to state: name "taken" is in use: pod already exists'),
        ({"name": "ctr"}, PodNameInUse, 'name "ctr" is in use: container already exists'),
        ({"infra_name": "pause"}, NameInUse, "the container name"),
        ({"share": ["bogus"]}, InvalidArgument, "invalid kernel namespace to share: bogus. Options are: cgroup, ipc"),
        ({"share": ["cgroup"]}, InvalidArgument, "cannot define the pod as the cgroup parent"),
        ({"exit_policy": "bogus"}, InvalidArgument, 'invalid pod exit policy: "bogus"'),
        ({"name": "a b"}, InvalidArgument, "names must match"),
        ({"publish": ["80:80"]}, InvalidArgument, "PortMappings can only be used"),
        ({"infra": False}, InvalidArgument, "NoInfra and network modes cannot be used together"),
        ({"network": "container:x"}, InvalidArgument, "pods presently do not support network mode container"),
        ({"network": "nowhere"}, SeaboxError, "network not found"),
        ({"memory": 5}, InvalidArgument, "minimum memory limit"),
        ({"bogus": 1}, InvalidArgument, "unknown option"),
        ({"infra_image": "nowhere"}, SeaboxError, "nowhere"),
    ):
        request: dict[str, object] = {"name": "fresh", "network": "none"} | options  # type: ignore[operator]
        with pytest.raises(error, match=text.replace("(", r"\(")):
            engine.pods.create(str(request.pop("name")), **request)
    with pytest.raises(PodNameInUse):
        engine.containers.create("busybox", IDLE, name="taken", network="none")
    for wrong, text in (
        ({"hostname": "x"}, "cannot set hostname when joining the pod UTS namespace"),
        ({"publish": ["80:80"]}, "published or exposed ports must be defined when the pod is created"),
        ({"add_hosts": ["a:1.1.1.1"]}, "extra host entries must be specified on the pod"),
        ({"ip": "10.0.0.1"}, "networks must be defined when the pod is created"),
        ({"userns": "host"}, "--userns and --pod cannot be set together"),
        ({"init_ctr": "bogus"}, "init-ctr value must be 'always' or 'once'"),
    ):
        with pytest.raises(InvalidArgument, match=text):
            engine.containers.create("busybox", IDLE, pod="taken", **wrong)  # type: ignore[arg-type]
    with pytest.raises(NoSuchPod):
        engine.containers.create("busybox", IDLE, pod="nobody")
    assert [seen.facts.name for seen in engine.pods.list()] == ["taken"]
    assert before.left_since() == []


def test_the_shared_memory_goes_when_the_pod_is_stopped(home: Home, engine: seabox.Engine) -> None:
    pod = pod_of(engine)
    one = member(engine, pod, "one")
    pod.start()
    assert pod.infra is not None
    place = f"{home.runroot}/containers/{pod.infra.id}/shm"
    assert mounts.is_mounted(place)
    pod.stop()
    assert not mounts.is_mounted(place)
    pod.start()
    assert one.status == "running"


def test_containers_are_stopped_at_the_same_time(engine: seabox.Engine) -> None:
    """Those that do not obey cost their patience once."""
    pod = pod_of(engine)
    for number in range(4):
        engine.containers.create("busybox", IDLE, name=f"deaf{number}", pod=pod.id)
    pod.start()
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(pod.stop, 600)
        while set(statuses(pod).values()) != {"stopping"}:  # all of them, and none has ended
            assert not stopping.done()
        for number in range(4):
            engine.containers[f"deaf{number}"].kill()
        stopping.result(60)
    assert pod.status == "Exited"


def test_logs_that_nobody_follows_any_more(engine: seabox.Engine) -> None:
    """Closed half-way, or let go of: the threads that read them end, also those with more than is taken."""
    pod = pod_of(engine)
    loud = member(engine, pod, "loud", "sh", "-c", "exec yes")
    quiet = member(engine, pod, "quiet", "sh", "-c", "echo here; exec sleep 1000")
    pod.start()
    before = set(threading.enumerate())

    def new() -> set[threading.Thread]:
        return set(threading.enumerate()) - before

    lines = pod.logs(follow=True)
    seen = {id for id, _ in (next(lines) for _ in range(5000))}
    assert loud.id in seen
    assert len(new()) == 2
    assert isinstance(lines, Followed)
    lines.close()
    assert new() == set()
    assert list(lines) == []
    lines = pod.logs("quiet", follow=True)
    assert next(lines)[0] == quiet.id
    readers = new()
    assert readers
    del lines
    gc.collect()
    for thread in readers:
        thread.join(60)
    assert new() == set()
