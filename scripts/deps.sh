#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what is missing. usage: deps.sh TARGET kind:thing=package..   (mk/deps.mk has the kinds)
#
# Silent, and 0, when every thing is there. Otherwise: on a system with apt-get, as root or with
# sudo, installs the missing packages and looks again; without rights prints the exact line to
# type; on another system prints what is needed. Then 1. DEPS_DRY=1 prints what would be done and
# does nothing.
set -u
target=$1
shift

have_header() {
    for dir in /usr/include /usr/include/*-linux-gnu /usr/local/include; do
        [ -e "$dir/$1" ] && return 0
    done
    command -v cc > /dev/null && printf '#include <%s>\n' "$1" | cc -E -o /dev/null - 2> /dev/null
}

exists() { # file name, or pattern
    # shellcheck disable=SC2086 # a pattern is meant to become names
    set -- $1
    [ -e "$1" ]
}

have() { # kind:thing
    case $1 in
    cmd:*) command -v "${1#cmd:}" > /dev/null ;;
    hdr:*) have_header "${1#hdr:}" ;;
    py:*) python3 -c "import ${1#py:}" 2> /dev/null ;;
    file:*) exists "${1#file:}" ;;
    *)
        echo "deps.sh: unknown kind in '$1'" >&2
        exit 2
        ;;
    esac
}

find_missing() { # sets things and packages
    things='' packages=''
    for entry; do
        have "${entry%%=*}" && continue
        things="$things ${entry%%=*}"
        case " $packages " in
        *" ${entry#*=} "*) ;;
        *) packages="$packages ${entry#*=}" ;;
        esac
    done
}

say_what() { # the list for people on another system
    for thing in $things; do
        case $thing in
        cmd:*) echo "  command ${thing#cmd:}" ;;
        hdr:*) echo "  header  ${thing#hdr:}" ;;
        py:*) echo "  Python module ${thing#py:}" ;;
        file:*) echo "  file    ${thing#file:}" ;;
        esac
    done
}

lists_missing() {
    for list in /var/lib/apt/lists/*_Packages*; do
        [ -e "$list" ] && return 1
    done
    return 0
}

find_missing "$@"
[ -n "$packages" ] || exit 0

if ! command -v apt-get > /dev/null; then
    {
        echo "make $target: this system has no apt-get, so install these with its own means:"
        say_what
        echo "(on Debian 12 they are in:$packages)"
    } >&2
    exit 1
fi

as_root=
if [ "$(id -u)" != 0 ]; then
    if command -v sudo > /dev/null && { [ -t 0 ] || sudo -n true 2> /dev/null; }; then
        as_root=sudo
    else
        {
            echo "make $target: not installed, and no right to install. As root, type:"
            echo "  apt-get update && apt-get install -y --no-install-recommends$packages"
        } >&2
        exit 1
    fi
fi

apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300"
echo "Installing from Debian's packages:$packages"
if [ "${DEPS_DRY:-0}" = 1 ]; then
    echo "$apt install -y --no-install-recommends$packages"
    exit 1
fi
# Quiet as long as it works: a package manager's log of 400 lines hides what the demo wants to show.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # lists of words
install_them() { $apt install -y --no-install-recommends $packages > "$log" 2>&1; }
update() { $apt update > "$log" 2>&1; }
if lists_missing; then
    update || { cat "$log" >&2; echo "make $target: apt-get update failed" >&2; exit 1; }
fi
# A second try with fresh lists: old ones name versions that are gone from the mirror.
install_them || { update && install_them; } || {
    tail -n 25 "$log" >&2
    echo "make $target: apt-get install failed; the line was:" >&2
    echo "  $apt install -y --no-install-recommends$packages" >&2
    exit 1
}
find_missing "$@"
if [ -n "$things" ]; then
    echo "make $target: installed, but still not found:" >&2
    say_what >&2
    exit 1
fi
