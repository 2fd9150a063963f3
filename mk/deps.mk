# SPDX-License-Identifier: MIT
# What has to be installed, and `make deps`, which installs it from Debian's packages.
#
# One entry per thing that is used, `kind:thing=package`, never the package alone: what counts is
# that the thing is there.
#   cmd:NAME   a command in PATH        hdr:FILE   a header the host's compiler finds
#   py:NAME    a Python module          file:PATH  a file; may have * in it
# Silent when nothing is missing; scripts/deps.sh says what it does otherwise.

# To build everything and run the demo.
DEPS_DEMO = \
  cmd:gcc=gcc hdr:stdio.h=libc6-dev cmd:pkg-config=pkg-config cmd:ar=binutils \
  cmd:$(CROSS_COMPILE)gcc=gcc-riscv64-unknown-elf \
  cmd:$(CROSS_COMPILE)ld=binutils-riscv64-unknown-elf \
  cmd:qemu-system-riscv32=qemu-system-misc \
  hdr:gelf.h=libelf-dev hdr:elfutils/libdw.h=libdw-dev hdr:zlib.h=zlib1g-dev \
  hdr:sqlite3.h=libsqlite3-dev hdr:curses.h=libncurses-dev hdr:microhttpd.h=libmicrohttpd-dev

# To test: everything above, and what reads our exports.
DEPS_CHECK = \
  cmd:python3=python3 hdr:cmocka.h=libcmocka-dev \
  cmd:babeltrace2=babeltrace2 cmd:babeltrace=babeltrace cmd:lttng-schedlog=python3-lttnganalyses \
  cmd:trace-cmd=trace-cmd cmd:sqlite3=sqlite3 \
  cmd:protoc=protobuf-compiler \
  cmd:vcd2fst=gtkwave cmd:xvfb-run=xvfb cmd:xauth=xauth cmd:spin=spin cmd:ctags=universal-ctags cmd:shellcheck=shellcheck \
  cmd:chromium=chromium cmd:node=nodejs cmd:npm=npm \
  cmd:clang=clang \
  file:/usr/lib/llvm-*/lib/clang/*/lib/*/libclang_rt.fuzzer-*.a=libclang-rt-14-dev

.PHONY: deps deps-demo deps-check
deps: ## install what is missing, for the demo and for the tests
	@sh scripts/deps.sh deps $(DEPS_DEMO) $(DEPS_CHECK)
deps-demo: ## only what the build and the demo need
	@sh scripts/deps.sh deps-demo $(DEPS_DEMO)
deps-check: ## what `make check` needs
	@sh scripts/deps.sh deps-check $(DEPS_DEMO) $(DEPS_CHECK)
