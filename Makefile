# Gradus. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD ?= build
CC ?= cc
# For the tools of the build, when CC compiles for another machine.
BUILD_CC ?= $(CC)
PORT ?= 8080
DATA ?= data
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 60
# What test programs and the engine are linked with; `make mutate` puts a shared library here.
LIBRARY ?= $(BUILD)/libgradus.a

PACKAGES := libmicrohttpd sqlite3 libarchive yaml-0.1 jansson libsodium icu-uc icu-i18n libxml-2.0 pangocairo \
            libqrencode libqpdf libseccomp zlib libxxhash liboath
# What the program of the lab workers is linked with, and nothing else; libseccomp is its alone.
WORKER_PACKAGES := sqlite3 jansson libsodium libxml-2.0 libseccomp
WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wformat=2 -Wno-format-nonliteral -Wundef -Werror
OPT ?= -O2 -g
HARDEN ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2
# Sanitizers and the like: SANITIZE="-fsanitize=address,undefined"
SANITIZE ?=
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')
# Nor does it matter in which folder it is built: what debuggers read says "." (make test-same).
SAME = -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(BUILD)=build
# Results must not differ between machines: no contraction of floating point.
CFLAGS_ALL = -std=gnu17 $(OPT) $(HARDEN) $(SANITIZE) -fPIE -fno-strict-aliasing -ffp-contract=off $(WARN) \
             -Iengine -I$(BUILD)/gen -D_GNU_SOURCE $(SAME) \
             $(PACKAGE_CFLAGS) $(CFLAGS)
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcmark-gfm-extensions -lcmark-gfm -lm -lpthread
WORKER_LIBS := $(shell pkg-config --libs $(WORKER_PACKAGES) 2>/dev/null)
SERVER_LIBS := $(filter-out -lseccomp,$(LIBS))
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(LDFLAGS)

