"""Transfers as docker's clients want to hear of them: what skopeo says, line by line, in docker's words."""

from __future__ import annotations

from ..images.reference import LOCAL, parse
from .image_names import short
from .response import json_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..images.images import Images
    from .telling import Tell

_SHORT = 12  # hex digits
_BLOB, _CONFIG, _BEGIN = "Copying blob sha256:", "Copying config ", "Getting image source signatures"


def failure(problem: Exception) -> bytes:
    """An error as the last line of a stream; with the exit code of what failed, if it is known."""
    text = str(problem) or type(problem).__name__
    code = getattr(problem, "code", None)
    return json_line({"errorDetail": ({"code": code} if code else {}) | {"message": text}, "error": text})


def on_loopback(name: str) -> bool | None:
    """tls_verify for the registry of a complete name: as dockerd, nobody asks those on this host for certificates."""
    host = parse(name).registry.rpartition(":")[0] or parse(name).registry
    return False if host == LOCAL or host.startswith("127.") else None


class Blobs:
    """The layers of one transfer, each told when it begins and when it is there."""

    def __init__(self, tell: Tell, began: str, done: str, known: str) -> None:
        self._tell, self._began, self._done, self._known = tell, began, done, known
        self._under_way: list[str] = []
        self.seen: list[str] = []

    def heard(self, line: str) -> None:
        """A line of skopeo's."""
        if line.startswith(_BLOB):
            id = line[len(_BLOB) :][:_SHORT]
            if id in self.seen:
                return
            self.seen.append(id)
            if "skipped" in line:
                self.say(self._known, id)
            else:
                self._under_way.append(id)
                self.say(self._began, id)
        elif line.startswith(_CONFIG):
            for id in self._under_way:
                self.say(self._done, id)
            self._under_way = []

    def say(self, status: str, id: str = "") -> None:
        """The client is told this."""
        self._tell(json_line({"status": status, "progressDetail": {}, "id": id} if id else {"status": status}))


class Pulled(Blobs):
    """A pull of one complete name."""

    def __init__(self, tell: Tell, name: str) -> None:
        super().__init__(tell, "Pulling fs layer", "Download complete", "Already exists")
        self._name = name

    def heard(self, line: str) -> None:
        """A line of skopeo's. Nothing is told before the manifest is there: until then a failure has a status."""
        if line == _BEGIN:
            name = parse(self._name)
            self._tell(json_line({
                "status": f"Pulling from {short(f'{name.registry}/{name.repository}'.lstrip('/'))}",
                "id": name.tag or name.digest,
            }))  # fmt: skip
        super().heard(line)

    def over(self, images: Images, id: str, before: str) -> None:
        """The image is here."""
        name = parse(self._name)
        self.unpacked(id, before)
        row = images.find(id)
        place = f"{name.registry}/{name.repository}@"
        digests = [name.digest] if name.digest else [
            each.removeprefix(place) for each in row.digests if each.startswith(place)
        ]
        if digests:
            self.say(f"Digest: {digests[0]}")
        news = "Image is up to date for" if id == before else "Downloaded newer image for"
        self.say(f"Status: {news} {short(self._name)}")

    def unpacked(self, id: str, before: str) -> None:
        """The layers are, if it is another image than the one that was here before."""
        if id != before:
            for layer in self.seen:
                self.say("Pull complete", layer)


class Pushed(Blobs):
    """A push of one image."""

    def __init__(self, tell: Tell) -> None:
        super().__init__(tell, "Preparing", "Pushed", "Layer already exists")

    def over(self, tag: str, digest: str, size: int) -> None:
        """The image is there."""
        self.say(f"{tag}: digest: {digest} size: {size}")
        self._tell(json_line({"progressDetail": {}, "aux": {"Tag": tag, "Digest": digest, "Size": size}}))
