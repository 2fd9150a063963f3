#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests of the build and of the door, in a copy of the tree whose path has a space in it.
# usage: [ONLY=case] sh tests/build/run.sh      from the top of the tree
# shellcheck disable=SC2317 # cases are called by name
room=build
limit=300
. tests/cases.sh
top=$(pwd)
built=${BUILD:-build}
kymo=$built/host/kymo
for v in MAKEFLAGS MAKELEVEL CFLAGS HCFLAGS CROSS_COMPILE TOOLCHAIN_TYPE VERBOSE BUILD; do
    unset $v
done

copy_tree() { # the files as they are now into "$work/a tree", which becomes the current folder
    mkdir -p "$work/a tree"
    (cd "$top" && git ls-files -co --exclude-standard -z |
        tar --null -T - -c --ignore-failed-read) |
        tar -x -C "$work/a tree"
    cd "$work/a tree"
}

seed_build() { # what is built already comes along, with its times, so that make finds it up to date
    mkdir build
    for part in stamps gen host target; do
        [ ! -d "$top/$built/$part" ] || cp -a "$top/$built/$part" build/
    done
}

first_object() { # a kernel object that is quick to build
    src=$(make -s print-KSRC | tr ' ' '\n' | grep '\.c$' | head -n 1)
    [ -n "$src" ] || fail "no kernel source"
    echo "build/target/$src.o"
}

stamp_of() { # when a file was written, to the nanosecond
    stat -c %y "$1"
}

rebuilds() { # object, arguments of make..: does make write it again?
    before=$(stamp_of "$1")
    make "$@" > make.out 2>&1 || { cat make.out; fail "make $* failed"; }
    [ "$before" != "$(stamp_of "$1")" ]
}

case_flags_rebuild_once() {
    copy_tree
    o=$(first_object)
    make "$o" > /dev/null
    rebuilds "$o" && fail "rebuilt without a change"
    rebuilds "$o" CFLAGS='-DCONFIG_DEBUG_TRACE=0' || fail "a new CFLAGS did not rebuild"
    rebuilds "$o" CFLAGS='-DCONFIG_DEBUG_TRACE=0' && fail "the same CFLAGS rebuilt"
    CFLAGS='-DCONFIG_DEBUG_TRACE=0' rebuilds "$o" &&
        fail "the environment and the command line differ"
    rebuilds "$o" || fail "taking CFLAGS away did not rebuild"
}

case_flags_any_text() {
    copy_tree
    o=$(first_object)
    for flags in "-DPROBE=\"'a'\"" "-DPROBE='\"a,(b\"'" '-DPROBE=\(1' "-DPROBE='#'" \
        "-DPROBE='\$\$x'" '-DPROBE="a b" -DPROBE_TOO=,'; do
        make "$o" CFLAGS="$flags" > make.out 2>&1 || { cat make.out; fail "CFLAGS=$flags"; }
        rebuilds "$o" CFLAGS="$flags" && fail "CFLAGS=$flags: rebuilt without a change"
        true
    done
}

case_config_value_rebuilds() {
    copy_tree
    o=$(first_object)
    make "$o" > /dev/null
    sleep 0.1 # the file system's clock has steps
    echo '/* changed */' >> config.h
    rebuilds "$o" || fail "a change of config.h did not rebuild"
}

case_target_flags_stay_with_the_target() {
    copy_tree
    o=$(make -s print-HLIBOBJ | cut -d ' ' -f 1)
    make "$o" > /dev/null
    rebuilds "$o" CFLAGS='-this-is-not-a-flag' && fail "CFLAGS reached the host's objects"
    rebuilds "$o" HCFLAGS='-DPROBE=1' || fail "HCFLAGS did not rebuild"
}

case_parallel_and_then_nothing() {
    copy_tree
    make -j 8 > first.out 2>&1 || { tail first.out; fail "make -j 8 failed"; }
    make -j 8 > second.out 2>&1
    [ ! -s second.out ] || { cat second.out; fail "the second make had something to do"; }
    make -j 8 pathfinder > app.out 2>&1 || { tail app.out; fail "make pathfinder failed"; }
    [ -s build/image.elf ]
    make clean && [ ! -e build/image.elf ] && [ ! -e build/target ]
    make distclean && [ ! -e build ]
}

case_removed_source_leaves_the_archive() {
    copy_tree
    seed_build
    echo 'int probe_extra; ' > lib/probe_extra.c
    make -j 2 kernel > /dev/null
    riscv64-unknown-elf-ar t build/target/libkymo-kernel.a | grep -q probe_extra
    rm lib/probe_extra.c
    make -j 2 kernel > /dev/null
    ! riscv64-unknown-elf-ar t build/target/libkymo-kernel.a | grep -q probe_extra
}

case_nothing_outside_build() {
    copy_tree
    mkdir before && find . -type f -not -path './build/*' -exec cksum {} + | sort > "$work/before"
    make -j 2 BUILD="$(printf out)" kernel > /dev/null
    [ ! -e build ] || fail "BUILD=out wrote into build/"
    rm -rf out
    find . -type f -exec cksum {} + | sort > "$work/after"
    cmp "$work/before" "$work/after"
}

