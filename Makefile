# The front door. Everything behind it is CMake; see docs/building.md.
#   make            build                       make demo    install what is missing, build, run the main job
#   make check      the same set-up, all tests  make bench   verify, then time
#   make deb        Debian packages, looked at by lintian
BUILD ?= build
JOBS  ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: all setup build check check-asan check-failures soak check-compilers check-tidy check-tsan check-valgrind coverage demo bench gallery play site deb fuzz format clean
all: build

setup:
	@sh scripts/setup.sh

$(BUILD)/build.ninja: | setup
	@cmake -S . -B $(BUILD) -G Ninja -DMHO_WERROR=ON >/dev/null || { cmake -S . -B $(BUILD) -G Ninja -DMHO_WERROR=ON; exit 1; }

build: setup $(BUILD)/build.ninja
	@cmake --build $(BUILD) -j $(JOBS)

check: build
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error

check-asan: setup
	@cmake -S . -B build-asan -G Ninja -DMHO_SANITIZE=ON -DMHO_WERROR=ON -DMHO_BENCH=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
	@cmake --build build-asan -j $(JOBS)
	@ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 ctest --test-dir build-asan --output-on-failure --no-tests=error

# which lines, branches and errors the tests reach; exit status 1 below 90 % of the lines of src/
coverage:
	@sh scripts/setup.sh coverage
	@CC=gcc cmake -S . -B build-cov -G Ninja -DMHO_COVERAGE=ON -DMHO_BENCH=OFF -DCMAKE_BUILD_TYPE=None >/dev/null
	@cmake --build build-cov -j $(JOBS)
	@find build-cov -name '*.gcda' -delete; rm -f build-cov/returns.log
	@ctest --test-dir build-cov -j $(JOBS) --output-on-failure --no-tests=error; tests=$$?; \
	    python3 scripts/coverage.py build-cov && exit $$tests

# what these need beyond the rest: sh scripts/setup.sh analysis
check-compilers: setup
	@JOBS=$(JOBS) sh scripts/check_compilers.sh

check-tidy: setup
	@JOBS=$(JOBS) python3 scripts/check_tidy.py

check-tsan: setup
	@JOBS=$(JOBS) sh scripts/check_tsan.sh

check-valgrind: setup
	@JOBS=$(JOBS) sh scripts/check_valgrind.sh

demo: build
	@sh scripts/demo.sh $(BUILD)/mho

bench: build
	@sh scripts/bench.sh $(BUILD)

deb:
	@sh scripts/deb.sh $(BUILD)

format:
	clang-format -i include/mho/*.h src/*/*.[ch] cli/*.[ch] tests/*.[ch] bench/*.[ch] python/native/*.[ch] examples/*.c

# one HTML file to play on; needs a compiler for the browser, which web/build.sh names
play: build
	@cmake --build $(BUILD) --target web_values
	@$(BUILD)/web_values >$(BUILD)/play-values.json
	@sh web/build.sh $(BUILD)/play-values.json $(BUILD)/play.html && ls -l $(BUILD)/play.html

# every figure of the documentation, drawn by the program
gallery: build
	@sh scripts/gallery.sh $(BUILD)/mho

# the documentation site, for reading from files: build/site/index.html
site: build
	@command -v mkdocs >/dev/null || { echo "site: needs mkdocs (Debian: apt-get install mkdocs)"; exit 1; }
	@mkdocs build -q -s -f site/mkdocs.yml && echo "build/site/index.html"

# every allocation, read and write of the commands fails once: docs/reliability.md
check-failures: build
	@MHO_BIN=$(abspath $(BUILD)/mho) MHO_BUILD=$(abspath $(BUILD)) MHO_KILLS=10 sh tests/check_signals.sh
	@MHO_BIN=$(abspath $(BUILD)/mho) MHO_BUILD=$(abspath $(BUILD)) MHO_FULL=1 sh tests/check_failures.sh

# random commands, good and bad, in one process: memory and descriptors stay flat
MINUTES ?= 20
SEED    ?= 1
soak: build
	@cmake --build $(BUILD) -j $(JOBS) --target mho_soak
	@python3 scripts/soak.py $(BUILD) --minutes $(MINUTES) --seed $(SEED)

# every reader and the array solvers under libFuzzer (Debian: clang-14 libclang-rt-14-dev libomp-14-dev),
# SECONDS of processor time for each target; what is found stays in build-fuzz/found
SECONDS ?= 60
fuzz: setup
	@CC=clang-14 cmake -S . -B build-fuzz -G Ninja -DMHO_FUZZ=ON -DMHO_TESTS=OFF -DMHO_BENCH=OFF -DMHO_MPI=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
	@cmake --build build-fuzz -j $(JOBS)
	@python3 fuzz/run.py build-fuzz $(SECONDS) --lanes $(JOBS)

clean:
	rm -rf build build-asan build-cov build-fuzz build-compilers build-tidy build-tsan build-valgrind
