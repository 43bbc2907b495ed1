"""Networks of containers: addresses, ports, and the stack that a backend builds in a container's namespace."""
