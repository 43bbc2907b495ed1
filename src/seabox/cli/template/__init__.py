"""Go's text/template on plain Python data: what podman's `--format` means, really evaluated.

Imported only when a command is given a template. The data is dicts (whose keys are podman's field names), lists,
strings, numbers, booleans and None; an object's attributes are its fields, and a callable is a method.
"""

from __future__ import annotations

from seabox.cli import golang
from seabox.cli.template.functions import ABSENT, FUNCTIONS, Absent, check, truth
from seabox.cli.template.scan import Source, Term, Text
from seabox.cli.template.syntax import Action, Branch, Invoke, Jump, Parser, Pipe
from seabox.errors import InvalidArgument
from seabox.model.quoting import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from seabox.cli.template.syntax import Node

DEEPEST = 100  # templates that invoke templates


class Template:
    """A parsed template; `name` is what error messages call it.

    Raises:
        InvalidArgument: the text is no template; one line in Go's words.
    """

    __slots__ = ("_source", "_templates")

    def __init__(self, text: str, name: str = "format") -> None:
        self._source = Source(name, text)
        try:
            self._templates = Parser(self._source, FUNCTIONS).templates
        except RecursionError:
            raise InvalidArgument(f"template: {name}: nested too deeply") from None

    def render(self, data: object) -> str:
        """The text that the template makes of the data.

        Raises:
            InvalidArgument: a field that is not there, an argument that does not fit; one line in Go's words.
        """
        run = _Run(self._source, self._templates, data)
        try:
            run.walk(self._templates[""], data)
        except RecursionError:
            raise InvalidArgument(f"template: {self._source.name}: nested too deeply") from None
        return "".join(run.out)


