#!/usr/bin/env bash
# servers.sh gets the database servers that the tests, the benchmarks and `phasemig demo` run on.
#
#   servers.sh install [mysql|mariadb|postgres15|postgres18|pgbouncer|prometheus|chromium|docker|all]...
#   servers.sh import  mysql|mariadb|postgres15|postgres18 IMAGE   unpacked server -> docker image
#   servers.sh where                                               what is there, and which version
#
# The servers are Debian packages unpacked into a private folder and pointed at the libraries
# unpacked beside them. Nothing is configured, no service is started, and a server already
# installed on the machine is neither used nor disturbed by this script. Needs root on Debian or Ubuntu
# for the tools that do it (mmdebstrap, patchelf), installs those, and needs nothing else.
#
# Everything is kept under $PHASEMIG_CACHE, or else ~/.cache/phasemig, or else, where root's home is closed
# to others, /var/cache/phasemig: PostgreSQL refuses root, and the user it runs as must reach its programs.
# A second call finds everything there and returns at once. Calls may run side by side: each server has a
# lock of its own.
set -euo pipefail

SERVERS=(mysql mariadb postgres15 postgres18 pgbouncer prometheus)

say() { echo "servers.sh: $*" >&2; }
die() { say "$*"; exit 1; }

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; }

# cache prints the folder that everything is kept under.
cache() {
  local home=${HOME:-/root}
  if [ -n "${PHASEMIG_CACHE:-}" ]; then
    echo "$PHASEMIG_CACHE"
  elif [ "$(id -u)" = 0 ] && [ -z "$(find "$home" -maxdepth 0 -perm -o=x)" ]; then
    echo /var/cache/phasemig
  else
    echo "$home/.cache/phasemig"
  fi
}

# recipe prints the suite and the packages of a server. MySQL and PostgreSQL 18 are newer than any stable
# release, so they come from the development suite: its versions move, `where` tells which one arrived.
recipe() {
  case $1 in
    mysql) echo sid mysql-server-core,mysql-client,libc-bin ;;
    mariadb) echo bookworm mariadb-server-core,mariadb-client-core,mariadb-client,libc-bin ;;
    postgres15) echo bookworm postgresql-15,libc-bin ;;
    postgres18) echo sid postgresql-18,libc-bin ;;
    pgbouncer) echo bookworm pgbouncer,libc-bin ;;
    prometheus) echo bookworm prometheus,libc-bin ;; # the canary's measurements
    busybox) echo bookworm busybox-static ;; # the shell of an image
    *) die "unknown server $1" ;;
  esac
}

# program prints the server's own program below its folder.
program() {
  case $1 in
    mysql) echo usr/sbin/mysqld ;;
    mariadb) echo usr/sbin/mariadbd ;;
    postgres15) echo usr/lib/postgresql/15/bin/postgres ;;
    postgres18) echo usr/lib/postgresql/18/bin/postgres ;;
    pgbouncer) echo usr/sbin/pgbouncer ;;
    prometheus) echo usr/bin/prometheus ;;
    busybox) echo bin/busybox ;;
  esac
}

