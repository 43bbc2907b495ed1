"""What is stored can be read back: every Struct of model/, with its defaults, with None, with samples of each type."""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec import inspect

from arch.source import modules

if TYPE_CHECKING:
    from collections.abc import Iterator


def structs() -> list[type[msgspec.Struct]]:
    """Every Struct class that a module of model/ defines."""
    found = []
    for module in modules():
        if module.room != "model":
            continue
        loaded = importlib.import_module(module.name)
        found += [
            value
            for value in vars(loaded).values()
            if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == module.name
        ]
    return found


def samples(node: inspect.Type, depth: int = 0) -> list[Any]:
    """Values of a type, the odd ones among them; a type that JSON cannot carry is an error."""
    match node:
        case inspect.AnyType():
            return [None, 1, "x", [1], {"a": None}]
        case inspect.NoneType():
            return [None]
        case inspect.BoolType():
            return [False, True]
        case inspect.IntType(ge=low, le=high):
            return [n for n in (0, 1, -1, 2**40) if (low is None or n >= low) and (high is None or n <= high)]
        case inspect.FloatType():
            return [0.0, 1.5]
        case inspect.StrType():
            return ["", "a", 'ü\n"\\\0']
        case inspect.BytesType():
            return [b"", b"\x00\xff"]
        case inspect.RawType():
            return [msgspec.Raw(b'{"unknown":[1]}')]
        case inspect.EnumType(cls=enum):
            return list(enum)
        case inspect.LiteralType(values=values):
            return list(values)
        case inspect.UnionType(types=types):
            return [value for one in types for value in samples(one, depth)]
        case inspect.ListType(item_type=item):
            return [[], samples(item, depth + 1)]
        case inspect.VarTupleType(item_type=item):
            return [(), tuple(samples(item, depth + 1))]
        case inspect.FrozenSetType(item_type=item):
            return [frozenset(), frozenset(samples(item, depth + 1))]
        case inspect.TupleType(item_types=items):
            return [tuple(samples(item, depth + 1)[-1] for item in items)]
        case inspect.DictType(key_type=key, value_type=value):
            held = samples(value, depth + 1)
            return [{}, {name: held[i % len(held)] for i, name in enumerate(samples(key, depth + 1))}]
        case inspect.StructType(cls=cls):
            return list(instances(cls, depth + 1)) if depth < 3 else [next(instances(cls, depth + 1))]
    raise AssertionError(f"{node}: not a type to store (times are int ns, the rest plain values)")


def instances(cls: type[msgspec.Struct], depth: int = 0) -> Iterator[msgspec.Struct]:
    """The struct with as little as it takes, then with each field in turn set to each sample of its type."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    least = {field.name: samples(field.type, depth)[0] for field in info.fields if field.required}
    yield cls(**least)
    for field in info.fields if depth < 4 else ():
        for value in samples(field.type, depth + 1):
            yield cls(**{**least, field.name: value})


@pytest.mark.parametrize("cls", structs(), ids=lambda cls: cls.__name__)
def test_a_stored_type_is_frozen(cls: type[msgspec.Struct]) -> None:
    assert cls.__struct_config__.frozen


@pytest.mark.parametrize("cls", structs(), ids=lambda cls: cls.__name__)
def test_a_stored_type_comes_back_as_it_was(cls: type[msgspec.Struct]) -> None:
    for value in instances(cls):
        assert msgspec.json.decode(msgspec.json.encode(value), type=cls) == value


@pytest.mark.parametrize("cls", structs(), ids=lambda cls: cls.__name__)
def test_a_record_of_a_newer_seabox_can_be_read(cls: type[msgspec.Struct]) -> None:
    """A field this version does not know is passed over."""
    stored = msgspec.json.decode(msgspec.json.encode(next(instances(cls))))
    assert isinstance(stored, dict)
    assert msgspec.json.decode(msgspec.json.encode({**stored, "from_the_future": 1}), type=cls) == next(instances(cls))


def test_only_one_module_has_msgspec_make_types() -> None:
    """See model/decoding.py: two threads that use a type for the first time can crash the process."""
    found = [
        f"{module.where}:{node.lineno}"
        for module in modules()
        if module.where != "model/decoding.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _makes_a_type(node)
    ]
    assert found == []


def _makes_a_type(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    typed = len(call.args) > 1 or any(word.arg == "type" for word in call.keywords)
    return name in ("msgspec.convert", "msgspec.json.Decoder") or (name == "msgspec.json.decode" and typed)