case_read_only_tree() { # as root permissions do not bind, so this one looks at times as well
    copy_tree
    chmod -R a-w . && touch "$work/mark"
    make -j 2 BUILD=../out kernel > make.out 2>&1 || make -j 2 BUILD=../out kernel > /dev/null
    [ -z "$(find . -newer "$work/mark" -type f -not -name make.out)" ]
    chmod -R u+w .
}

case_run_boots_what_is_there() {
    copy_tree
    make run > run.out 2>&1 && fail "make run without an image succeeded"
    expect "no build/image.elf yet" run.out
    mkdir -p build bin && echo not-an-elf > build/image.elf
    printf '#!/bin/sh\necho "$@"\n' > bin/fake-qemu && chmod +x bin/fake-qemu
    touch app/*.c
    PATH=$PWD/bin:$PATH make run QEMU=fake-qemu > run.out
    expect '-kernel build/image.elf' run.out
    [ "$(cat build/image.elf)" = not-an-elf ] || fail "make run rebuilt the image"
    make run QEMU=no-such-qemu > run.out 2>&1 && fail "no QEMU, and it succeeded"
    expect 'no-such-qemu is not installed' run.out
}

case_llvm_is_refused_in_one_line() {
    copy_tree
    make TOOLCHAIN_TYPE=llvm > out 2>&1 && fail "it succeeded"
    [ "$(wc -l < out)" = 1 ] || { cat out; fail "more than one line"; }
    expect 'TOOLCHAIN_TYPE=llvm is not supported' out
    TOOLCHAIN_TYPE=llvm make help > /dev/null
    make TOOLCHAIN_TYPE=gnu "$(first_object)" > /dev/null
}

case_build_with_a_blank_is_refused() {
    copy_tree
    make BUILD='a b' > out 2>&1 && fail "it succeeded"
    [ "$(wc -l < out)" = 1 ]
    expect "must be one word" out
}

case_missing_compiler_is_named() {
    copy_tree
    make CROSS_COMPILE=no-such- kernel > out 2>&1 && fail "it succeeded"
    expect 'no-such-gcc is not installed' out
    [ "$(wc -l < out)" -le 2 ] || { cat out; fail "more than a line and make's own"; }
    make HCC=no-such-cc host > out 2>&1 && fail "it succeeded"
    expect 'no-such-cc is not installed' out
}

case_cross_compile_is_used() {
    copy_tree
    mkdir bin
    for t in gcc ar ld; do
        printf '#!/bin/sh\necho %s >> "%s/used"\nexec riscv64-unknown-elf-%s "$@"\n' \
            $t "$work" $t > bin/probe-$t
        chmod +x bin/probe-$t
    done
    PATH=$PWD/bin:$PATH CROSS_COMPILE=probe- make "$(first_object)" > /dev/null
    expect gcc "$work/used"
}

case_help_lists_everything() {
    copy_tree
    make help > out
    for t in all demo check deps run clean distclean install help; do
        grep -q "^  $t  *[a-z]" out || { cat out; fail "no line for $t"; }
    done
    expect pathfinder out
    expect CFLAGS out
}

case_verbose_shows_commands() {
    copy_tree
    o=$(first_object)
    make "$o" > quiet
    grep -vE '^  [A-Z]+ +[^ ]+$' quiet && fail "a quiet build prints one short line a file"
    [ -s quiet ] || fail "a quiet build prints nothing"
    rm "$o" && make VERBOSE=1 "$o" > loud
    expect '-march=rv32imac_zicsr' loud
}

case_install() {
    copy_tree
    seed_build
    make -j 2 install DESTDIR="$work/dest" PREFIX=/opt/kymo > /dev/null
    [ -x "$work/dest/opt/kymo/bin/kymo" ]
    "$work/dest/opt/kymo/bin/kymo" --version > out && expect kymo out
    [ -z "$(find "$work/dest" -type f -not -path "$work/dest/opt/kymo/*")" ] ||
        fail "files outside PREFIX"
    make -j 2 hello > /dev/null # the installed tool finds its plugin
    "$work/dest/opt/kymo/bin/kymo" run -q -o hello.kymo build/image.elf > out
    expect 'hello: PASS' out
    "$work/dest/opt/kymo/bin/kymo" info hello.kymo > out && expect 'lost       nothing' out
}

case_readme_steps_work_as_typed() {
    copy_tree
    seed_build
    sed -n '/^## Record a run/,/^## [^R]/s/^    //p' README.md > steps
    [ "$(wc -l < steps)" -ge 6 ] || fail "README's steps are not where they were"
    sh -ex steps > out 2>&1 || { tail -n 20 out; fail "a step failed"; }
    [ -s hello.kymo ] && [ -s hello.pftrace ]
}

case_readme_trace_points_compile() {
    copy_tree
    seed_build
    sed -n '/^## Put a trace point in/,/^The texts/s/^    //p' README.md > snippet
    {
        echo '#include <linmo.h>'
        grep '^#include' snippet
        echo 'int32_t app_main(void) { uint32_t value = 1;'
        grep -v '^#include' snippet | sed 's/^\.\.\.$/;/'
        echo 'return 0; }'
    } > app/readme_snippet.c
    [ "$(grep -c trace_ app/readme_snippet.c)" -ge 3 ] || fail "the snippet is not where it was"
    make build/target/app/readme_snippet.c.o > out 2>&1 || { cat out; fail "it does not compile"; }
}

case_shell_scripts_are_sound() {
    cd "$top" && git ls-files -z '*.sh' .ci/run |
        xargs -0 shellcheck -x -S warning -e SC2209,SC2317,SC2034
}

case_documents_tell_the_truth() {
    cd "$top" && python3 tests/build/docs.py "$kymo"
}

# ---- make deps, against a system that is made of a few links ----

bare_system() { # a PATH of these commands only, in ./bin
    mkdir -p bin
    for t in sh env id sed grep cat mktemp rm mkdir tail printf chmod true; do
        ln -sf "/usr/bin/$t" "bin/$t"
    done
}

fake() { # name, script text
    rm -f "bin/$1"
    printf '#!/bin/sh\n%s\n' "$2" > "bin/$1" && chmod +x "bin/$1"
}

deps() { # entries..
    PATH=$PWD/bin "$PWD/bin/sh" "$top/scripts/deps.sh" deps "$@" > out 2>&1
}

case_deps_silent_when_all_is_there() {
    cd "$work" && bare_system
    deps cmd:sh=dash hdr:stdio.h=libc6-dev file:/etc/passwd=base-passwd
    [ ! -s out ] || { cat out; fail "not silent"; }
}

case_deps_installs_as_root() {
    cd "$work" && bare_system
    fake id 'echo 0'
    fake apt-get 'echo "$@" >> log
        [ -e no ] && exit 0
        case "$*" in *install*) : > bin/probe-tool; chmod +x bin/probe-tool ;; esac'
    deps cmd:probe-tool=probe-package cmd:probe-tool=probe-package cmd:sh=dash ||
        { cat out; fail "it failed"; }
    expect 'install -y --no-install-recommends probe-package' log
    grep -q 'probe-package probe-package' log && fail "a package twice"
    rm bin/probe-tool && touch no
    deps cmd:probe-tool=probe-package && fail "it succeeded without the tool"
    expect probe-tool out
}

case_deps_without_rights_prints_the_line() {
    cd "$work" && bare_system
    fake id 'echo 1000'
    fake apt-get 'echo called > called'
    deps cmd:no-such-tool=one hdr:no/such.h=two && fail "it succeeded"
    expect 'apt-get install -y --no-install-recommends one two' out
    [ ! -e called ] || fail "apt-get was called without rights"
    fake sudo '[ "$1" = -n ] && exit 1; exit 1'
    deps cmd:no-such-tool=one && fail "it succeeded"
    expect 'apt-get install -y --no-install-recommends one' out
    fake sudo '[ "$1" = -n ] && shift; echo "$@" >> sudo.log; exec "$@"'
    fake apt-get ': > bin/no-such-tool; chmod +x bin/no-such-tool'

    deps cmd:no-such-tool=one || { cat out; fail "sudo was not used"; }
    expect 'install -y' sudo.log
}

case_deps_on_another_system_lists_things() {
    cd "$work" && bare_system
    deps cmd:no-such-tool=one hdr:no/such.h=two && fail "it succeeded"
    expect 'command no-such-tool' out
    expect 'header  no/such.h' out
    expect 'one two' out
}

case_deps_shows_why_apt_failed() {
    cd "$work" && bare_system
    fake id 'echo 0'
    fake apt-get 'echo "E: no network"; exit 100'
    deps cmd:no-such-tool=one && fail "it succeeded"
    expect 'E: no network' out
}

# ---- make check's own arithmetic ----

case_check_counts() {
    cd "$work"
    printf '%s\n' 'check-good:' '	@echo "3 passed, 0 failed"' \
        'check-bad:' '	@echo "2 passed, 1 failed"; exit 1' \
        'check-dead:' '	@echo nothing; exit 0' 'check-none:' '	@echo "0 passed, 0 failed"' \
        'check-liar:' '	@echo "5 passed, 0 failed"; exit 3' \
        'check-one:' '	@echo "One: 1 passed, 0 failed, 2 skipped"' > Makefile
    run() { MAKE=make sh "$top/scripts/check.sh" logs check- "$@" > out 2>&1; }
    run good:5 one:5 || { cat out; fail "two good parts failed"; }
    [ "$(tail -n 1 out)" = '4 passed, 0 failed' ]
    for part in bad dead none liar missing; do
        run good:5 $part:5 && fail "$part passed"
        grep -q '^[358] passed, 1 failed$' out || { cat out; fail "wrong total for $part"; }
    done
    run bad:1 good:1 && fail "bad passed"
    expect '5 passed, 1 failed' out
    run && fail "no part at all passed"
    true
}

run_cases "$@"
