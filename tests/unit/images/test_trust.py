"""policy.json: shown rule by rule, and changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seabox.errors import InvalidArgument
from seabox.images import trust


def test_rules_are_set_and_shown(tmp_path: Path) -> None:
    path = f"{tmp_path}/new/policy.json"
    with pytest.raises(InvalidArgument, match="default trust policy must be set"):
        trust.set_rule("quay.io", "reject", path=path)
    trust.set_rule("default", "accept", path=path)
    trust.set_rule("default", "reject", path=path)
    trust.set_rule("quay.io", "accept", path=path)
    (tmp_path / "key").write_bytes(b"a key")
    trust.set_rule("quay.io/team", "signedBy", [f"{tmp_path}/key"], path)
    places = tmp_path / "registries.d"
    places.mkdir()
    (places / "default.yaml").write_text(
        "# where\ndefault-docker:\n  lookaside: file:///var/sigs\ndocker:\n  quay.io:\n    sigstore: https://sigs/\n"
    )
    found = trust.rules(path, str(places), lambda key: [key.decode()])
    assert [(rule.transport, rule.scope, rule.type, rule.keys, rule.store) for rule in found] == [
        ("all", "default", "reject", (), "file:///var/sigs"),
        ("repository", "quay.io", "accept", (), "https://sigs/"),
        ("repository", "quay.io/team", "signed", ("a key",), "https://sigs/"),
    ]
    kept = json.loads(trust.read(path))
    assert kept["transports"]["docker"]["quay.io"] == [{"type": "insecureAcceptAnything"}]
    assert kept["transports"]["docker"]["quay.io/team"][0]["keyType"] == "GPGKeys"


@pytest.mark.parametrize(
    ("type", "keys", "line"),
    [
        ("bogus", [], "invalid choice: bogus"),
        ("signedBy", [], "at least one public key must be defined for type 'signedBy'"),
        ("accept", ["/k"], "1 public keys unexpectedly provided for trust type accept"),
    ],
)
def test_mistakes_change_nothing(tmp_path: Path, type: str, keys: list[str], line: str) -> None:
    with pytest.raises(InvalidArgument, match=line):
        trust.set_rule("default", type, keys, f"{tmp_path}/policy.json")
    assert not list(tmp_path.iterdir())


def test_a_policy_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text("[]")
    with pytest.raises(InvalidArgument, match="could not parse trust policies"):
        trust.rules(f"{tmp_path}/policy.json")
    with pytest.raises(InvalidArgument, match="unable to read policy file"):
        trust.rules(f"{tmp_path}/nowhere")
