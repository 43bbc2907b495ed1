"""The tables, and how an older store becomes a newer one.

Each migration takes the store from version n to n + 1 inside one transaction; PRAGMA user_version says where it is.
A store is never opened by a seabox older than the one that wrote it.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE layer(
    chain_id TEXT PRIMARY KEY,
    parent TEXT REFERENCES layer(chain_id),
    size INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE image(
    id TEXT PRIMARY KEY,
    config BLOB NOT NULL,
    manifest BLOB NOT NULL,
    created_at INTEGER NOT NULL
);

CREATE TABLE image_name(
    name TEXT PRIMARY KEY,
    image_id TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX image_name_by_image ON image_name(image_id);

CREATE TABLE image_layer(
    image_id TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    chain_id TEXT NOT NULL REFERENCES layer(chain_id),
    PRIMARY KEY(image_id, position)
) WITHOUT ROWID;
CREATE INDEX image_layer_by_layer ON image_layer(chain_id);

CREATE TABLE container(
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    image TEXT NOT NULL,
    image_id TEXT REFERENCES image(id),
    command TEXT NOT NULL,
    labels TEXT NOT NULL,
    runtime TEXT NOT NULL,
    auto_remove INTEGER NOT NULL,
    stop_signal INTEGER NOT NULL,
    stop_timeout INTEGER NOT NULL,
    restart_policy TEXT NOT NULL,
    restart_retries INTEGER NOT NULL,
    supervised INTEGER NOT NULL,
    networked INTEGER NOT NULL,
    ports TEXT NOT NULL,
    status TEXT NOT NULL,
    run INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    pid_start INTEGER NOT NULL,
    conmon_pid INTEGER NOT NULL,
    conmon_start INTEGER NOT NULL,
    boot TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    exit_code INTEGER,
    exit_reason TEXT NOT NULL,
    oom_killed INTEGER NOT NULL,
    stopped_by_user INTEGER NOT NULL,
    restart_count INTEGER NOT NULL,
    next_start_at INTEGER NOT NULL,
    backoff INTEGER NOT NULL,
    health TEXT NOT NULL,
    mountpoint TEXT NOT NULL,
    mount_count INTEGER NOT NULL,
    error TEXT NOT NULL,
    intent TEXT,
    holder_pid INTEGER,
    holder_start INTEGER,
    holder_boot TEXT,
    claimed_at INTEGER
) WITHOUT ROWID;
CREATE INDEX container_by_image ON container(image_id) WHERE image_id IS NOT NULL;
CREATE INDEX container_alive ON container(created_at) WHERE status IN ('created', 'running', 'paused');
CREATE INDEX container_claimed ON container(intent) WHERE intent IS NOT NULL;
CREATE INDEX container_to_start ON container(next_start_at) WHERE next_start_at > 0;
CREATE INDEX container_by_age ON container(created_at);

CREATE TABLE container_config(
    id TEXT PRIMARY KEY REFERENCES container(id) ON DELETE CASCADE,
    config BLOB NOT NULL
);

CREATE TABLE requirement(
    id TEXT NOT NULL REFERENCES container(id) ON DELETE CASCADE,
    needs TEXT NOT NULL REFERENCES container(id),
    PRIMARY KEY(id, needs)
) WITHOUT ROWID;
CREATE INDEX requirement_by_need ON requirement(needs);

CREATE TABLE exec_session(
    id TEXT PRIMARY KEY,
    container TEXT NOT NULL REFERENCES container(id) ON DELETE CASCADE,
    command TEXT NOT NULL,
    user TEXT NOT NULL,
    tty INTEGER NOT NULL,
    status TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_start INTEGER NOT NULL,
    conmon_pid INTEGER NOT NULL,
    conmon_start INTEGER NOT NULL,
    boot TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    exit_code INTEGER,
    exit_reason TEXT NOT NULL,
    holder_pid INTEGER NOT NULL,
    holder_start INTEGER NOT NULL,
    holder_boot TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX exec_session_by_container ON exec_session(container);
CREATE INDEX exec_session_ended ON exec_session(finished_at) WHERE status = 'stopped';

CREATE TABLE network(
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    config BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE attachment(
    seq INTEGER PRIMARY KEY,
    container TEXT NOT NULL REFERENCES container(id) ON DELETE CASCADE,
    network TEXT NOT NULL REFERENCES network(id),
    interface TEXT NOT NULL,
    attachment BLOB NOT NULL,
    connection BLOB,
    UNIQUE(container, network),
    UNIQUE(container, interface)
);
CREATE INDEX attachment_by_network ON attachment(network);

CREATE TABLE lease(
    network TEXT NOT NULL REFERENCES network(id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    container TEXT NOT NULL REFERENCES container(id) ON DELETE CASCADE,
    boot TEXT NOT NULL,
    PRIMARY KEY(network, address)
) WITHOUT ROWID;
CREATE INDEX lease_by_container ON lease(container);

CREATE TABLE exit_code(
    id TEXT NOT NULL,
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    code INTEGER,
    reason TEXT NOT NULL,
    finished_at INTEGER NOT NULL,
    PRIMARY KEY(id, run)
) WITHOUT ROWID;
CREATE INDEX exit_code_by_age ON exit_code(finished_at);

CREATE TABLE event(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    image TEXT NOT NULL,
    exit_code INTEGER,
    attributes TEXT NOT NULL
);
CREATE INDEX event_by_age ON event(at);
"""

