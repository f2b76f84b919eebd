#!/bin/bash
# Runs one command in an image's file system as a container engine would: with mounts, processes and a host name of its
# own, a root file system that cannot be written to, a user without capabilities, and exactly the environment given.
# `buildah run` does not: under chroot isolation it has no read-only root, no process namespace and no usable /dev/stdout.
#
# usage: container.sh NAME=value … command argument …
# Settings, as environment variables: CONTAINER (buildah's), FOLDER (of this run), RUN_AS (name or number in the image),
# READ_ONLY (1 or 0), WORKING_FOLDER, HOST_NAME, VOLUMES (lines: target), MOUNTS (lines: source target ro|rw).
set -euo pipefail

case ${STAGE:-outside} in
outside)
  # Real pipes: what Node gives are sockets, and a program that opens /dev/stdout cannot open a socket.
  exec > >(exec cat) 2> >(exec cat >&2)
  exec 3<&0 </dev/null
  STAGE=parent unshare --mount --pid --ipc --uts bash "$0" "$@" 3<&- &
  parent=$!
  # Standard input ends with the process that started this one, however that ends: then the container ends, too. A
  # signal at the parent's death, as setpriv has it, would be lost with the change of user below.
  {
    read -r _ <&3 || kill -KILL "$parent" "$(cat "$FOLDER/pid")"
  } >/dev/null 2>&1 &
  watcher=$!
  # bash would announce that a container was killed, in the container's own output.
  exec 2>/dev/null
  code=0
  wait "$parent" || code=$?
  kill -KILL "$watcher"
  exit "$code"
  ;;
parent)
  # The first child of a process that has unshared is process 1; `unshare --fork` would hide that it was killed.
  STAGE=inside setpriv --pdeathsig=KILL bash "$0" "$@" &
  exec 2>/dev/null
  code=0
  wait $! || code=$?
  exit "$code"
  ;;
esac

hostname "$HOST_NAME"
image=$(buildah mount "$CONTAINER")
root=$FOLDER/root
mkdir "$root" "$FOLDER/new"
mount --rbind "$image" "$root"

# USER of the Dockerfile: a name or number, with or without a group.
wanted=${RUN_AS%%:*}
IFS=: read -r user group home < <(
  awk -F: -v wanted="${wanted:-0}" '$1 == wanted || $3 == wanted { print $3 ":" $4 ":" $6; exit }' "$root/etc/passwd"
) || {
  echo "The image has no user $wanted." >&2
  exit 126
}
[[ $RUN_AS != *:* ]] || group=${RUN_AS#*:}

# What an engine puts into the file system before the container sees it.
while read -r target; do
  [ -z "$target" ] || mkdir -p "$root$target"
done <<<"$VOLUMES"
while read -r source target mode; do
  [ -z "$source" ] && continue
  if [ -d "$source" ]; then
    mkdir -p "$root$target"
  else
    mkdir -p "$(dirname "$root$target")"
    [ -e "$root$target" ] || touch "$root$target"
  fi
done <<<"$MOUNTS"
rm -f "$root/etc/hosts" "$root/etc/hostname" "$root/etc/resolv.conf"
printf '127.0.0.1 localhost %s\n' "$HOST_NAME" >"$root/etc/hosts"
printf '%s\n' "$HOST_NAME" >"$root/etc/hostname"
cat /etc/resolv.conf >"$root/etc/resolv.conf"
[ "$READ_ONLY" = 0 ] || mount -o remount,bind,ro "$root"

# A new volume has the content, owner and mode that the image has in its place.
while read -r target; do
  [ -z "$target" ] && continue
  mount -t tmpfs -o "$(stat -c 'mode=%a,uid=%u,gid=%g' "$root$target")" tmpfs "$FOLDER/new"
  cp -a "$root$target/." "$FOLDER/new/"
  mount --move "$FOLDER/new" "$root$target"
done <<<"$VOLUMES"
while read -r source target mode; do
  [ -z "$source" ] && continue
  mount --bind "$source" "$root$target"
  mount -o "remount,bind,$mode" "$root$target"
done <<<"$MOUNTS"

mount -t tmpfs -o mode=0755,nosuid,noexec dev "$root/dev"
for node in null zero full random urandom tty; do
  touch "$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev,noexec,size=64m shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
# Engines let the container's user open its own output again: https://github.com/opencontainers/runc (fixStdioPermissions)
chown "$user" /proc/self/fd/1 /proc/self/fd/2

# The number of process 1 outside of the namespace, whose /proc this still is.
read -r number _ </proc/self/stat
echo "$number" >"$FOLDER/pid.new"
mv "$FOLDER/pid.new" "$FOLDER/pid"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"

cd /
# What the caller's own caller left open.
for file in /proc/self/fd/*; do
  [ "${file##*/}" -le 2 ] || [ "${file##*/}" = 255 ] || eval "exec ${file##*/}>&-"
done
exec setpriv --no-new-privs --bounding-set=-all,+setuid,+setgid,+sys_chroot \
  chroot --userspec="$user:$group" --groups="$group" "$root" /usr/bin/env -i -C "$WORKING_FOLDER" "HOME=$home" "$@"
