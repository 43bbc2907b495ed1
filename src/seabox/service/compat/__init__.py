"""Docker's Engine API: where podman's answers differ from dockerd's, dockerd is right."""
