"""What a container wrote, read from its log; no lock, and a wait for more that costs nothing."""

from __future__ import annotations

from ..errors import NoSuchContainer, Unsupported
from ..kernel.watch import Watch
from ..model.record import ALIVE
from ..model.times import check_timeout
from . import snapshot
from .stored import decode_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.watch import Cancel
    from ..logs.lines import LogLine
    from ..model.container import LogConfig
    from .services import Services


def read(
    on: Services, id: str, *, follow: bool, tail: int | None, since: int | None, until: int | None,
    timeout: float | None, cancel: Cancel | None,
) -> Iterator[LogLine]:  # fmt: skip
    """See Container.logs."""
    check_timeout(timeout)
    log = decode_config(on.store.config(id)).log
    require_readable(log)
    if follow or log.driver == "journald":
        return _watched(on, id, log, follow, (tail, since, until), Watch(cancel, timeout))
    from ..logs import k8s_file

    return k8s_file.read(log.path, tail=tail, since=since, until=until)


def require_readable(log: LogConfig) -> None:
    """It can be read. Raises: Unsupported."""
    if log.driver not in ("k8s-file", "journald"):
        raise Unsupported(f"this container is using the '{log.driver}' log driver, cannot read logs")


def _watched(
    on: Services, id: str, log: LogConfig, follow: bool, which: tuple[int | None, int | None, int | None], watch: Watch
) -> Iterator[LogLine]:
    from ..logs import journald, k8s_file

    tail, since, until = which

    def ended() -> bool:
        try:
            state = snapshot.take(on, id).state
        except NoSuchContainer:
            return True
        return state.status not in ALIVE and state.exit_reason != "pending"

    with watch:
        if not follow:
            yield from journald.read(id, watch, tail=tail, since=since, until=until)
            return
        try:
            watch.add_dir(on.config.run_dir(id))
            conmon = snapshot.take(on, id).state.conmon
            if conmon is not None:
                watch.add_process(conmon)  # killed, it leaves nothing that would wake us
        except (FileNotFoundError, NoSuchContainer):
            pass
        if log.driver == "journald":
            yield from journald.follow(id, watch, ended=ended, tail=tail, since=since, until=until)
        else:
            yield from k8s_file.follow(log.path, watch=watch, ended=ended, tail=tail, since=since, until=until)
