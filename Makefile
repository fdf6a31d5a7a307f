# Gradus. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD ?= build
CC ?= cc
PORT ?= 8080
DATA ?= data
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 60

PACKAGES := libmicrohttpd sqlite3 libfyaml jansson libsodium icu-uc icu-i18n libxml-2.0 pangocairo \
            libqrencode libqpdf libseccomp zlib
WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wformat=2 -Wno-format-nonliteral -Wundef -Werror
OPT ?= -O2 -g
HARDEN ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2
# Sanitizers and the like: SANITIZE="-fsanitize=address,undefined"
SANITIZE ?=
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g')
# Results must not differ between machines: no contraction of floating point.
CFLAGS_ALL = -std=gnu17 $(OPT) $(HARDEN) $(SANITIZE) -fPIE -fno-strict-aliasing -ffp-contract=off $(WARN) \
             -Iengine -I$(BUILD)/gen -D_GNU_SOURCE -DGRADUS_SHARE='"$(PREFIX)/share/gradus"' \
             $(PACKAGE_CFLAGS) $(CFLAGS)
LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcmark-gfm-extensions -lcmark-gfm -lm -lpthread
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(LDFLAGS)

# The rooms in their order: each may include only those before it (engine/rooms.txt holds the exact arrows).
ROOMS := $(or $(ROOMS),$(shell awk -F '[ :]' '$$1 == "room" && $$2 != "tools" {print $$2}' engine/rooms.txt))
SOURCES := $(sort $(shell find $(addprefix engine/,$(ROOMS)) -name '*.c' 2>/dev/null))
MAIN := engine/server/main.c
OBJECTS := $(patsubst engine/%.c,$(BUILD)/obj/%.o,$(filter-out $(MAIN),$(SOURCES))) $(BUILD)/obj/gen/store_sql.o
QUERIES := $(sort $(shell find $(addprefix engine/,$(ROOMS)) -name '*.sql' -not -path 'engine/store/migrations/*'))
ORDERED := $(sort $(shell find engine -name '*.[ch]'))
MIGRATIONS := $(sort $(wildcard engine/store/migrations/*.sql))
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
all: $(BUILD)/rooms $(BUILD)/gradus ## build the engine (needs the packages: make packages)

.PHONY: FORCE
FORCE:

# What every object depends on besides its source: the compiler and its flags, the list of sources. Written anew
# only when it changed.
$(BUILD)/flags: FORCE
	@pkg-config --exists $(PACKAGES) || { echo "Libraries are missing: run make packages" >&2; exit 1; }
	$(shell mkdir -p $(@D))$(file >$@.new,$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LIBS))
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@

$(BUILD)/sources: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(SOURCES) $(QUERIES) $(MIGRATIONS))
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@

# An include against the order of the rooms fails the build.
$(BUILD)/rooms: engine/tools/rooms.awk engine/rooms.txt $(ORDERED) $(BUILD)/sources
	@awk -f $< engine/rooms.txt $(ORDERED)
	@touch $@

$(BUILD)/tools/embed: engine/tools/embed.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) -O1 -Wall -Wextra -Werror -o $@ $<

$(BUILD)/gen/store_sql.c: $(BUILD)/tools/embed $(QUERIES) $(MIGRATIONS) $(BUILD)/sources
	@mkdir -p $(@D)
	@echo "  GEN  $@"
	@$(BUILD)/tools/embed $(BUILD)/gen engine/store/migrations $(QUERIES)
$(BUILD)/gen/store_sql.h: $(BUILD)/gen/store_sql.c ;

$(BUILD)/obj/gen/store_sql.o: $(BUILD)/gen/store_sql.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/obj/%.o: engine/%.c $(BUILD)/flags $(BUILD)/gen/store_sql.h
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/libgradus.a: $(OBJECTS) $(BUILD)/sources
	@rm -f $@
	@ar rcs $@ $(OBJECTS)

$(BUILD)/gradus: $(BUILD)/obj/server/main.o $(BUILD)/libgradus.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

-include $(shell find $(BUILD)/obj $(BUILD)/tests $(BUILD)/fuzz $(BUILD)/bench -name '*.d' 2>/dev/null)

# ---- Running ---------------------------------------------------------------------------------------

.PHONY: run
run: packages ## install, build, fill a demo academy once, serve it [PORT=8080] [DATA=data]
	@$(SUBMAKE) all
	@packaging/fill-demo.sh $(BUILD)/gradus "$(DATA)" "http://127.0.0.1:$(PORT)"
	@exec $(BUILD)/gradus serve --port "$(PORT)" --data "$(DATA)"

# ---- Testing ---------------------------------------------------------------------------------------

# A program per test_*.c; the other .c files of its folder are its helpers.
.SECONDEXPANSION:
$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libgradus.a $(BUILD)/flags \
                  $$(filter-out $$(wildcard $$(dir tests/unit/$$*)test_*.c),$$(wildcard $$(dir tests/unit/$$*)*.c))
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -Itests -MMD -MP -MF $@.d -o $@ $(filter %.c,$^) $(BUILD)/libgradus.a $(LDFLAGS_ALL) $(LIBS) -lcmocka

$(BUILD)/tests/fault/%: tests/fault/%.c $(BUILD)/libgradus.a $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -Itests -MMD -MP -MF $@.d -o $@ $< $(BUILD)/libgradus.a $(LDFLAGS_ALL) $(LIBS) -lcmocka

.PHONY: unit
unit: $(UNIT_TESTS) $(UNIT_TOOLS) $(FAULT_TESTS) ## build the unit tests

# Fuzz targets are built by clang: the whole engine goes through the second compiler here.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libgradus.a $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -fsanitize=fuzzer -Itests -MMD -MP -MF $@.d -o $@ $< $(BUILD)/libgradus.a $(LDFLAGS_ALL) $(LIBS)

.PHONY: fuzzers
fuzzers: $(FUZZERS) $(if $(filter server,$(ROOMS)),$(BUILD)/obj/server/main.o)

FUZZ_MAKE = $(SUBMAKE) BUILD=$(BUILD)/fuzzing CC=clang OPT="-O1 -g" HARDEN= SANITIZE="-fsanitize=fuzzer-no-link,address,undefined"
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
	@$(FUZZ_MAKE) fuzzers
	@$(RUN_TESTS) --build $(BUILD) --fuzz $(BUILD)/fuzzing/fuzz $(TESTS)

.PHONY: lint
lint: packages-test tests/node_modules/.package-lock.json ## layout, static analysis, room order, texts, content
	@$(SUBMAKE) all
	@$(RUN_TESTS) --build $(BUILD) --only lint

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

.PHONY: fuzz
fuzz: packages-test ## fuzz each target for a minute [FUZZ_SECONDS=60] [FUZZ=fuzz_json]
	@$(FUZZ_MAKE) fuzzers
	@tests/fuzz/run.sh $(BUILD)/fuzzing/fuzz $(FUZZ_SECONDS) $(FUZZ)

# ---- Installing ------------------------------------------------------------------------------------

.PHONY: install
install: all ## install under [PREFIX=/usr/local] [DESTDIR=], with a systemd unit
	@packaging/install.sh "$(BUILD)" "$(PREFIX)" "$(DESTDIR)"

.PHONY: clean
clean: ## remove what was built (keeps data)
	rm -rf $(BUILD)
