#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install what is missing: deps.sh [build|run|check|bench], each more than the
# last; deps.sh coverage: check and gcovr; deps.sh boot|fuzz: what check-boot,
# make fuzz need.
# By apt as root or with sudo; elsewhere it names the packages and exits 1.
set -eu

PATH=$PATH:/usr/sbin:/sbin
level=${1:-build}

# level  how to see it            Debian           Fedora            Arch           Alpine
needs='
build    cmd:cc                   gcc              gcc               gcc            gcc
build    cmd:make                 make             make              make           make
build    cmd:pkg-config           pkg-config       pkgconf           pkgconf        pkgconf
build    header:stdio.h           libc6-dev        glibc-devel       glibc          musl-dev
build    header:linux/netlink.h   linux-libc-dev   kernel-headers    linux-api-headers linux-headers
build    lib:libnftnl             libnftnl-dev     libnftnl-devel    libnftnl       libnftnl-dev
build    lib:libmnl               libmnl-dev       libmnl-devel      libmnl         libmnl-dev
build    lib:libmd                libmd-dev        libmd-devel       libmd          libmd-dev
build    lib:inih                 libinih-dev      inih-devel        libinih        inih-dev
build    lib:jansson              libjansson-dev   jansson-devel     jansson        jansson-dev
build    lib:libcap-ng            libcap-ng-dev    libcap-ng-devel  libcap-ng      libcap-ng-dev
build    lib:libseccomp           libseccomp-dev   libseccomp-devel libseccomp     libseccomp-dev
build    lib:mxml,mxml4           libmxml-dev      mxml-devel        mxml           mxml-dev
run      file:/etc/services       netbase          setup             iana-etc       alpine-baselayout
run      cmd:nft                  nftables         nftables          nftables       nftables
run      cmd:unshare              util-linux       util-linux        util-linux     util-linux-misc
run      cmd:ip                   iproute2         iproute           iproute2       iproute2
check    lib:cmocka               libcmocka-dev    libcmocka-devel   cmocka         cmocka-dev
check    cmd:python3              python3          python3           python         python3
check    cmd:clang                clang            clang             clang          clang
check    cmd:mandoc               mandoc           mandoc            mandoc         mandoc
check    cmd:strace               strace           strace            strace         strace
check    cmd:ping                 iputils-ping     iputils           iputils        iputils-ping
check    cmd:prove                perl             perl-Test-Harness perl           perl-utils
check    cmd:xmllint              libxml2-utils    libxml2           libxml2        libxml2-utils
check    py:jsonschema            python3-jsonschema python3-jsonschema python-jsonschema py3-jsonschema
check    py:yaml                  python3-yaml     python3-pyyaml    python-yaml    py3-yaml
check    cmd:apparmor_parser      apparmor         -                 apparmor       apparmor
fuzz     cmd:clang                clang            clang             clang          clang
fuzz     libfuzzer                libclang-rt-dev  compiler-rt       compiler-rt    compiler-rt
bench    cmd:iperf3               iperf3           iperf3            iperf3         iperf3
bench    cmd:nmap                 nmap             nmap              nmap           nmap
coverage cmd:gcovr                gcovr            gcovr             -              -
boot     cmd:python3              python3          python3           python         python3
boot     cmd:qemu-system-x86_64   qemu-system-x86  qemu-system-x86-core qemu-system-x86 qemu-system-x86_64
boot     cmd:debootstrap          debootstrap      debootstrap       debootstrap    debootstrap
boot     cmd:mke2fs               e2fsprogs        e2fsprogs         e2fsprogs      e2fsprogs
boot     cmd:depmod               kmod             kmod              kmod           kmod
boot     cmd:cpio                 cpio             cpio              cpio           cpio
'

# Some go by another name in a newer version: one of several will do
has_lib() {
	for lib in $(echo "$1" | tr , ' '); do
		! pkg-config --exists "$lib" 2>/dev/null || return 0
	done
	return 1
}

links_libfuzzer() {
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null
}

has() {
	case $1 in
	cmd:*)	  command -v "${1#*:}" >/dev/null ;;
	file:*)	  [ -e "${1#*:}" ] ;;
	lib:*)	  has_lib "${1#*:}" ;;
	libfuzzer) links_libfuzzer ;;
	py:*)	  python3 -c "import ${1#*:}" 2>/dev/null ;;
	header:*) echo "#include <${1#*:}>" | cc -E - >/dev/null 2>&1 ;;
	esac
}

# Packages that are missing at $level, in the column of this system
missing() {
	case $level in
	build) levels='build' ;;
	run)   levels='build run' ;;
	check) levels='build run check' ;;
	bench) levels='build run check bench' ;;
	boot)  levels='build boot' ;;
	fuzz)  levels='build fuzz' ;;
	coverage) levels='build run check coverage' ;;
	*)     echo "usage: deps.sh [build|run|check|bench|coverage|boot|fuzz]" >&2
	       exit 2 ;;
	esac
	echo "$needs" | while read -r at how debian fedora arch alpine; do
		case " $levels " in
		*" $at "*) ;;
		*) continue ;;
		esac
		if [ -n "$at" ] && ! has "$how"; then
			case $system in
			fedora) echo "$fedora" ;;
			arch)	echo "$arch" ;;
			alpine) echo "$alpine" ;;
			*)	echo "$debian" ;;
			esac
		fi
	done | grep -v '^-$' | sort -u | tr '\n' ' '
}

system=debian
for try in dnf:fedora pacman:arch apk:alpine apt-get:debian; do
	command -v "${try%:*}" >/dev/null && system=${try#*:}
done

list=$(missing)
[ -n "$list" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	as_root=none
	if command -v sudo >/dev/null &&
	   { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		as_root=sudo
	fi
fi

if ! command -v apt-get >/dev/null || [ "$as_root" = none ]; then
	echo "missing: install these packages ($system names), then start again:" >&2
	echo "  $list" >&2
	exit 1
fi

echo "installing: $list"
# Indexes may be absent or stale: refresh them only if they are no use
install() {
	# shellcheck disable=SC2086 # words are meant to be split
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
		--no-install-recommends $list
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install >"$log" 2>&1; then
	$as_root apt-get -qq update >"$log" 2>&1 && install >"$log" 2>&1 || {
		cat "$log" >&2
		echo "apt-get failed; install by hand: $list" >&2
		exit 1
	}
fi
list=$(missing)
[ -z "$list" ] || { echo "still missing: $list" >&2; exit 1; }
