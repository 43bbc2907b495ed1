# /bin/sh lookout.sh RUNROOT SECONDS SUPERVISOR...    with its lock, taken for it, as descriptor 3
#
# Looks, every so many seconds, whether a running container's log was rotated, so that the next rotation would lose
# history: then it becomes the supervisor, unless there is one. Without such containers it ends. It stands for a
# process twenty times its size that would have nothing to do as long as no log grows large.
run=$1 seconds=$2
shift 2
while sleep "$seconds"; do
    any=
    for dir in "$run"/containers/*; do
        [ -S "$dir/attach" ] && [ -e "$dir/log" ] || continue
        any=1
        [ "$dir/log" -ef "$dir/log.1" ] && continue
        exec 3<>"$run/supervisor.lock"
        flock --nonblock 3 || exit 0
        exec "$@"
    done
    [ "$any" ] || exit 0
done
