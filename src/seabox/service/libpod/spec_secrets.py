"""What a SpecGenerator says of secrets, as the engine takes it."""

from __future__ import annotations

from ...errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from . import spec_body as body


def asked_secrets(spec: body.SpecGenerator) -> Iterator[str]:
    """Those that are files, and those that are variables. Raises: InvalidArgument."""
    for each in spec.secrets or ():
        words = [f"source={_word(each.source)}", "type=mount"]
        if each.target:
            words.append(f"target={_word(each.target)}")
        words += [f"{key}={value}" for key, value in (("uid", each.uid), ("gid", each.gid)) if value is not None]
        if each.mode is not None:
            words.append(f"mode={each.mode:o}")
        yield ",".join(words)
    for variable, name in (spec.secret_env or {}).items():
        yield f"source={_word(name)},type=env,target={_word(variable)}"


def _word(text: str | None) -> str:
    if not text or "," in text:
        raise InvalidArgument(f"secrets: {text or ''!a} is no name and no place of a secret")
    return text
