"""The grammar of Go's text/template: a tree of nodes from a template's source."""

from __future__ import annotations

from seabox.cli.template.scan import Source, Term, Text
from seabox.model.quoting import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import TypeAlias

    from seabox.errors import InvalidArgument

    Node: TypeAlias = "Text | Action | Branch | Invoke | Jump"


class Pipe:
    """Commands whose result is the next one's last argument, and the variables that get the last result."""

    __slots__ = ("commands", "declares", "names")

    def __init__(self, names: list[str], declares: bool, commands: list[list[Term]]) -> None:
        self.names, self.declares, self.commands = names, declares, commands


class Action:
    """A pipe whose value is printed, unless it goes to a variable."""

    __slots__ = ("pipe",)

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe


class Branch:
    """`if`, `with` or `range`, with its else part."""

    __slots__ = ("body", "otherwise", "pipe", "word")

    def __init__(self, word: str, pipe: Pipe, body: list[Node], otherwise: list[Node]) -> None:
        self.word, self.pipe, self.body, self.otherwise = word, pipe, body, otherwise


class Invoke:
    """`template` or `block`: another template is run with the pipe's value as its dot."""

    __slots__ = ("at", "name", "pipe")

    def __init__(self, name: str, pipe: Pipe | None, at: int) -> None:
        self.name, self.pipe, self.at = name, pipe, at


class Jump:
    """`break` or `continue`."""

    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word


class Parser:
    """Reads a template; afterwards `templates` has its tree under "" and those it defines under their names."""

    def __init__(self, source: Source, functions: Container[str]) -> None:
        self.source, self.functions = source, functions
        self.templates: dict[str, list[Node]] = {}
        self._items = source.cut()
        self._next = 0
        self._variables = ["$"]
        self._loops = 0
        self.templates[""] = self._nodes("")[0]

    def _nodes(self, inside: str) -> tuple[list[Node], _Words]:
        """Nodes up to the `end` or `else` of the statement they are inside; returns what follows that word."""
        nodes: list[Node] = []
        while self._next < len(self._items):
            item = self._items[self._next]
            self._next += 1
            if isinstance(item, Text):
                nodes.append(item)
                continue
            words = _Words(self.source, item)
            keyword = words.take_keyword()
            if keyword in ("end", "else"):
                if not inside or (keyword == "else" and inside not in ("if", "with", "range")):
                    raise words.error(f"unexpected {{{{{keyword}}}}}")
                words.keyword = keyword
                return nodes, words
            node = self._statement(keyword, words)
            if node is not None:
                nodes.append(node)
            words.done("input" if keyword else "command")
        if inside:
            raise self.source.error(len(self.source.text), "unexpected EOF")
        return nodes, _Words(self.source, [])

    def _statement(self, keyword: str, words: _Words) -> Node | None:
        if not keyword:
            return Action(self._pipe(words, "command"))
        if keyword in ("if", "with", "range"):
            return self._branch(keyword, words)
        if keyword in ("break", "continue"):
            if not self._loops:
                raise words.error(f"{{{{{keyword}}}}} outside {{{{range}}}}")
            return Jump(keyword)
        name, at = words.name(keyword)
        pipe = None
        if keyword == "block" or (keyword == "template" and words.more()):
            pipe = self._pipe(words, f"{keyword} clause")
        if keyword != "template":
            words.done(keyword)
            variables, self._variables, loops, self._loops = self._variables, ["$"], self._loops, 0
            self.templates[name] = self._nodes(keyword)[0]
            self._variables, self._loops = variables, loops
        return None if keyword == "define" else Invoke(name, pipe, at)

    def _branch(self, keyword: str, words: _Words) -> Branch:
        scope = len(self._variables)
        pipe = self._pipe(words, keyword, most_names=2 if keyword == "range" else 1)
        words.done(keyword)
        self._loops += keyword == "range"
        body, closer = self._nodes(keyword)
        self._loops -= keyword == "range"
        otherwise: list[Node] = []
        if closer.keyword == "else":
            again = closer.take_keyword()
            if again and again == keyword != "range":
                otherwise = [self._branch(again, closer)]
                closer = _Words(self.source, [])
            elif again:
                raise closer.error(f"unexpected <{again}> in else")
            else:
                closer.done("else")
                otherwise, closer = self._nodes("else")
        closer.done("end")
        del self._variables[scope:]
        return Branch(keyword, pipe, body, otherwise)

    def _pipe(self, words: _Words, context: str, most_names: int = 1) -> Pipe:
        """A pipe up to the end of the action or its closing parenthesis, which is left."""
        names, declares = words.names(most_names)
        for name in () if declares else names:
            self._known(name, words)
        commands: list[list[Term]] = []
        while True:
            command: list[Term] = []
            while (term := words.operand()) is not None:
                command.append(self._operand(term, words))
            if not command:
                raise words.error(f"missing value for {context}")
            if commands and (command[0].kind == "literal" or (command[0].kind == "dot" and not command[0].fields)):
                raise words.error(f"non executable command in pipeline stage {len(commands) + 1}")
            commands.append(command)
            if not words.skip("|"):
                break
        if declares:
            self._variables += names
        return Pipe(names, declares, commands)

    def _operand(self, term: Term, words: _Words) -> Term:
        if term.kind == "variable":
            self._known(str(term.value), words)
        elif term.kind == "function" and term.value not in self.functions:
            raise words.error(f"function {quote(str(term.value))} not defined")
        elif term.kind == "mark":
            pipe = self._pipe(words, "parenthesized pipeline")
            close = words.close()
            return Term("pipe", pipe, term.at, close.end, close.fields)
        return term

    def _known(self, name: str, words: _Words) -> None:
        if name not in self._variables:
            raise words.error(f"undefined variable {quote(name)}")


