"""The engine over HTTP: Docker's Engine API and podman's libpod API, as thin faces over the same calls."""
