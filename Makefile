# Two commands for a fresh machine with git, make and Python 3.11+: `make bench` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# What is handed on to pytest. Tests that are named here are run instead of all: make test ARGS="tests/analyse -x".
ARGS ?=
# How many tests run side by side: most of them wait most of the time, so there are more than cores.
JOBS ?= 4
SIDE_BY_SIDE = $(shell $(BIN)/python -c 'import xdist' 2> /dev/null && echo --numprocesses=$(JOBS) --dist=loadfile --no-loadscope-reorder)

# What else a command needs than parabench and its extras.
TOOLS_test := --tools test
TOOLS_lint := --tools lint

# A PYTHON that is asked for is the one that is used: an environment of another one is made anew.
SAME := import sys; print(sys.version, sys.base_prefix)
ifneq ($(origin PYTHON),file)
ifeq ($(shell command -v $(PYTHON)),)
$(error there is no '$(PYTHON)' here: name one that is installed, as in make PYTHON=python3.12 $(MAKECMDGOALS))
endif
ifneq ($(wildcard $(BIN)/python),)
ifneq ($(shell $(BIN)/python -c '$(SAME)'),$(shell $(PYTHON) -c '$(SAME)'))
ANEW := anew
endif
endif
endif

# Every process that is started here would compile every library anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: bench test lint chaos clean anew

bench: $(VENV)/ready-bench
	$(BIN)/python -m pytest benchmarks $(ARGS)

test: $(VENV)/ready-test
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

# Kills, stops and interrupts sessions many times over, and prints what was left of them: make chaos ARGS="--trials 5".
chaos: $(VENV)/ready-test
	$(BIN)/python tests/chaos/run.py $(ARGS)

lint: $(VENV)/ready-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Done again only when the dependencies change; the package itself is installed editable.
$(VENV)/ready-%: pyproject.toml $(ANEW)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "parabench needs Python 3.11 or newer; '$(PYTHON)' is older: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m parabench.run.extras --editable . $(TOOLS_$*)
	@touch $@

anew:
	@echo "$(VENV) is of another interpreter than $(PYTHON): made anew"
	@rm -rf $(VENV)

clean:
	rm -rf $(VENV) build *.egg-info
