"""The keyword arguments of `create`, for type checkers: the fields of CreateRequest, with any sequence for a tuple."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any, TypedDict

    from ..kernel.watch import Cancel
    from .container import Mount

    class CreateOptions(TypedDict, total=False):
        """See CreateRequest for what each means; a test keeps the two alike."""

        asked: Mapping[str, str]
        rootfs: str
        entrypoint: Sequence[str] | None
        name: str | None
        env: Mapping[str, str]
        base_env: Mapping[str, str]
        unset_env: Sequence[str]
        unset_env_all: bool
        env_merge: Mapping[str, str]
        user: str | None
        groups: Sequence[str]
        workdir: str | None
        make_workdir: bool
        umask: int | None
        hostname: str | None
        tty: bool
        stdin: bool
        stdin_once: bool
        init: bool | None
        init_path: str
        systemd: str
        personality: str
        tz: str
        passwd: bool
        passwd_entry: str
        host_users: Sequence[str]
        chroot_dirs: Sequence[str]
        image_volume: str
        volumes: Sequence[str]
        volumes_from: Sequence[str]
        secrets: Sequence[str]
        tmpfs: Sequence[str]
        mounts: Sequence[Mount]
        devices: Sequence[str]
        device_cgroup_rules: Sequence[str]
        network: str | Sequence[str] | None
        ip: str
        ip6: str
        mac_address: str
        network_aliases: Sequence[str]
        publish: Sequence[str]
        publish_all: bool
        expose: Sequence[str]
        dns: Sequence[str]
        dns_search: Sequence[str]
        dns_options: Sequence[str]
        no_hosts: bool
        no_hostname: bool
        hosts_file: str
        host_address: str
        pid: str | None
        ipc: str | None
        uts: str | None
        cgroupns: str | None
        capabilities: Sequence[str] | None
        userns: str | None
        cap_add: Sequence[str]
        cap_drop: Sequence[str]
        privileged: bool
        security_opt: Sequence[str]
        read_only: bool | None
        read_only_tmpfs: bool
        ulimits: Sequence[str]
        sysctls: Mapping[str, str]
        default_sysctls: Mapping[str, str]
        memory: int | None
        memory_swap: int | None
        memory_reservation: int | None
        cpus: float | None
        cpu_shares: int | None
        cpu_quota: int | None
        cpu_period: int | None
        cpuset_cpus: str
        cpuset_mems: str
        pids_limit: int | None
        memory_swappiness: int | None
        oom_kill_disable: bool
        cpu_rt_period: int | None
        cpu_rt_runtime: int | None
        blkio_weight: int | None
        blkio_weight_devices: Sequence[str]
        device_read_bps: Sequence[str]
        device_write_bps: Sequence[str]
        device_read_iops: Sequence[str]
        device_write_iops: Sequence[str]
        cgroup_conf: Mapping[str, str]
        shm_size: int | None
        oom_score_adj: int | None
        add_hosts: Sequence[str]
        labels: Mapping[str, str]
        annotations: Mapping[str, str]
        stop_signal: str | int | None
        stop_timeout: int | None
        timeout: int
        restart: str
        requires: Sequence[str]
        healthcheck: str | Sequence[str] | None
        health_interval: float | None
        health_timeout: float | None
        health_start_period: float | None
        health_start_interval: float | None
        health_retries: int | None
        health_max_log_count: int | None
        health_max_log_size: int | None
        health_on_failure: str
        sdnotify: str
        log_driver: str | None
        log_options: Mapping[str, str]
        auto_remove: bool
        auto_remove_image: bool
        cgroup_parent: str | None
        cgroups: str
        cidfile: str
        pidfile: str
        conmon_pidfile: str
        create_command: Sequence[str]
        pod: str
        init_ctr: str
        pull: str

    class AttachOptions(TypedDict, total=False):
        """See container.attach.Joining for what each means."""

        slow_reader: str
        spool_limit: int | None
        streams: Collection[str] | None
        detach_keys: str | None
        begin: bool
        joined: Callable[[Any], object] | None

    class HTTPAttachOptions(TypedDict, total=False):
        """See Container.http_attach for what each means."""

        streams: Collection[str] | None
        detach_keys: str | None
        cancel: Cancel | None
        stream: bool
        logs: bool
        slow_reader: str
        spool_limit: int
        typed: bytes
        timeout: float | None
        early: bool

    class ExecOptions(TypedDict, total=False):
        """See ExecRequest for what each means; a test keeps the two alike. `timeout` stands beside them."""

        env: Mapping[str, str]
        user: str | None
        workdir: str | None
        tty: bool
        size: tuple[int, int] | None
        stdin: bool
        privileged: bool
        cap_add: Sequence[str]
        cap_drop: Sequence[str]
        preserve_fds: Sequence[int]

    class RestoreOptions(TypedDict, total=False):
        """How an archive is restored. `keep`: the checkpoint stays beside the container."""

        keep: bool
        tcp_established: bool
        tcp_close: bool
        file_locks: bool
        ignore_rootfs: bool
        ignore_volumes: bool
        ignore_static_ip: bool
        ignore_static_mac: bool
        allow_privileges: bool
