"""`image trust show` and `image trust set`."""

from __future__ import annotations

import sys

from seabox.cli.flags import BOOL, LIST, STRING, Command, Flag
from seabox.errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from seabox.cli.parse import Arguments
    from seabox.images.trust import Rule

_HEAD = ("TRANSPORT", "NAME", "TYPE", "ID", "STORE")


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("json", "j", BOOL, "show: as JSON"),
        Flag("noheading", "n", BOOL, "show: leave out the heading"),
        Flag("policypath", "", STRING, "Another policy.json", metavar="path", completion="files"),
        Flag("pubkeysfile", "f", LIST, "set: file of public keys", metavar="file", completion="files"),
        Flag("raw", "", BOOL, "show: the file as it is"),
        Flag("registrypath", "", STRING, "Another registries.d", metavar="path", completion="directories"),
        Flag("type", "t", STRING, "set: what is wanted of images", default="signedBy",
             completion=("accept", "reject", "signedBy", "sigstoreSigned")),
    )  # fmt: skip
    return Command(
        path, flags, "show [options] | set [options] REGISTRY[/REPOSITORY]|default", "Whose images are accepted", run,
        least=1, most=2, completion=("set", "show"),
        description="The host's policy.json, which every pull and build obeys, is shown or changed.",
        examples=("seabox image trust show", "seabox image trust set --type reject docker.io"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Show or change it."""
    from seabox.images import trust

    verb, *rest = args.rest
    path = args.text("policypath") or trust.POLICY
    if verb == "set" and len(rest) == 1:
        trust.set_rule(rest[0], args.text("type"), args.texts("pubkeysfile"), path)
        return 0
    if verb != "show" or rest:
        raise InvalidArgument(f"wrong arguments: {args.command.full_path} {args.command.usage}")
    if args.on("raw"):
        sys.stdout.write(trust.read(path).decode(errors="replace") + "\n")
        return 0
    from seabox.cli.golang import json_text
    from seabox.cli.output import table, write

    found = trust.rules(path, args.text("registrypath") or trust.REGISTRIES, _owners)
    if args.on("json"):
        write(json_text([_listed(rule) for rule in found], 2) + "\n", sys.stdout)
        return 0
    rows = [(rule.transport, rule.scope, rule.type, ", ".join(rule.keys), rule.store) for rule in found]
    write(table(rows, () if args.on("noheading") else _HEAD), sys.stdout)
    return 0


def _listed(rule: Rule) -> dict[str, str]:
    name = "* (default)" if rule.transport == "all" else rule.scope
    found = {"transport": rule.transport, "name": name, "repo_name": rule.scope, "sigstore": rule.store,
             "type": rule.type, "gpg_id": ", ".join(rule.keys)}  # fmt: skip
    return {key: value for key, value in found.items() if value}


def _owners(keys: bytes) -> list[str]:
    """The addresses in a file of public keys, as gpg tells them; none where there is no gpg."""
    from seabox.config import find_program
    from seabox.kernel.process import clean_env
    from seabox.kernel.programs import run

    gpg = find_program("gpg2") or find_program("gpg")
    if not gpg:
        return []
    told = run([gpg, "--with-colons", "--show-keys"], env=clean_env(), input=keys, timeout_seconds=30)
    users = [line.split(":")[9] for line in told.out.decode(errors="replace").splitlines() if line[:4] == "uid:"]
    return [user.partition("<")[2].partition(">")[0] or user for user in users]