# programs lists what is worth patching below an unpacked folder: the server and its clients.
programs() {
  case $1 in
    mysql) ls "$2"/usr/sbin/mysqld "$2"/usr/bin/{mysql,mysqladmin,mysqlbinlog,mysqldump,my_print_defaults} ;;
    mariadb) ls "$2"/usr/sbin/mariadbd "$2"/usr/bin/{mariadb,mariadb-admin,mariadb-binlog,mariadb-dump,my_print_defaults,resolveip} ;;
    postgres*) ls "$2"/usr/lib/postgresql/*/bin/* ;;
    pgbouncer) ls "$2"/usr/sbin/pgbouncer ;;
    prometheus) ls "$2"/usr/bin/prometheus ;;
  esac
}

# locked NAME COMMAND...: one process at a time. The lock is dropped by the kernel if we die.
locked() {
  local name=$1
  shift
  mkdir -p "$CACHE"
  (
    flock 9
    "$@"
  ) 9>"$CACHE/.lock-$name"
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" >&2 9>&-
}

need_root() {
  command -v apt-get >/dev/null || die "needs Debian or Ubuntu: on other systems install the servers, or set the DSNs, or run docker"
  [ "$(id -u)" = 0 ] || die "needs root to install packages: run it with sudo -E"
}

installed() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'; }

# packages PACKAGE...: installs what is missing. The lists may be absent or stale on a fresh machine, so a
# first failure is answered with an update.
packages() {
  local missing=() package
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && return
  need_root
  say "installing ${missing[*]}"
  apt install --no-install-recommends "${missing[@]}" || {
    apt update
    apt install --no-install-recommends "${missing[@]}"
  }
}

# postgres_user makes sure of the account PostgreSQL and PgBouncer run as: both refuse root.
postgres_user() {
  id -u postgres >/dev/null 2>&1 && return
  useradd --system --user-group --home-dir /var/lib/postgresql --shell /bin/bash postgres
}

# patch NAME FOLDER FINAL: makes the programs in FOLDER use the loader and the libraries that will lie in
# FINAL. RPATH and not RUNPATH, because it must also reach what the libraries themselves need.
patch() {
  local name=$1 folder=$2 final=$3 loader rpath=() dir file
  [ "$name" = busybox ] && return # needs no library
  loader=$(cd "$folder" && find usr/lib lib -maxdepth 2 -name 'ld-linux*.so.*' -print -quit 2>/dev/null) || true
  [ -n "$loader" ] || die "no loader below $folder"
  for dir in {usr/lib,lib}/"$(basename "$(dirname "$loader")")"; do
    [ -d "$folder/$dir" ] && rpath+=("$final/$dir")
  done
  for file in $(programs "$name" "$folder"); do
    [ "$(head -c 4 "$file" | tail -c 3)" = ELF ] || continue
    file=$(readlink -f "$file")
    patchelf --set-interpreter "$final/$loader" "$file"
    patchelf --force-rpath --set-rpath "$(IFS=: && echo "${rpath[*]}")" "$file"
  done
}

# unpack NAME: builds the folder under another name and renames it last, so that a folder that exists is whole.
unpack() {
  local name=$1 final="$CACHE/$1" work="$CACHE/.work-$1" suite include
  [ -x "$final/$(program "$name")" ] && return
  read -r suite include < <(recipe "$name")
  locked tools tools
  say "unpacking $name from $suite"
  rm -rf "$work" "$final"
  mmdebstrap --quiet --variant=extract --format=directory \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"' \
    --include="$include" "$suite" "$work" >&2 9>&-
  rm -rf "$work"/usr/share/{doc,man,info,locale} "$work"/usr/lib/*/perl* "$work"/var/cache "${work:?}"/dev
  patch "$name" "$work" "$final"
  chmod 755 "$work"
  mv "$work" "$final"
  say "$name: $(version "$name")"
}

tools() {
  packages mmdebstrap patchelf debian-archive-keyring tzdata
  postgres_user
}

# start_docker makes sure of a Docker engine that answers. The second try is for machines, often containers
# themselves, where the engine may neither stack file systems nor write firewall rules.
start_docker() {
  command -v dockerd >/dev/null || packages docker.io
  answers && return
  try_dockerd || try_dockerd --storage-driver=vfs --iptables=false || {
    tail -5 "$CACHE/dockerd.log" >&2
    die "dockerd does not start, see $CACHE/dockerd.log: a container needs to be privileged for it"
  }
}

answers() { docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }

try_dockerd() {
  local pid
  say "starting dockerd $*"
  setsid nohup dockerd "$@" >"$CACHE/dockerd.log" 2>&1 </dev/null 9>&- &
  pid=$!
  for _ in $(seq 150); do
    answers && return
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.2
  done
  kill "$pid"
  return 1
}

# import_image NAME IMAGE: the unpacked server as an image that is started like the official one: the arguments are
# the server's own, an empty password is fine, and data is initialised on the first start.
import_image() {
  local name=$1 image=$2 root
  case $name in mysql | mariadb | postgres*) ;; *) die "no image of $name" ;; esac
  answers || die "no Docker engine answers: servers.sh install docker"
  for_each "$name" busybox
  root=$(mktemp -d -p "$CACHE")
  cp -al "$CACHE/$name/." "$root" # hard links: an image is made from one tree, without a second copy
  image_files "$name" "$root"
  tar -c -C "$root" . | docker import \
    -c 'ENTRYPOINT ["/entrypoint"]' -c "USER $(image_user "$name")" -c "EXPOSE $(image_port "$name")" - "$image" >&2
  rm -rf "$root"
}