_CGROUP = """
ALTER TABLE container ADD COLUMN cgroup TEXT NOT NULL DEFAULT '';
"""

_PODS_VOLUMES_CHECKPOINTS = """
CREATE TABLE image_past_name(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    image_id TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE(image_id, name)
);

CREATE TABLE pod(
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    labels TEXT NOT NULL,
    exit_policy TEXT NOT NULL,
    cgroup TEXT NOT NULL,
    infra TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    config BLOB NOT NULL,
    intent TEXT,
    holder_pid INTEGER,
    holder_start INTEGER,
    holder_boot TEXT,
    claimed_at INTEGER
) WITHOUT ROWID;

CREATE TABLE image_user(
    container TEXT NOT NULL REFERENCES container(id) ON DELETE CASCADE,
    image_id TEXT NOT NULL REFERENCES image(id),
    PRIMARY KEY(container, image_id)
) WITHOUT ROWID;
CREATE INDEX image_user_by_image ON image_user(image_id);

CREATE TABLE volume(
    name TEXT PRIMARY KEY,
    config BLOB NOT NULL,
    anonymous INTEGER NOT NULL,
    phase TEXT NOT NULL,
    needs_copy INTEGER NOT NULL,
    needs_chown INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX volume_unsettled ON volume(phase) WHERE phase <> 'ready';

CREATE TABLE volume_use(
    container TEXT NOT NULL REFERENCES container(id) ON DELETE CASCADE,
    volume TEXT NOT NULL REFERENCES volume(name),
    fate TEXT NOT NULL,
    PRIMARY KEY(container, volume)
) WITHOUT ROWID;
CREATE INDEX volume_use_by_volume ON volume_use(volume);

CREATE TABLE volume_mount(
    volume TEXT NOT NULL REFERENCES volume(name) ON DELETE CASCADE,
    holder TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_start INTEGER NOT NULL,
    boot TEXT NOT NULL,
    PRIMARY KEY(volume, holder)
) WITHOUT ROWID;
CREATE INDEX volume_mount_by_holder ON volume_mount(holder);
CREATE INDEX volume_mount_of_process ON volume_mount(volume) WHERE pid > 0;

ALTER TABLE container ADD COLUMN pod TEXT REFERENCES pod(id);
ALTER TABLE container ADD COLUMN role TEXT NOT NULL DEFAULT '';
ALTER TABLE container ADD COLUMN volumes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE container ADD COLUMN checkpointed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE container ADD COLUMN restored_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX container_by_pod ON container(pod) WHERE pod IS NOT NULL;
"""

_SECRETS = """
CREATE TABLE secret(
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    config BLOB NOT NULL,
    phase TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX secret_by_name ON secret(name) WHERE phase = 'ready';
CREATE INDEX secret_unsettled ON secret(phase) WHERE phase <> 'ready';
"""

MIGRATIONS = (_FIRST, _CGROUP, _PODS_VOLUMES_CHECKPOINTS, _SECRETS)
VERSION = len(MIGRATIONS)

STATE_COLUMNS = (
    "status", "run", "pid", "pid_start", "conmon_pid", "conmon_start", "boot", "started_at", "finished_at",
    "exit_code", "exit_reason", "oom_killed", "stopped_by_user", "restart_count", "next_start_at", "backoff",
    "health", "mountpoint", "mount_count", "error", "checkpointed_at", "restored_at",
)  # fmt: skip
FACT_COLUMNS = (
    "id", "name", "created_at", "image", "image_id", "command", "labels", "runtime", "auto_remove", "stop_signal",
    "stop_timeout", "restart_policy", "cgroup", "networked", "ports", "restart_retries",
    "supervised", "pod", "role", "volumes",
)  # fmt: skip
CLAIM_COLUMNS = ("intent", "holder_pid", "holder_start", "holder_boot", "claimed_at")

# of these columns
INTEGERS = frozenset(
    "created_at auto_remove stop_signal stop_timeout networked restart_retries supervised volumes run pid pid_start "
    "conmon_pid conmon_start started_at finished_at exit_code oom_killed stopped_by_user restart_count next_start_at "
    "backoff mount_count checkpointed_at restored_at holder_pid holder_start claimed_at".split()
)
OPTIONAL = frozenset(("image_id", "pod", "exit_code", *CLAIM_COLUMNS))
MEMBER_ENDED = "UPDATE pod SET ended_at = ? WHERE id = (SELECT pod FROM container WHERE id = ? AND role = '')"
