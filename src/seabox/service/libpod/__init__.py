"""podman's own API, below /libpod."""