class _Words:
    """The terms of one action, taken one after the other."""

    def __init__(self, source: Source, terms: list[Term]) -> None:
        self.source, self.terms, self.at = source, terms, 0
        self.keyword = ""

    def error(self, message: str) -> InvalidArgument:
        return self.source.error(self.terms[min(self.at, len(self.terms) - 1)].at if self.terms else 0, message)

    def more(self) -> bool:
        return self.at < len(self.terms)

    def _is(self, kind: str, *values: str, ahead: int = 0) -> bool:
        at = self.at + ahead
        return at < len(self.terms) and self.terms[at].kind == kind and (not values or self.terms[at].value in values)

    def skip(self, mark: str) -> bool:
        found = self._is("mark", mark)
        self.at += found
        return found

    def done(self, context: str) -> None:
        if self.more():
            term = self.terms[self.at]
            raise self.error(f"unexpected <{self.source.text[term.at : term.end]}> in {context}")

    def take_keyword(self) -> str:
        if not self._is("keyword"):
            return ""
        self.at += 1
        return str(self.terms[self.at - 1].value)

    def name(self, keyword: str) -> tuple[str, int]:
        term = self.terms[self.at] if self.more() else None
        if term is None or not isinstance(term.value, str) or term.kind != "literal":
            raise self.error(f"missing template name in {keyword} clause")
        self.at += 1
        return term.value, term.at

    def names(self, most: int) -> tuple[list[str], bool]:
        """The variables in front of `:=` or `=`, if that is how the pipe begins."""
        names, at = [], 0
        while self._is("variable", ahead=at) and not self.terms[self.at + at].fields:
            names.append(str(self.terms[self.at + at].value))
            if self._is("mark", ":=", "=", ahead=at + 1):
                if len(names) > most:
                    raise self.error("too many declarations in command")
                self.at += at + 2
                return names, self.terms[self.at - 1].value == ":="
            if not self._is("mark", ",", ahead=at + 1):
                break
            at += 2
        return [], False

    def operand(self) -> Term | None:
        """The next term if it can be an operand; an opening parenthesis can."""
        if not self.more() or self._is("keyword") or (self._is("mark") and not self._is("mark", "(")):
            return None
        self.at += 1
        return self.terms[self.at - 1]

    def close(self) -> Term:
        if not self._is("mark", ")"):
            raise self.error("unclosed left paren" if not self.more() else "unexpected token in parenthesized pipeline")
        self.at += 1
        return self.terms[self.at - 1]
