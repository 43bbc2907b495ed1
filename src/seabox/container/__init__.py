"""A container's lifecycle: operations are functions over a container whose lock is held."""