image_user() { case $1 in postgres*) echo postgres ;; *) echo root ;; esac; }
image_port() { case $1 in postgres*) echo 5432 ;; *) echo 3306 ;; esac; }

# image_files NAME FOLDER: what an image has beside the server. The programs look for their libraries below
# $CACHE/NAME, so that leads to the root.
image_files() {
  local name=$1 folder=$2
  chmod 755 "$folder"
  mkdir -p "$folder"/{bin,etc,proc,sys,dev,run,tmp,data} "$folder$CACHE"
  chmod 1777 "$folder/tmp"
  ln -s / "$folder$CACHE/$name"
  cp "$CACHE/busybox/bin/busybox" "$folder/bin/"
  rm -f "$folder"/etc/{passwd,group}
  ln -sf busybox "$folder/bin/sh"
  printf '%s\n' root:x:0:0::/: postgres:x:999:999::/: >"$folder/etc/passwd"
  printf '%s\n' root:x:0: postgres:x:999: >"$folder/etc/group"
  [ "$(image_user "$name")" = root ] || chown 999:999 "$folder/data"
  entrypoint "$name" >"$folder/entrypoint"
  chmod 755 "$folder/entrypoint"
}

entrypoint() {
  local welcome="FLUSH PRIVILEGES;\nCREATE USER root@'%%';\nGRANT ALL ON *.* TO root@'%%' WITH GRANT OPTION;\n"
  local bin=/usr/lib/postgresql/${1#postgres}/bin
  echo '#!/bin/busybox sh'
  echo 'set -e'
  case $1 in
    mysql) cat <<END ;;
if [ ! -d /data/mysql ]; then
  printf "$welcome" >/tmp/welcome
  /usr/sbin/mysqld --no-defaults --user=root --initialize-insecure --datadir=/data --init-file=/tmp/welcome
fi
exec /usr/sbin/mysqld --no-defaults --user=root --datadir=/data --socket=/tmp/s.sock "\$@"
END
    mariadb) cat <<END ;;
/bin/busybox --install -s /bin
if [ ! -d /data/mysql ]; then
  printf "$welcome" >/tmp/welcome
  mariadb-install-db --no-defaults --basedir=/usr --datadir=/data --user=root --auth-root-authentication-method=normal --extra-file=/tmp/welcome
fi
exec /usr/sbin/mariadbd --no-defaults --user=root --datadir=/data --socket=/tmp/s.sock "\$@"
END
    postgres*) cat <<END ;;
if [ ! -d /data/base ]; then
  $bin/initdb -D /data -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync
  echo 'host all all all trust' >>/data/pg_hba.conf
fi
[ "\$1" = postgres ] && shift
exec $bin/postgres -D /data -c unix_socket_directories=/tmp -c listen_addresses='*' "\$@"
END
  esac
}

version() {
  local file
  file="$CACHE/$1/$(program "$1")"
  [ -x "$file" ] && "$file" --version 2>/dev/null | head -1
}

where() {
  local name found
  for name in "${SERVERS[@]}"; do
    found=$(version "$name") || found=
    [ -n "$found" ] && echo "$name: $found ($CACHE/$name/$(program "$name"))" || echo "$name: not unpacked"
  done
  for name in mysqld mariadbd pgbouncer dockerd; do
    found=$(command -v "$name") && echo "on this machine: $("$found" --version 2>/dev/null | head -1) ($found)"
  done
  for found in /usr/lib/postgresql/*/bin/postgres; do
    [ -x "$found" ] && echo "on this machine: $("$found" --version) ($found)"
  done
  return 0
}

install_one() {
  case $1 in
    docker) locked docker start_docker ;;
    chromium) locked chromium packages chromium ;; # as the distribution has it: tests of the page only need its program
    all) for_each "${SERVERS[@]}" ;;
    *)
      recipe "$1" >/dev/null
      locked "$1" unpack "$1"
      ;;
  esac
}

for_each() {
  local name
  for name in "$@"; do install_one "$name"; done
}

main() {
  local command=${1:-help}
  shift || true
  case $command in
    install) for_each "${@:-all}" ;;
    import) import_image "$@" ;;
    where) where ;;
    help | -h | --help) usage ;;
    *) die "unknown command $command: install, import or where" ;;
  esac
}

CACHE=$(cache)
main "$@"
