from engine.conftest import engine, home, runtime, seed

__all__ = ["engine", "home", "runtime", "seed"]