class _Run:
    """One evaluation: the text so far and the variables in scope, the innermost last."""

    def __init__(self, source: Source, templates: dict[str, list[Node]], data: object, depth: int = 0) -> None:
        self.source, self.templates, self.depth = source, templates, depth
        self.out: list[str] = []
        self.variables: list[tuple[str, object]] = [("$", data)]

    def error(self, at: int, end: int, message: str, start: int = -1) -> InvalidArgument:
        text, name = self.source.text, self.source.name
        line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)
        node = " ".join(text[start if start >= 0 else at : end].split())
        message = message.replace("\n", " ")  # it may quote data; an error is one line
        return InvalidArgument(f'template: {name}:{line}:{column}: executing "{name}" at <{node}>: {message}')

    def walk(self, nodes: Sequence[Node], dot: object) -> str:
        """The nodes are evaluated; returns "break" or "continue" if one of them said so."""
        for node in nodes:
            jump = ""
            if isinstance(node, Text):
                self.out.append(node.text)
            elif isinstance(node, Action):
                value = self.pipe(node.pipe, dot)
                if not node.pipe.names:
                    self.out.append(golang.text(value))
            elif isinstance(node, Branch):
                scope = len(self.variables)
                jump = self.loop(node, dot) if node.word == "range" else self.branch(node, dot)
                del self.variables[scope:]
            elif isinstance(node, Invoke):
                self.invoke(node, dot)
            elif isinstance(node, Jump):
                jump = node.word
            if jump:
                return jump
        return ""

    def branch(self, node: Branch, dot: object) -> str:
        value = self.pipe(node.pipe, dot)
        if truth(value):
            return self.walk(node.body, value if node.word == "with" else dot)
        return self.walk(node.otherwise, dot)

    def loop(self, node: Branch, dot: object) -> str:
        names = node.pipe.names
        value = self.pipe(Pipe([], False, node.pipe.commands), dot)
        scope = len(self.variables)
        ran = False
        for key, item in self.items(value, node.pipe):
            ran = True
            bound = zip(names, (key, item)[2 - len(names) :], strict=True)  # a single variable gets the item
            if node.pipe.declares:
                self.variables += bound
            else:
                for name, part in bound:
                    self.assign(name, part)
            jump = self.walk(node.body, item)
            del self.variables[scope:]
            if jump == "break":
                break
        return "" if ran else self.walk(node.otherwise, dot)

    def items(self, value: object, pipe: Pipe) -> Iterable[tuple[object, object]]:
        """The keys and values that `range` goes over."""
        if isinstance(value, (list, tuple, bytes)):
            return enumerate(value)
        if isinstance(value, dict):
            return golang.by_key(value)
        if value is None or isinstance(value, Absent):
            return ()
        message = f"range can't iterate over {golang.text(value)}"
        if isinstance(value, int) and not isinstance(value, bool):
            if len(pipe.names) < 2:
                return ((i, i) for i in range(value))
            message = f"can't use {value} to iterate over more than one variable"
        raise self.error(pipe.commands[0][0].at, pipe.commands[-1][-1].end, message)

    def invoke(self, node: Invoke, dot: object) -> None:
        end = node.at + len(node.name) + 2
        if node.name not in self.templates:
            raise self.error(node.at, end, f"template {quote(node.name)} not defined")
        if self.depth >= DEEPEST:
            raise self.error(node.at, end, f"exceeded maximum template depth ({DEEPEST})")
        data = self.pipe(node.pipe, dot) if node.pipe else None
        inner = _Run(self.source, self.templates, data, self.depth + 1)
        inner.out = self.out
        inner.walk(self.templates[node.name], data)

    def assign(self, name: str, value: object) -> None:
        for i in range(len(self.variables) - 1, -1, -1):
            if self.variables[i][0] == name:
                self.variables[i] = (name, value)
                return

    def pipe(self, pipe: Pipe, dot: object) -> object:
        value: object = None
        for stage, command in enumerate(pipe.commands):
            value = self.command(command, dot, [value] if stage else [])
        for name in pipe.names:
            if pipe.declares:
                self.variables.append((name, value))
            else:
                self.assign(name, value)
        return value

    def command(self, command: list[Term], dot: object, last: list[object]) -> object:
        """The command's value, given the value of the command before it in the pipe, if there is one."""
        first, rest = command[0], command[1:]
        if first.kind == "function":
            value = self.call(command, dot, last)
            return self.chain(first, value, []) if first.fields else value
        if first.fields:
            args = [self.term(term, dot) for term in rest] + last
            return self.chain(first, self.base(first, dot), args)
        if rest or last:
            word = self.source.text[first.at : first.end]
            raise self.error(first.at, command[-1].end, f"can't give argument to non-function {word}")
        return self.base(first, dot)

    def term(self, term: Term, dot: object) -> object:
        """An argument's value."""
        value = self.call([term], dot, []) if term.kind == "function" else self.base(term, dot)
        return self.chain(term, value, []) if term.fields else value

    def base(self, term: Term, dot: object) -> object:
        """The operand's value before its fields."""
        if term.kind == "dot":
            return dot
        if term.kind == "variable":
            return next(value for name, value in reversed(self.variables) if name == term.value)
        if isinstance(term.value, Pipe):
            return self.pipe(term.value, dot)
        return term.value

    def call(self, command: list[Term], dot: object, last: list[object]) -> object:
        first = command[0]
        name = str(first.value)
        args: list[Any] = []
        for term in command[1:]:
            args.append(self.term(term, dot))
            if (name == "and" and not truth(args[-1])) or (name == "or" and truth(args[-1])):
                return args[-1]
        args += last
        try:
            check(name, args)
        except ValueError as error:
            raise self.error(first.at, first.at + len(name), str(error)) from None
        try:
            return FUNCTIONS[name][0](args)
        except (ValueError, TypeError) as error:
            raise self.error(first.at, command[-1].end, f"error calling {name}: {error}") from None

    def chain(self, term: Term, value: object, args: list[object]) -> object:
        """The value of the term's fields, one after the other; the arguments go to the last."""
        last = len(term.fields) - 1
        at = term.fields[min(1, last) if term.kind == "dot" else 0][1]  # where Go says that it failed
        for position, (name, _) in enumerate(term.fields):
            given = args if position == last else []
            found = self.field(value, name)
            if isinstance(found, InvalidArgument):
                raise self.error(at, term.end, str(found), term.at)
            if callable(found):
                try:
                    found = found(*given)
                except (TypeError, ValueError) as error:
                    raise self.error(at, term.end, f"error calling {name}: {error}", term.at) from None
            elif given:
                raise self.error(at, term.end, f"{name} has arguments but cannot be invoked as function", term.at)
            value = found
        return value

    def field(self, value: Any, name: str) -> object:
        """The field, ABSENT if a map has no such key, or the error that says why there is none."""
        if isinstance(value, dict):
            if name in value:
                return golang.member(value, name)
            if not golang.is_struct(value):
                return ABSENT
            for key in value:  # a field's name in Go differs from that in JSON in case only: ID, Id
                if name[0].isupper() and key.lower() == name.lower():
                    return golang.member(value, key)
        elif isinstance(value, Absent):
            return ABSENT
        elif value is None:
            return InvalidArgument(f"nil pointer evaluating interface {{}}.{name}")
        elif not isinstance(value, (str, bytes, int, float, list, tuple)) and name[0] != "_" and hasattr(value, name):
            return getattr(value, name)
        return InvalidArgument(f"can't evaluate field {name} in type {golang.type_name(value)}")
