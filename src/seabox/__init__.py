"""seabox: a container engine that lives inside a Python process.

    import seabox

    with seabox.Engine() as engine:
        ctr = engine.containers.create("busybox", ["sh", "-c", "echo hello; exit 3"])
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .config import EngineConfig as EngineConfig
    from .container.container import Container as Container
    from .container.snapshot import Snapshot as Snapshot
    from .engine import Engine as Engine
    from .errors import SeaboxError as SeaboxError
    from .kernel.watch import Cancel as Cancel

__version__ = "0.1.0"

_HOME = {
    "Engine": "engine",
    "EngineConfig": "config",
    "Container": "container.container",
    "Snapshot": "container.snapshot",
    "SeaboxError": "errors",
    "Cancel": "kernel.watch",
}

__all__ = ["Cancel", "Container", "Engine", "EngineConfig", "SeaboxError", "Snapshot", "__version__"]


def __getattr__(name: str) -> object:
    """Public names are loaded on first use: `import seabox` costs next to nothing (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'seabox' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
