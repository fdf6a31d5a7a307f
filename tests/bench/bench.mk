# make bench: the engine beside its libraries' own ceilings. NAMES="page.module save" measures only those;
# OPTIONS="--verbose --rounds 3" goes to tests/bench (build/bench/bench --help).
BENCH_SOURCES := $(sort $(filter-out tests/bench/ceiling.c,$(wildcard tests/bench/*.c)))
BENCH_OBJECTS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%.o,$(BENCH_SOURCES))

$(BUILD)/bench/%.o: tests/bench/%.c $(BUILD)/flags | $(SQL_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS_ALL) $(TEST_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bench/bench: $(BENCH_OBJECTS) $(BUILD)/libgradus.a
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) -o $@ $(BENCH_OBJECTS) $(BUILD)/libgradus.a $(LDFLAGS_ALL) $(LIBS)

$(BUILD)/bench/ceiling: $(BUILD)/bench/ceiling.o
	@echo "  LINK $@"
	@$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< -lmicrohttpd -lsqlite3 -lpthread

.PHONY: bench
bench: $(BUILD)/bench/bench $(BUILD)/bench/ceiling $(BUILD)/gradus $(BUILD)/gradus-labs ## speed and memory beside the libraries' own ceilings
	@$(BUILD)/bench/bench --gradus $(BUILD)/gradus --ceiling $(BUILD)/bench/ceiling --dir $(BUILD)/bench/data $(OPTIONS) $(NAMES)
