"""A template's source cut into texts and actions, and each action into terms. No grammar is known here."""

from __future__ import annotations

from seabox.errors import InvalidArgument
from seabox.model import literals
from seabox.model.quoting import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container

SPACE = " \t\r\n"
KEYWORDS = frozenset(("if", "else", "end", "range", "with", "define", "block", "template", "break", "continue"))


class Text:
    """Text that is copied out."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Term:
    """A word of an action and the `.Fields` that follow it without a space, each with its place in the source.

    `kind` is "dot", "literal", "variable", "function", "keyword" or "mark" (punctuation); the parser adds "pipe"
    for a parenthesised pipe.
    """

    __slots__ = ("at", "end", "fields", "kind", "value")

    def __init__(self, kind: str, value: object, at: int, end: int, fields: tuple[tuple[str, int], ...] = ()) -> None:
        self.kind, self.value, self.at, self.end, self.fields = kind, value, at, end, fields


class Source:
    """A template's name and text, for cutting and for error messages."""

    __slots__ = ("name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def error(self, at: int, message: str) -> InvalidArgument:
        return InvalidArgument(f"template: {self.name}:{self.text.count(chr(10), 0, at) + 1}: {message}")

    def cut(self) -> list[Text | list[Term]]:
        """The texts and the actions, trimmed where `{{-` or `-}}` says so, without the comments."""
        items: list[Text | list[Term]] = []
        text, at, trim = self.text, 0, False
        while True:
            start = text.find("{{", at)
            plain = text[at:start] if start >= 0 else text[at:]
            plain = plain.lstrip(SPACE) if trim else plain
            at = start + 2
            if start >= 0 and text[at : at + 1] == "-" and self._space(at + 1):
                plain = plain.rstrip(SPACE)
                at += 2
            if plain:
                items.append(Text(plain))
            if start < 0:
                return items
            if text.startswith("/*", at):
                at = text.find("*/", at) + 2
                if at == 1:
                    raise self.error(start, "unclosed comment")
                trim = self._space(at) and text.startswith("-}}", at + 1)
                if not trim and not text.startswith("}}", at):
                    raise self.error(start, "comment ends before closing delimiter")
                at += 4 if trim else 2
            else:
                action: list[Term] = []
                at, trim = self._action(at, action)
                items.append(action)

    def _space(self, at: int) -> bool:
        return text_at(self.text, at, SPACE)

    def _action(self, at: int, tokens: list[Term]) -> tuple[int, bool]:
        """The tokens up to the closing braces; returns the place after them and whether they trim."""
        text, start = self.text, at
        while at < len(text):
            if text.startswith("}}", at):
                return at + 2, False
            if not self._space(at):
                at = self._token(at, tokens)
            elif text.startswith("-}}", at + 1):
                return at + 4, True
            else:
                at += 1
        raise self.error(start, "unclosed action")

    def _token(self, at: int, tokens: list[Term]) -> int:
        text, char = self.text, self.text[at]
        end = at + 1
        if text.startswith(":=", at):
            end = at + 2
            tokens.append(Term("mark", ":=", at, end))
            return end
        if char in "=,|(":
            tokens.append(Term("mark", char, at, end))
            return end
        fields: list[tuple[str, int]] = []
        if char in "\"'`":
            kind, value, end = self._literal(at, char)
        elif char == ")":
            kind, value = "mark", ")"
        elif text_at(text, at, "+-0123456789") or (char == "." and text_at(text, end, "0123456789")):
            kind, value, end = self._number(at)
        elif char == "." and not self._letter(end):
            kind, value = "dot", None
        elif char == ".":
            kind, value, end = "dot", None, at
        elif char == "$":
            end = self._word(end)
            kind, value = "variable", text[at:end]
        elif self._letter(at):
            end = self._word(at)
            word = text[at:end]
            kind, value = "keyword" if word in KEYWORDS else "function", word
            if word in ("true", "false", "nil"):
                kind, value = "literal", {"true": True, "false": False, "nil": None}[word]
        else:
            raise self.error(at, f"unexpected {quote(char)} in command")
        while text[end : end + 1] == "." and self._letter(end + 1):
            stop = self._word(end + 1)
            fields.append((text[end + 1 : stop], end))
            end = stop
        if fields and (kind in ("literal", "keyword") or (kind == "dot" and fields[0][1] != at)):
            raise self.error(at, f"unexpected . after term {quote(text[at : fields[0][1]])}")
        if end < len(text) and not self._space(end) and text[end] not in ",|():=" and not text.startswith("}}", end):
            raise self.error(at, f"bad character {quote(text[end])}")
        tokens.append(Term(kind, value, at, end, tuple(fields)))
        return end

    def _letter(self, at: int) -> bool:
        char = self.text[at : at + 1]
        return char == "_" or char.isalpha()

    def _word(self, at: int) -> int:
        while text_at(self.text, at, "_") or self.text[at : at + 1].isalnum():
            at += 1
        return at

    def _number(self, at: int) -> tuple[str, object, int]:
        end = at + 1
        while (
            self.text[end : end + 1].isalnum()
            or text_at(self.text, end, "._")
            or (text_at(self.text, end, "+-") and self.text[end - 1] in "eE" and "x" not in self.text[at:end])
        ):
            end += 1
        digits = self.text[at:end]
        for read in (literals.read_int, literals.read_float):
            try:
                return "literal", read(digits), end
            except ValueError:
                continue
        raise self.error(at, f"bad number syntax: {quote(digits)}")

    def _literal(self, at: int, mark: str) -> tuple[str, object, int]:
        text, end = self.text, at + 1
        if mark == "`":
            end = text.find("`", at + 1)
            if end < 0:
                raise self.error(at, "unterminated raw quoted string")
            return "literal", text[at + 1 : end].replace("\r", ""), end + 1
        what = "quoted string" if mark == '"' else "character constant"
        while text[end : end + 1] != mark:
            if end >= len(text) or text[end] == "\n":
                raise self.error(at, f"unterminated {what}")
            end += 2 if text[end] == "\\" else 1
        try:
            value = unquote(text[at + 1 : end], mark)
        except ValueError:
            raise self.error(at, "invalid syntax") from None
        if mark == '"':
            return "literal", value, end + 1
        if len(value) != 1:
            raise self.error(at, f"malformed character constant: {text[at : end + 1]}")
        return "literal", ord(value), end + 1


def text_at(text: str, at: int, chars: Container[str]) -> bool:
    """Whether there is a character at this place and it is one of these."""
    return at < len(text) and text[at] in chars


def unquote(body: str, mark: str) -> str:
    """The string that a Go literal between these quotation marks means.

    Raises:
        ValueError: an escape that Go does not have.
    """
    plain = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", mark: mark}
    raw, at = bytearray(), 0
    while at < len(body):
        char = body[at]
        at += 1
        if char != "\\":
            raw += char.encode(errors="surrogateescape")
            continue
        code = body[at : at + 1]
        at += 1
        if code in plain:
            raw += plain[code].encode()
            continue
        size, base = {"x": (2, 16), "u": (4, 16), "U": (8, 16)}.get(code, (3, 8))
        digits = body[at : at + size] if base == 16 else body[at - 1 : at + 2]
        at += size if base == 16 else 2
        if len(digits) != size or not digits.isalnum():
            raise ValueError(body)
        number = int(digits, base)
        raw += chr(number).encode() if size > 3 else bytes([number])
    return raw.decode(errors="surrogateescape")
