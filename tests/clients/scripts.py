"""What podman and seabox are both asked, subject by subject. A line that begins with # is a remark."""

# ruff: noqa: E501
from __future__ import annotations

SCRIPTS = {
    "life": r"""
podman create --name a busybox sh -c 'echo hi; exit 3'
podman ps -a --format '{{.Names}} {{.Status}} {{.Command}} {{.Image}} {{.Ports}} {{.ExitCode}}'
podman inspect a --format '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.Pid}}'
podman start a
podman wait a
podman start -a a
podman ps -a
podman logs a
podman stop a
podman kill a
podman restart -t 0 a
podman wait a a
podman init a
podman inspect a --format '{{.State.Status}}'
podman init a
podman ps -a --filter status=initialized --format '{{.Names}} {{.Status}}'
podman kill a
podman rm a
podman container exists a
podman run -d --name r busybox sh -c 'trap "exit 9" TERM; while :; do sleep 0.2; done'
podman rm r
podman pause r
podman pause r
podman ps --quiet
podman exec r true
podman stop r
podman restart r
podman unpause r
podman unpause r
podman stop -t 60 r
podman wait r
podman start r
podman kill -s USR1 r
podman kill -s BOGUS r
podman kill -s 65 r
podman kill -s 0 r
podman rename r s
podman rename s s
podman rename s 'bad name'
podman rm -f -t 0 s
podman ps -aq
""",
    "run": r"""
podman run --rm busybox sh -c 'echo out; echo err >&2; exit 200'
podman run --rm busybox sh -c 'kill -9 $$'
podman run --rm busybox nosuchcmd
podman run --rm busybox /etc
podman run --rm -w /nosuch busybox true
podman run --rm -u nosuch busybox true
podman run --rm -u root:nosuch busybox true
podman run --pull=never --rm nosuchimage true
podman run --name x busybox false
podman run --name x busybox true
podman run --bogus busybox true
podman run
podman run --timeout 8 --rm busybox sleep 1000
podman run --rm --restart always busybox true
podman run --rm -i busybox cat <<< hello
podman run --rm -a stdout busybox sh -c 'echo o; echo e >&2'
podman run --rm -t busybox tty
podman run --rm --entrypoint '["echo","x"]' busybox y
podman run --rm --entrypoint "" busybox echo y
podman run --rm --user 5 busybox sh -c 'id -u; id -g'
podman run --rm --hostname foo busybox hostname
podman run --rm --read-only busybox touch /x
podman run --rm -v /nosuch:/x busybox true
podman run --rm --stop-signal bogus busybox true
podman run --rm --cpus x busybox true
podman run --rm --memory bogus busybox true
podman run --rm --health-cmd true --no-healthcheck busybox true
podman run --rm --log-driver none busybox echo hi
podman run --restart bogus busybox true
podman run --cidfile cid --name y busybox true
podman rm --cidfile cid
podman rm --cidfile nosuch
podman rm -a
""",
    "missing": r"""
podman rm nosuch
podman rm -f nosuch
podman stop nosuch
podman stop --ignore nosuch
podman kill nosuch
podman pause nosuch
podman unpause nosuch
podman wait nosuch
podman logs nosuch
podman start nosuch
podman restart nosuch
podman exec nosuch ls
podman attach nosuch
podman rename nosuch x
podman init nosuch
podman mount nosuch
podman umount nosuch
podman export nosuch
podman update nosuch --memory 1g
podman inspect nosuch
podman container inspect nosuch
podman container exists nosuch
podman top nosuch
podman cp nosuch:/x /tmp
podman container cleanup nosuch
""",
    "exec": r"""
podman run -d --name r busybox sh -c 'trap "exit 9" TERM; while :; do sleep 0.2; done'
podman exec r sh -c 'echo o; echo e >&2; exit 7'
podman exec r nosuch
podman exec r /etc
podman exec -d r nosuch
podman exec
podman exec r
podman exec -i r cat < /etc/hostname
podman exec -e A=b r sh -c 'echo $A'
podman exec -w /tmp r pwd
podman exec --user 1:2 r sh -c 'id -u; id -g'
podman exec --preserve-fds 1 r true
podman exec -d r sleep 100
podman exec r sh -c 'kill -9 $$'
for i in $(seq 50); do [ $(podman top r pid comm | grep -c sleep) = 2 ] && break; done; podman top r pid comm | grep -c sleep
podman top r -eo pid,comm | head -1
podman top r user huser pid pcpu state seccomp label | head -1
podman top r seccomp | tail -1
podman stop -t 60 r
podman exec r true
podman top r
""",
    "listing": r"""
podman create --name a --label k=v busybox sleep 1
podman run --name b busybox sh -c 'exit 4'
podman run -d --name c busybox sleep 1000
podman ps -a
podman ps -a --noheading
podman ps -a --format 'table {{.Names}}\t{{.Status}}'
podman ps -a --filter name=a --format '{{.Names}}'
podman ps -a --filter label=k --format '{{.Names}}'
podman ps -a --filter label=k=w --format '{{.Names}}'
podman ps -a --filter status=exited --filter status=created --format '{{.Names}}'
podman ps -a --filter exited=4 --format '{{.Names}}'
podman ps -a --filter before=b --format '{{.Names}}'
podman ps -a --filter since=b --format '{{.Names}}'
podman ps -a --filter ancestor=busybox --format '{{.Names}}'
podman ps -a --filter network=none --format '{{.Names}}'
podman ps -a --filter status=bogus
podman ps -a --filter bogus=x
podman ps -a --filter name
podman ps --sort bogus
podman ps -a --sort names --format '{{.Names}}'
podman ps -a -l -n 2
podman ps -n 1 --format '{{.Names}}'
podman ps --ns --noheading | wc -w
podman ps foo
podman ps -a --format '{{.Label "k"}}|{{.Pod}}|{{.RunningFor}}|{{.Exited}}'
podman ps -a --format '{{"\n"}}'
podman ps -a --format json | python3 -c 'import json,sys; print([sorted(e.items()) for e in json.load(sys.stdin) if e["Names"] == ["b"]][0][0:2])'
podman inspect -l --format '{{.Name}} {{.ImageName}} {{.Config.Image}} {{.ImageDigest}}'
podman inspect b --format '{{range .Config.Cmd}}<{{.}}>{{end}} {{.Path}} {{.Args}} {{len .ExecIDs}} {{json .Config.Labels}}'
podman inspect b --format '{{.HostConfig.RestartPolicy.Name}}|{{.HostConfig.AutoRemove}}|{{.HostConfig.MemorySwappiness}}|{{.HostConfig.Devices}}'
podman inspect --format '{{"\n"}}' a
podman inspect --type image a
podman inspect a nosuch --format '{{.Name}}'
podman rm -fa -t 0
""",
    "several": r"""
podman create --name a busybox sleep 1000
podman create --name b busybox sleep 1000
podman start a b nosuch
podman start a b
podman start --all
podman start --all a
podman start
podman start -a a b
podman pause -a
podman kill -a
podman wait a b
podman start --filter name=a
podman restart -a -t 0
podman kill a
podman wait --interval bogus a
podman wait --condition bogus a
podman wait --interval 10 --condition exited a
podman wait
podman stop
podman stop -t bogus b
podman stop -t -5 b
podman stop --all b
podman stop -a -t 0
podman stop -a
podman rm
podman rm -a -l
podman rm --depend nosuch
podman container prune -f
podman container prune -f --filter bogus=1
""",
    "events": r"""
date +%s.%N > since
podman run --name one --label a=b busybox sh -c 'exit 4'
podman start one; podman wait one
podman rm one
podman run --rm -d --name other busybox sleep 100
podman exec other true
podman pause other
podman unpause other
podman kill -s USR1 other
podman rename other third
podman kill third
podman events --stream=false --since $(cat since) --filter container=one --format '{{.Status}} {{.Name}} {{.Image}} {{.Type}}'
podman events --stream=false --since $(cat since) --filter container=one
podman events --stream=false --since $(cat since) --filter label=a=b --filter event=create --filter event=died --format '{{.Status}}'
podman events --stream=false --since $(cat since) --filter event=died --filter container=one --format '{{.ContainerExitCode}}'
podman events --stream=false --since $(cat since) --filter container=one --no-trunc=false | head -1
podman events --stream=false --format '{{.ID}}' --since 1h --filter type=bogus
podman --events-backend=none events --stream=false
""",
    "files": r"""
podman create --name c busybox sleep 1000
mkdir -p d/sub; echo one > d/f; echo two > d/sub/g; echo x > file
podman cp file c:/tmp/
podman cp file c:/tmp/new
podman cp file c:/nosuch/
podman cp file c:/nosuch/x
podman cp d c:/tmp/dd
podman cp d/. c:/tmp/dot
podman cp d c:/tmp/new
podman cp nosuch c:/tmp
podman cp c:/nosuch .
podman cp c:/tmp/new out; cat out
podman cp c:/tmp/dd outd; ls -R outd
podman cp c:/tmp/dd/. outdot; ls outdot
podman cp c:/tmp/new - | tar t
tar c d | podman cp - c:/tmp
podman cp - c:/tmp < file
podman cp c:/tmp/dd /dev/stdout
podman start c
podman exec c find /tmp | sort
podman diff c | sort | head -4
podman mount c | xargs basename
podman umount c
podman export c | tar t | grep tmp/d | sort
podman stop -t 0 c
""",
}
