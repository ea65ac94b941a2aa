#!/bin/bash
# Tries commands on a bare Debian 12: a fresh minimal system in a folder, with
# nothing but a clone of this checkout's HEAD, so every package is installed by
# ./bazelw and every Bazel cache is empty. As root, with debootstrap and git:
#
#   tools/checks/bare_debian.sh FOLDER './bazelw test //...'
#
# FOLDER is made when it does not exist; an existing one is used again as it is,
# with a fresh clone. $MUSTER_DATA, when set, is seen inside at the same path.
# To stop it from elsewhere send SIGKILL to unshare, which ignores SIGTERM.
set -eu -o pipefail

if [[ $# != 2 || "$(id -u)" != 0 ]]; then
  echo "usage, as root: $0 FOLDER 'COMMAND'" >&2
  exit 1
fi
# In namespaces of its own: however this ends, its mounts and processes end too,
# and nobody who removes FOLDER reaches through a mount left behind.
if [[ -z "${MUSTER_OWN_NAMESPACES:-}" ]]; then
  MUSTER_OWN_NAMESPACES=1 exec unshare --mount --pid --fork --kill-child \
    "$0" "$@"
fi
folder="$1" command="$2"
checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"

if [[ ! -e "${folder}/etc/debian_version" ]]; then
  debootstrap --variant=minbase bookworm "${folder}"
fi
cp /etc/resolv.conf "${folder}/etc/"
rm -rf "${folder}/muster"
git clone --quiet "${checkout}" "${folder}/muster"

mount_inside() {  # mount_inside PATH MOUNT_ARGUMENT...
  mkdir -p "${folder}$1"
  mount "${@:2}" "${folder}$1"
}
mount_inside /proc -t proc proc
mount_inside /dev --bind /dev
mount_inside /dev/pts -t devpts devpts
[[ -z "${MUSTER_DATA:-}" ]] ||
  mount_inside "${MUSTER_DATA}" --bind -o ro "${MUSTER_DATA}"

env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  ${MUSTER_DATA:+MUSTER_DATA="${MUSTER_DATA}"} \
  chroot "${folder}" /bin/bash -c "cd /muster && ${command}"
