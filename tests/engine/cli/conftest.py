from engine.cli.command_line import cli, machine

__all__ = ["cli", "machine"]
