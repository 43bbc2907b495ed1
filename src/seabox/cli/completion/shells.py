"""The scripts that make a shell ask `seabox __complete`."""

from __future__ import annotations

BASH = r"""# bash completion for seabox
_seabox_complete() {
    local line=${COMP_LINE:0:COMP_POINT} ask=__complete current prefix directive candidate
    local -a words lines
    set -f
    words=($line)
    set +f
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[${#words[@]}-1]}
    mapfile -t lines < <("${words[0]}" $ask "${words[@]:1}" 2>/dev/null)
    ((${#lines[@]})) || return
    directive=${lines[${#lines[@]}-1]#:}
    unset "lines[${#lines[@]}-1]"
    # bash completes only what comes after the last of its word breaks
    prefix=
    case $current in
        *[=:]*) [[ $COMP_WORDBREAKS == *:* ]] && prefix=${current%"${current##*[=:]}"} ;;
    esac
    COMPREPLY=()
    for candidate in "${lines[@]}"; do
        candidate=${candidate%%$'\t'*}
        if [[ -n $prefix && $candidate != "$prefix"* ]]; then
            COMPREPLY+=("$candidate")
        else
            COMPREPLY+=("${candidate#"$prefix"}")
        fi
    done
    case $directive in
        0) ((${#COMPREPLY[@]})) || compopt -o default 2>/dev/null ;;
        2) compopt -o nospace 2>/dev/null ;;
        16) compopt -o dirnames 2>/dev/null ;;
    esac
}
complete -F _seabox_complete seabox
"""

ZSH = r"""#compdef seabox
_seabox() {
    local -a lines candidates
    local directive line
    lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    (( $#lines )) || return 1
    directive=${lines[-1]#:}
    lines[-1]=()
    for line in "${lines[@]}"; do
        [[ -n $line ]] || continue
        if [[ $line == *$'\t'* ]]; then
            candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        else
            candidates+=("${line//:/\\:}")
        fi
    done
    if (( $#candidates )); then
        if [[ $directive == 2 ]]; then
            _describe -V seabox candidates -S ''
        else
            _describe -V seabox candidates
        fi
    elif [[ $directive == 0 ]]; then
        _files
    elif [[ $directive == 16 ]]; then
        _files -/
    fi
}
if [ "$funcstack[1]" = "_seabox" ]; then
    _seabox "$@"
else
    compdef _seabox seabox
fi
"""

FISH = r"""# fish completion for seabox
function __seabox_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive (string replace ':' '' -- $lines[-1])
    set -e lines[-1]
    if test (count $lines) -gt 0
        printf '%s\n' $lines
    else if test "$directive" = 0
        __fish_complete_path $current
    else if test "$directive" = 16
        __fish_complete_directories $current
    end
end
complete -c seabox -e
complete -c seabox -f -a '(__seabox_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def script(shell: str, *, descriptions: bool = True) -> str:
    """The script for a shell of SCRIPTS."""
    text = SCRIPTS[shell]
    return text if descriptions else text.replace("__complete ", "__completeNoDesc ").replace(
        "=__complete", "=__completeNoDesc"
    )
