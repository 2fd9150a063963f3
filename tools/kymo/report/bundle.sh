#!/bin/sh
# SPDX-License-Identifier: MIT
# Make one page of the report's modules: no network, no package, only sh, awk and sha256sum.
# usage: bundle.sh OUT TEMPLATE STYLE[,STYLE..] MODULE.js..
#
# The modules come in the order of the command line, each after those it imports. An import line is
# dropped and `export ` taken away, so all modules share one scope; therefore a top-level name may
# be used in one module only. Both rules are checked here, and a breach is an error with file and
# line. Then script and styles go into the template with the hashes that its security policy names.
#
# @DATA@ and @CONNECT@ stay in the page: `kymo report` and `kymo live` fill them in (page.c).
set -eu
out=$1 template=$2 styles=$(echo "$3" | tr , ' ')
shift 3
work=$(mktemp -d "${TMPDIR:-/tmp}/kymo-bundle.XXXXXX")
trap 'rm -rf "$work"' EXIT

awk '
function bad(why) { printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"; failed = 1 }
function base(path) { sub(/.*\//, "", path); return path }
FNR == 1 { seen[base(FILENAME)] = 1; importing = 0 }
/^import / { importing = 1 }
importing {
    if (!/;[ \t]*$/) next
    importing = 0
    from = $0
    if (!match(from, /\.\/[a-z]+\.js/)) bad("an import names ./module.js and nothing else")
    else if (!(substr(from, RSTART + 2, RLENGTH - 2) in seen)) bad("imported too early: " from)
    next
}
/^export default|^export \{|^export \*/ { bad("only `export` before a declaration is understood") }
/<\/script|<!--|@DATA@|@CONNECT@|@SCRIPT@|@STYLE@/ { bad("text that would end or change the page") }
/^\/\/ SPDX-License-Identifier/ { next }
{ sub(/^export /, "") }
/^(async )?(function\*?|const|let|class) / {
    name = $0
    sub(/^(async )?(function\*?|const|let|class) +/, "", name)
    if (name ~ /^[\[{]/) bad("a top-level declaration has one name")
    sub(/[^A-Za-z0-9_$].*/, "", name)
    if (name in where) bad("the name " name " is taken by " where[name])
    where[name] = FILENAME
}
{ print }
END { exit failed }
' "$@" > "$work/script"
# shellcheck disable=SC2086 # a list of files
cat $styles | sed '/^\/\* SPDX-License-Identifier: MIT \*\/$/d' > "$work/style"

hash() { # file -> sha256-BASE64, as a content security policy writes it
    sha256sum "$1" | awk '{
        digits = "0123456789abcdef"
        code = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        n = length($1) / 2
        for (i = 0; i < n; i++)
            b[i] = (index(digits, substr($1, 2 * i + 1, 1)) - 1) * 16 \
                 + index(digits, substr($1, 2 * i + 2, 1)) - 1
        for (i = 0; i < n; i += 3) {
            v = b[i] * 65536 + b[i + 1] * 256 + b[i + 2]
            s = s substr(code, int(v / 262144) + 1, 1) substr(code, int(v / 4096) % 64 + 1, 1)
            s = s (i + 1 < n ? substr(code, int(v / 64) % 64 + 1, 1) : "=")
            s = s (i + 2 < n ? substr(code, v % 64 + 1, 1) : "=")
        }
        print "sha256-" s
    }'
}

awk -v script="$work/script" -v style="$work/style" \
    -v script_hash="$(hash "$work/script")" -v style_hash="$(hash "$work/style")" '
function paste(file, line) { while ((getline line < file) > 0) print line; close(file) }
# A placeholder of a whole file ends its line: what follows begins right after the last newline.
/@SCRIPT@|@STYLE@/ {
    at = index($0, "@SCRIPT@") ? index($0, "@SCRIPT@") : index($0, "@STYLE@")
    size = index($0, "@SCRIPT@") ? 8 : 7
    printf "%s", substr($0, 1, at - 1)
    paste(size == 8 ? script : style)
    print substr($0, at + size)
    next
}
{
    sub(/@SCRIPT-HASH@/, script_hash)
    sub(/@STYLE-HASH@/, style_hash)
    print
}
' "$template" > "$work/page"
for mark in @DATA@ @CONNECT@; do
    grep -q "$mark" "$work/page" || { echo "$template: $mark is missing" >&2; exit 1; }
done
mkdir -p "$(dirname "$out")"
mv "$work/page" "$out"
