"""Places of images that are no registries, as podman and skopeo write them: "oci-archive:/tmp/x.tar"."""

from __future__ import annotations

_ARCHIVES = ("docker-archive:", "oci-archive:", "oci:", "dir:")


def of_archive(text: str) -> str:
    """The path in a name that means an archive or a directory, without the name that may follow it; "" for others."""
    for word in _ARCHIVES:
        if text.startswith(word):
            path = text[len(word) :]
            return path.partition(":")[0] if word != "dir:" else path
    return ""
