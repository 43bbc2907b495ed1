from unit.streams.stream_peer import ends, in_thread, make_pipe

__all__ = ["ends", "in_thread", "make_pipe"]
