#!/bin/bash
# Tests ./bazelw against a pretended system: a folder that stands for the root,
# and our own apt-get, sudo, id and bazel as the only commands found.
set -eu

bazelw="${PWD}/$1"
list="${bazelw%/*}/third_party/debian_packages.txt"
failures=0

# A fresh pretended system in ${system}; its commands log to ${system}/log.
new_system() {
  system="$(mktemp -d "${TEST_TMPDIR}/system.XXXX")"
  bin="${system}/bin"
  mkdir -p "${bin}"
  touch "${system}/log"
  local tool
  for tool in bash env sleep mkdir touch; do
    ln -s "$(command -v "${tool}")" "${bin}/${tool}"
  done
  command_says id 'echo 0'
}

# command_says NAME SCRIPT: adds a command.
command_says() {
  printf '#!/bin/bash\n%s\n' "$2" > "${bin}/$1"
  chmod +x "${bin}/$1"
}

# Makes every listed package present, except those named.
install_all_but() {
  local package sign
  while read -r package sign; do
    [[ -z "${package}" || "${package}" == \#* ]] && continue
    [[ " $* " == *" ${package} "* ]] && continue
    case "${sign}" in
      /*) mkdir -p "${system}${sign%/*}" && touch "${system}${sign}" ;;
      *) command_says "${sign}" "echo ${sign} \"\$@\"" ;;
    esac
  done < "${list}"
}

# An apt-get that logs its arguments and, on install, adds Eigen.
apt_installs_eigen() {
  command_says apt-get "
echo \"apt-get \$*\" >> ${system}/log
if [[ \"\$*\" == *install* ]]; then
  mkdir -p ${system}/usr/include/eigen3/Eigen
  touch ${system}/usr/include/eigen3/Eigen/Core
fi"
}

# Runs bazelw there; sets code, out and err.
run() {
  code=0
  env -i PATH="${bin}" MUSTER_SYSTEM_ROOT="${system}" \
    MUSTER_APT_RETRY_SECONDS=0 "$@" "${bazelw}" test //... \
    > "${system}/out" 2> "${system}/err" || code=$?
  out="$(< "${system}/out")" err="$(< "${system}/err")"
}

expect() {  # expect WHAT CONDITION...
  local what="$1"
  shift
  if ! "$@"; then
    printf 'FAILED: %s: %s\n  code: %s\n  out: %s\n  err: %s\n  log: %s\n' \
      "${case_name}" "${what}" "${code}" "${out}" "${err}" \
      "$(< "${system}/log")"
    failures=$((failures + 1))
  fi
}
contains() { [[ "$1" == *"$2"* ]]; }
lacks() { [[ "$1" != *"$2"* ]]; }

case_name="nothing is missing: bazel runs with the arguments, no apt"
new_system
install_all_but
apt_installs_eigen
run
expect "exit code 0" test "${code}" = 0
expect "bazel's arguments" test "${out}" = "bazel test //..."
expect "silent" test -z "${err}"
expect "no apt" test -z "$(< "${system}/log")"

case_name="MUSTER_NO_INSTALL names what is missing"
new_system
install_all_but libeigen3-dev bazel-bootstrap
apt_installs_eigen
run MUSTER_NO_INSTALL=1
expect "exit code 1" test "${code}" = 1
expect "names both" contains "${err}" \
  "missing packages: bazel-bootstrap libeigen3-dev."
expect "no apt" test -z "$(< "${system}/log")"
expect "no bazel" test -z "${out}"

case_name="as root it installs what is missing, says so, and goes on"
new_system
install_all_but libeigen3-dev
apt_installs_eigen
run
expect "exit code 0" test "${code}" = 0
expect "says it" contains "${err}" "installing with apt: libeigen3-dev"
expect "only Eigen" contains "$(< "${system}/log")" \
  "install -y --no-install-recommends libeigen3-dev"
expect "then bazel" test "${out}" = "bazel test //..."

case_name="a user who is not root installs through sudo"
new_system
install_all_but libeigen3-dev
apt_installs_eigen
command_says id 'echo 1000'
command_says sudo "echo sudo >> ${system}/log; exec \"\$@\""
run
expect "exit code 0" test "${code}" = 0
expect "sudo" contains "$(< "${system}/log")" "sudo"

case_name="a user who is not root, without sudo, is told the command"
new_system
install_all_but libeigen3-dev
apt_installs_eigen
command_says id 'echo 1000'
run
expect "exit code 1" test "${code}" = 1
expect "the command" contains "${err}" "apt-get install libeigen3-dev"
expect "no apt" test -z "$(< "${system}/log")"

case_name="elsewhere than on Debian the error names the libraries"
new_system
install_all_but libeigen3-dev libtbb-dev
run
expect "exit code 1" test "${code}" = 1
expect "names both" contains "${err}" "missing: libeigen3-dev libtbb-dev"
expect "points to the archives" contains "${err}" "third_party/README.md"

case_name="an installation that fails ends in an error, not in bazel"
new_system
install_all_but libeigen3-dev
command_says apt-get '[[ "$*" != *install* ]] || { echo no >&2; exit 100; }'
run
expect "exit code 1" test "${code}" = 1
expect "names it" contains "${err}" "could not install libeigen3-dev"
expect "no bazel" test -z "${out}"

case_name="an installation that leaves something out is noticed"
new_system
install_all_but libeigen3-dev libtbb-dev
apt_installs_eigen
run
expect "exit code 1" test "${code}" = 1
expect "names it" contains "${err}" "still missing: libtbb-dev"

case_name="an update that fails is tried again, then the old lists serve"
new_system
install_all_but libeigen3-dev
apt_installs_eigen
sed -i '2i[[ "$*" != *update* ]] || { echo "update" >> '"${system}"'/log; exit 100; }' \
  "${bin}/apt-get"
run
expect "exit code 0" test "${code}" = 0
expect "two updates" contains "$(< "${system}/log")" "update
update"

case_name="MUSTER_EXTRA_PACKAGES are wanted too"
new_system
install_all_but
printf 'clang-tidy clang-tidy\n' > "${system}/extra.txt"
run MUSTER_NO_INSTALL=1 MUSTER_EXTRA_PACKAGES="${system}/extra.txt"
expect "exit code 1" test "${code}" = 1
expect "names it" contains "${err}" "missing packages: clang-tidy."

if ((failures > 0)); then
  echo "${failures} expectations failed" >&2
  exit 1
fi
