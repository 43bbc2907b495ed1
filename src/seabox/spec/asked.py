"""What a configuration keeps of a request only to show it again."""

from __future__ import annotations

from .health_syntax import declined
from .text import content

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.container import CreateRequest


def shown_again(request: CreateRequest) -> dict[str, str]:
    """Words of the request. Raises: InvalidArgument."""
    said = {content("a word that is shown again", key): content(key, word) for key, word in request.asked.items()}
    return said | declined(request)