# The rooms in their order: each may include only those before it (engine/rooms.txt holds the exact arrows).
ROOMS := $(or $(ROOMS),$(shell awk -F '[ :]' '$$1 == "room" && $$2 != "tools" {print $$2}' engine/rooms.txt))
SOURCES := $(sort $(shell find $(addprefix engine/,$(ROOMS)) -name '*.c' 2>/dev/null))
# engine/ROOM/ROOM.sql: the names of its queries become a header, the texts an object.
QUERIES := $(sort $(wildcard $(foreach room,$(ROOMS),engine/$(room)/$(room).sql)))
SQL_HEADERS := $(QUERIES:engine/%.sql=$(BUILD)/gen/%_sql.h)
SQL_OBJECTS := $(QUERIES:engine/%.sql=$(BUILD)/obj/gen/%_sql.o) $(BUILD)/obj/gen/store/rooms.o $(BUILD)/obj/gen/store/migrations.o
MAINS := engine/server/main.c engine/sandbox/main.c
OBJECTS := $(patsubst engine/%.c,$(BUILD)/obj/%.o,$(filter-out $(MAINS),$(SOURCES))) $(SQL_OBJECTS)
# The rooms that the workers' program may consist of: sandbox, and what engine/rooms.txt lets it reach.
WORKER_ROOMS := $(shell awk -F ': *' '$$1 == "room sandbox" {print $$2, "sandbox"}' engine/rooms.txt)
WORKER_OBJECTS := $(foreach room,$(WORKER_ROOMS),$(filter $(BUILD)/obj/$(room)/%,$(OBJECTS)))
WORKER_FILES := $(sort $(foreach room,$(WORKER_ROOMS),$(wildcard engine/$(room)/*.[ch])))
ORDERED := $(sort $(shell find engine -name '*.[ch]'))
MIGRATION_FOLDER ?= engine/store/migrations
MIGRATIONS := $(sort $(wildcard $(MIGRATION_FOLDER)/*.sql))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(shell find $(addprefix tests/unit/,$(ROOMS)) -name 'test_*.c' 2>/dev/null)))
# tests/unit/ROOM/tool/NAME.c: programs that tests of other kinds call.
UNIT_TOOLS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard $(ROOMS:%=tests/unit/%/tool/*.c))))
# tests/fault/test_ROOM_….c: broken disks, full queues, killed processes.
FAULT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard $(ROOMS:%=tests/fault/test_%*.c))))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard $(or $(FUZZ:%=tests/fuzz/%.c),tests/fuzz/fuzz_*.c))))

# A recipe's own make may use every core, unless this one was told how many.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS))
SUBMAKE = $(MAKE) --no-print-directory $(PARALLEL)

-include site/site.mk tests/bench/bench.mk

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- Building --------------------------------------------------------------------------------------

.PHONY: packages
packages: ## install the Debian packages that are missing (says which and why first)
	@packaging/packages.sh run

.PHONY: all
all: $(BUILD)/rooms $(BUILD)/gradus $(BUILD)/gradus-labs ## build the engine (needs the packages: make packages)

.PHONY: objects
objects: $(BUILD)/libgradus.a $(MAINS:engine/%.c=$(BUILD)/obj/%.o)

.PHONY: FORCE
FORCE:

# What every object depends on besides its source: the compiler and its flags, the list of sources. Written anew
# only when it changed.
$(BUILD)/flags: FORCE
	@pkg-config --exists $(PACKAGES) || { packaging/packages.sh run --missing; exit 1; } >&2
	$(shell mkdir -p $(@D))$(file >$@.new,$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LIBS))
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@

$(BUILD)/sources: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(SOURCES) $(QUERIES) $(MIGRATIONS))
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@

$(BUILD)/queries: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(QUERIES) $(MIGRATIONS))
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@

# An include against the order of the rooms fails the build.
$(BUILD)/rooms: engine/tools/rooms.awk engine/rooms.txt $(ORDERED) $(BUILD)/sources
	@awk -f $< engine/rooms.txt $(ORDERED)
	@touch $@

$(BUILD)/tools/embed: engine/tools/embed.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(BUILD_CC) -O1 -Wall -Wextra -Werror -o $@ $<

# Written anew only when it changed: a changed text leaves the names, and whoever includes them, as they are.
embed = mkdir -p $(@D) && $(BUILD)/tools/embed $(1) >$@.new && \
        { cmp -s $@.new $@ && rm -f $@.new || { echo "  GEN  $@"; mv $@.new $@; }; }
$(SQL_HEADERS): $(BUILD)/gen/%_sql.h: engine/%.sql $(BUILD)/tools/embed $(BUILD)/queries
	@$(call embed,names $< $(QUERIES))
$(QUERIES:engine/%.sql=$(BUILD)/gen/%_sql.c): $(BUILD)/gen/%_sql.c: engine/%.sql $(BUILD)/tools/embed
	@$(call embed,texts $<)
$(BUILD)/gen/store/rooms.c: $(QUERIES) $(BUILD)/tools/embed $(BUILD)/queries
	@$(call embed,rooms $(QUERIES))
$(BUILD)/gen/store/migrations.c: $(MIGRATIONS) $(BUILD)/tools/embed $(BUILD)/queries
	@$(call embed,migrations $(MIGRATION_FOLDER))

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c engine/store/store_sql.h $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/obj/%.o: engine/%.c $(BUILD)/flags | $(SQL_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/obj/account/account_common_passwords.o: engine/account/common_passwords.txt
$(BUILD)/obj/doc/doc_formula.o: engine/doc/math_names.txt

# The server and its workers compare what they were built of.
$(BUILD)/gen/sandbox_build.h: $(WORKER_FILES) $(BUILD)/sources
	@mkdir -p $(@D)
	@echo "#define SANDBOX_BUILD \"$$(cat $(WORKER_FILES) | sha256sum | cut -c 1-16)\"" >$@
$(BUILD)/obj/sandbox/version.o: $(BUILD)/gen/sandbox_build.h

$(BUILD)/libsandbox.a: $(WORKER_OBJECTS) $(BUILD)/sources
	@rm -f $@
	@ar rcs $@ $(WORKER_OBJECTS)

# The program of the lab workers: what it needs of any other room fails here.
$(BUILD)/gradus-labs: $(BUILD)/obj/sandbox/main.o $(BUILD)/libsandbox.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(WORKER_LIBS)

$(BUILD)/libgradus.a: $(OBJECTS) $(BUILD)/sources
	@rm -f $@
	@ar rcs $@ $(OBJECTS)

$(BUILD)/libgradus.so: $(OBJECTS) $(BUILD)/sources
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) -shared -Wl,-soname,libgradus.so -o $@ $(OBJECTS) $(LIBS)

$(BUILD)/libfault.so: $(BUILD)/flags
	@$(CC) -shared -Wl,-soname,libfault.so -o $@ -x c /dev/null

$(BUILD)/gradus: $(BUILD)/obj/server/main.o $(LIBRARY)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(SERVER_LIBS)

-include $(shell find $(BUILD)/obj $(BUILD)/tests $(BUILD)/fuzz $(BUILD)/bench -name '*.d' 2>/dev/null)

# ---- Running ---------------------------------------------------------------------------------------

.PHONY: run
run: packages ## install, build, fill a demo academy once, serve it [PORT=8080] [DATA=data]
	@$(SUBMAKE) all
	@packaging/fill-demo.sh $(BUILD)/gradus "$(DATA)" "http://127.0.0.1:$(PORT)"
	@exec $(BUILD)/gradus serve --port "$(PORT)" --data "$(DATA)"

# ---- Testing ---------------------------------------------------------------------------------------

# Tests that start lab workers are told where their program is. What is linked a hundred times is linked by mold where it is
# there, in a tenth of the time, and the tests' own code runs once: it is not optimized, but where sanitizers look at it.
TEST_FLAGS = -Itests -DGRADUS_LABS='"$(abspath $(BUILD))/gradus-labs"' $(if $(SANITIZE),,-O0 -U_FORTIFY_SOURCE)
TEST_LINKER := $(if $(shell command -v mold),-fuse-ld=mold)
TEST_LINK = $(LIBRARY) $(LDFLAGS_ALL) $(TEST_LINKER) $(LIBS)

# A program per test_*.c; the other .c files of its folder are its helpers.
.SECONDEXPANSION:
$(BUILD)/tests/%: tests/unit/%.c $(LIBRARY) $(BUILD)/flags \
                  $$(filter-out $$(wildcard $$(dir tests/unit/$$*)test_*.c),$$(wildcard $$(dir tests/unit/$$*)*.c))
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) $(TEST_FLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c,$^) $(TEST_LINK) -lcmocka

$(BUILD)/tests/fault/%: tests/fault/%.c $(LIBRARY) $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) $(TEST_FLAGS) -MMD -MP -MF $@.d -o $@ $< $(TEST_LINK) -lcmocka

# An allocator that fails when it is told to: the tests preload it into the server.
$(BUILD)/tests/failing_memory.so: tests/memory/failing_memory.c tests/memory/failing_memory.h $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(OPT) $(WARN) -fPIC -shared -o $@ $<

.PHONY: cmocka
cmocka:
	@echo '#include <cmocka.h>' | $(CC) -E -x c -include setjmp.h -include stdarg.h -include stddef.h -include stdint.h \
	    - >/dev/null 2>&1 || { packaging/packages.sh test --missing libcmocka-dev; exit 1; } >&2
$(UNIT_TESTS) $(UNIT_TOOLS) $(FAULT_TESTS): | cmocka

.PHONY: unit
unit: $(UNIT_TESTS) $(UNIT_TOOLS) $(FAULT_TESTS) $(BUILD)/tests/failing_memory.so $(if $(filter sandbox,$(ROOMS)),$(BUILD)/gradus-labs) ## build the unit tests

# Fuzz targets are built by clang: the whole engine goes through the second compiler here.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libgradus.a $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer $(TEST_FLAGS) -MMD -MP -MF $@.d -o $@ $< $(TEST_LINK)

# A program looks for the one of its workers beside itself.
$(BUILD)/fuzz/gradus-labs: $(BUILD)/gradus-labs
	@mkdir -p $(@D)
	@ln -sf ../gradus-labs $@

.PHONY: fuzzers
fuzzers: $(FUZZERS) $(if $(filter sandbox,$(ROOMS)),$(BUILD)/fuzz/gradus-labs) $(if $(filter server,$(ROOMS)),$(BUILD)/obj/server/main.o)

# To fuzz for long, optimized; to run the corpus once, not: clang takes a third of the time so.
FUZZ_MAKE = $(SUBMAKE) BUILD=$(BUILD)/fuzzing OPT="-O1 -g" $(FUZZ_FLAGS)
CORPUS_MAKE = $(SUBMAKE) BUILD=$(BUILD)/corpus OPT="-O0 -g" $(FUZZ_FLAGS)
FUZZ_FLAGS = CC=clang HARDEN= SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -D__SANITIZE_ADDRESS__=1"
# gcc at -O1 takes variables for clobbered that nothing changes after setjmp.
ASAN_MAKE = $(SUBMAKE) BUILD=$(BUILD)/asan CC=gcc OPT="-O1 -g -fno-omit-frame-pointer -Wno-clobbered" HARDEN= SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"
TSAN_MAKE = $(SUBMAKE) BUILD=$(BUILD)/tsan CC=gcc OPT="-O1 -g -fno-omit-frame-pointer -Wno-clobbered" HARDEN= SANITIZE="-fsanitize=thread"

.PHONY: packages-test
packages-test: packages
	@packaging/packages.sh test

tests/node_modules/.package-lock.json: tests/package-lock.json | packages-test
	@echo "The browser and credential tests need packages from the npm registry (tests/package.json):"
	cd tests && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# As many open files as the machine lets us have: some tests are a crowd.
RUN_TESTS = ulimit -n "$$(ulimit -Hn)" && node tests/run.mjs

.PHONY: test
test: packages-test tests/node_modules/.package-lock.json ## install what only the tests need, run all tests
	@$(SUBMAKE) all unit
	@$(CORPUS_MAKE) fuzzers
	@$(RUN_TESTS) --build $(BUILD) --fuzz $(BUILD)/corpus/fuzz $(TESTS)

.PHONY: lint
lint: packages-test tests/node_modules/.package-lock.json ## layout, static analysis, room order, texts, content
	@$(SUBMAKE) all
	@$(RUN_TESTS) --build $(BUILD) --only lint

.PHONY: screenshots
screenshots: packages-test tests/node_modules/.package-lock.json ## picture the pages, phone and desk, light and dark, in build/screenshots
	@$(SUBMAKE) all unit
	@export GRADUS_SCREENSHOTS=1; $(RUN_TESTS) --build $(BUILD) --only browser $(TESTS)

.PHONY: format
format: ## lay out the source as .clang-format says
	clang-format -i $$(git ls-files 'engine/*.[ch]' 'tests/*.[ch]')

.PHONY: test-asan
test-asan: packages-test tests/node_modules/.package-lock.json ## unit and request tests under AddressSanitizer and UBSan
	@$(ASAN_MAKE) all unit
	@$(RUN_TESTS) --build $(BUILD)/asan --sanitizer asan --only unit,http,requests $(TESTS)

.PHONY: test-tsan
test-tsan: packages-test tests/node_modules/.package-lock.json ## unit and request tests under ThreadSanitizer
	@$(TSAN_MAKE) all unit
	@$(RUN_TESTS) --build $(BUILD)/tsan --sanitizer tsan --only unit,http,requests $(TESTS)

.PHONY: test-memory
test-memory: packages-test tests/node_modules/.package-lock.json ## refuse each allocation of a running server in turn (an hour)
	@$(SUBMAKE) all unit
	@export GRADUS_MEMORY_STEP=1; $(RUN_TESTS) --build $(BUILD) --only memory

.PHONY: test-same
test-same: ## two builds in two folders give the same programs, byte for byte
	+@packaging/test-same.sh

.PHONY: test-arches
test-arches: ## compile for other machines: arm64, and 32 bit [ARCHES="arm64 i386"]
	+@packaging/test-arches.sh "$(BUILD)" $(ARCHES)

# Each file of the engine is a shared library's part here: a faulty libfault.so, found first, takes its place, so that a
# planted fault costs the compiling of one file and no linking of programs.
MUTATE_BUILD = $(BUILD)/mutate
MUTATE_MAKE = $(SUBMAKE) BUILD=$(MUTATE_BUILD) OPT="-O1 -g" HARDEN= CFLAGS=-fPIC \
              LIBRARY="$(MUTATE_BUILD)/libfault.so $(MUTATE_BUILD)/libgradus.so" \
              LDFLAGS="-Wl,--no-as-needed -Wl,-rpath,$(abspath $(MUTATE_BUILD))"

.PHONY: mutate
mutate: packages-test ## plant faults in the rules, one at a time; list those that no test finds [ROOM=exam] [FILE=…] [SAMPLE=150]
	@$(MUTATE_MAKE) all unit
	@node tests/mutate/mutate.mjs --build $(MUTATE_BUILD) $(ROOM:%=--room %) $(FILE:%=--file %) $(SAMPLE:%=--sample %)

.PHONY: fuzz
fuzz: packages-test ## fuzz each target for a minute [FUZZ_SECONDS=60] [FUZZ=fuzz_json]
	@$(FUZZ_MAKE) fuzzers
	@tests/fuzz/run.sh $(BUILD)/fuzzing/fuzz $(FUZZ_SECONDS) $(FUZZ)

# ---- Installing ------------------------------------------------------------------------------------

.PHONY: install
install: all ## install under [PREFIX=/usr/local] [DESTDIR=], with a systemd unit; keeps what an academy owns
	@packaging/install.sh "$(BUILD)" "$(PREFIX)" "$(DESTDIR)"

.PHONY: deb
deb: all ## build the Debian package gradus_VERSION_ARCH.deb into [BUILD=build]
	@packaging/deb.sh "$(BUILD)"

.PHONY: test-deb
test-deb: deb ## install, start, upgrade and purge the package in a machine of its own (root; some minutes)
	+@packaging/test-deb.sh "$(BUILD)"

.PHONY: clean
clean: ## remove what was built (keeps data)
	rm -rf $(BUILD)
