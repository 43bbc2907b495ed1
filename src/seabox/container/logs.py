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
    from ..logs.k8s_file import LogLine
    from .services import Services


def read(
    on: Services, id: str, *, follow: bool, tail: int | None, since: int | None, until: int | None,
    timeout: float | None, cancel: Cancel | None,
) -> Iterator[LogLine]:  # fmt: skip
    """See Container.logs."""
    from ..logs import k8s_file

    check_timeout(timeout)
    log = decode_config(on.store.config(id)).log
    if follow and log.driver == "journald":
        raise Unsupported(
            "using --follow with the journald --log-driver but without the journald --events-backend "
            f"({on.config.events_backend}) is not supported"
        )
    if log.driver != "k8s-file":
        raise Unsupported(f"this container is using the '{log.driver}' log driver, cannot read logs")
    if not follow:
        return k8s_file.read(log.path, tail=tail, since=since, until=until)
    return _follow(on, id, log.path, tail, since, until, Watch(cancel, timeout))


def _follow(
    on: Services, id: str, path: str, tail: int | None, since: int | None, until: int | None, watch: Watch
) -> Iterator[LogLine]:
    from ..logs import k8s_file

    def ended() -> bool:
        try:
            state = snapshot.take(on, id).state
        except NoSuchContainer:
            return True
        return state.status not in ALIVE and state.exit_reason != "pending"

    with watch:
        try:
            watch.add_dir(on.config.run_dir(id))
            conmon = snapshot.take(on, id).state.conmon
            if conmon is not None:
                watch.add_process(conmon)  # killed, it leaves nothing that would wake us
        except (FileNotFoundError, NoSuchContainer):
            pass
        yield from k8s_file.follow(path, ended=ended, watch=watch, tail=tail, since=since, until=until)
