"""`secret inspect`."""

from __future__ import annotations

import sys

from seabox.cli.context import engine
from seabox.cli.flags import BOOL, STRING, Command, Flag
from seabox.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seabox.cli.parse import Arguments
    from seabox.model.secret import Secret

_PRETTY = """\
ID:              {{.ID}}
Name:              {{.Spec.Name}}
{{- if .Spec.Labels }}
Labels:
{{- range $k, $v := .Spec.Labels }}
 - {{ $k }}{{if $v }}={{ $v }}{{ end }}
{{- end }}{{ end }}
Driver:            {{.Spec.Driver.Name}}
Created at:        {{.CreatedAt}}
Updated at:        {{.UpdatedAt}}"""


def command(path: str) -> Command:
    """The command's table."""
    flags = (
        Flag("format", "f", STRING, "Go template, or json", metavar="format"),
        Flag("pretty", "", BOOL, "Print it in lines for people"),
        Flag("showsecret", "", BOOL, "Show what it holds"),
    )
    return Command(
        path, flags, "[options] SECRET [SECRET...]", "Show all that is known about secrets", run, least=1,
        completion="secrets",
        examples=("seabox secret inspect token", "seabox secret inspect --showsecret -f '{{.SecretData}}' token"),
    )  # fmt: skip


def run(args: Arguments) -> int:
    """Print it for each; what does not exist is told after the rest."""
    from seabox.cli.complaint import complain
    from seabox.cli.output import as_json, is_json, render, write
    from seabox.listing.secrets import inspected
    from seabox.secrets.errors import NoSuchSecret

    form = _PRETTY if args.on("pretty") else args.text("format")
    found: list[tuple[Secret, bytes | None]] = []
    missing = []
    with engine(args) as on:
        for name in args.rest:
            try:
                secret = on.secrets.get(name)
                found.append((secret, on.secrets.data(secret.id) if args.on("showsecret") else None))
            except NoSuchSecret as problem:
                missing.append(NotFound(f"inspecting secret: {problem}"))
    if not form or is_json(form):
        write(as_json([inspected(*each) for each in found]) if found else "[]\n", sys.stdout)
    else:
        write("".join(render(form, _fields(*each)) for each in found), sys.stdout)
    sys.stdout.flush()
    return max([complain(problem) for problem in missing], default=0)


def _fields(secret: Secret, data: bytes | None) -> dict[str, Any]:
    """What a template sees: times as Go prints them, and the very bytes."""
    from seabox.listing.secrets import inspected
    from seabox.model.human import go_time

    return inspected(secret) | {
        "CreatedAt": go_time(secret.created_at), "UpdatedAt": go_time(secret.updated_at),
        "SecretData": (data or b"").decode(errors="surrogateescape"),
    }  # fmt: skip
