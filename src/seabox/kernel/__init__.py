"""The kernel, as one room: wrappers under the kernel's own names, containers unknown."""
