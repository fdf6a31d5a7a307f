# Gradus. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD ?= build
CC ?= cc
PORT ?= 8080
DATA ?= data
PREFIX ?= /usr/local
NPROC := $(shell nproc 2>/dev/null || echo 2)

PACKAGES := libmicrohttpd sqlite3 libfyaml jansson libsodium icu-uc icu-i18n libxml-2.0 pangocairo \
            libqrencode libqpdf libarchive libseccomp zlib libpng
WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wformat=2 -Wno-format-nonliteral -Wundef -Werror
OPT ?= -O2 -g
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fno-strict-aliasing
# Results must not differ between machines: no contraction of floating point.
CFLAGS_ALL = -std=gnu17 $(OPT) $(HARDEN) -ffp-contract=off $(WARN) -Iengine -I$(BUILD)/gen -D_GNU_SOURCE \
             $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null | sed 's/-I/-isystem /g') $(CFLAGS)
LIBS = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lcmark-gfm-extensions -lcmark-gfm -lm -lpthread
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(LDFLAGS)

# The rooms in their order: each may include only those before it (tests/lint/rooms.mjs holds the exact arrows).
ROOMS ?= base store audit page doc http account content exam lab cert server
SOURCES := $(sort $(shell find $(addprefix engine/,$(ROOMS)) -name '*.c' 2>/dev/null))
MAIN := engine/server/main.c
OBJECTS := $(patsubst engine/%.c,$(BUILD)/obj/%.o,$(filter-out $(MAIN),$(SOURCES))) $(BUILD)/obj/gen/store_sql.o
QUERIES := $(sort $(shell find $(addprefix engine/,$(ROOMS)) -name '*.sql' -not -path 'engine/store/migrations/*'))
MIGRATIONS := $(sort $(wildcard engine/store/migrations/*.sql))
# Those of the rooms that are built; the faults and crashes are the store's.
TEST_FOLDERS := $(wildcard $(addprefix tests/unit/,$(ROOMS))) $(if $(filter store,$(ROOMS)),tests/fault)
UNIT_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(patsubst tests/unit/%,tests/%,$(sort \
              $(if $(strip $(TEST_FOLDERS)),$(shell find $(TEST_FOLDERS) -name 'test_*.c' 2>/dev/null)))))

include $(wildcard build.mk)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all
all: $(BUILD)/gradus ## build the engine (needs the packages: make packages)

$(BUILD)/tools/embed: engine/tools/embed.c
	@mkdir -p $(@D)
	$(CC) -O1 -Wall -Wextra -o $@ $<

$(BUILD)/gen/store_sql.c: $(BUILD)/tools/embed $(QUERIES) $(MIGRATIONS)
	@mkdir -p $(@D)
	$(BUILD)/tools/embed $(BUILD)/gen engine/store/migrations $(QUERIES)
$(BUILD)/gen/store_sql.h: $(BUILD)/gen/store_sql.c

$(BUILD)/obj/gen/store_sql.o: $(BUILD)/gen/store_sql.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(BUILD)/obj/%.o: engine/%.c $(BUILD)/gen/store_sql.h
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/libgradus.a: $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $(OBJECTS)

$(BUILD)/gradus: $(BUILD)/obj/server/main.o $(BUILD)/libgradus.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libgradus.a
	@mkdir -p $(@D)
	@echo "  TEST $@"
	@$(CC) $(CFLAGS_ALL) -Itests -MMD -MP -o $@ $< $(BUILD)/libgradus.a $(LDFLAGS_ALL) $(LIBS) -lcmocka

$(BUILD)/tests/fault/%: tests/fault/%.c $(BUILD)/libgradus.a
	@mkdir -p $(@D)
	@echo "  TEST $@"
	@$(CC) $(CFLAGS_ALL) -Itests -MMD -MP -o $@ $< $(BUILD)/libgradus.a $(LDFLAGS_ALL) $(LIBS) -lcmocka

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: unit
unit: $(UNIT_TESTS)

.PHONY: clean
clean: ## remove what was built (keeps data)
	rm -rf $(BUILD)
