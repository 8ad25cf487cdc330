# livefoley: `make demo` shows the main job, `make test` proves it. Both install what they need into .venv.
PYTHON ?= python3
# Tests wait more than they compute. Which of them stay together, and which begin, says tests/conftest.py.
TESTS_AT_ONCE ?= 4
PYTEST := -m pytest -n $(TESTS_AT_ONCE) --dist loadgroup --no-loadscope-reorder
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

SHELL := bash
.SHELLFLAGS := -o pipefail -ec

.PHONY: demo test test-quick bench lint install peers clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): about 120 packages, a few minutes"
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt \
	  -e '.[dev,ears,eyes,c2pa,jobs,moderation,s3]' | .ci/told
	@touch $(STAMP)

# What the tests meet from outside: ffmpeg, OBS, nginx and the rest, on Debian and Ubuntu.
peers: install
	.ci/peers

demo: install
	$(BIN)/livefoley demo

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

test: lint
	$(BIN)/python $(PYTEST) --durations 25

# Without what happens in real time, with real peers: a minute or two.
test-quick: install
	$(BIN)/python $(PYTEST) -m "not live"

bench: install
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache
