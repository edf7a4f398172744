# What can be done here. Everything lives in .venv/ and var/; `make` alone explains.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test lint bench worker shell
MAKEFLAGS += --no-print-directory --no-builtin-rules

# Paths are relative throughout: a folder whose name holds a blank would break make's own word lists.
PY := .venv/bin/python
PORT ?= 8000
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Extras to install: `make setup EXTRAS="dev bench prod"`.
EXTRAS ?=
export UV_PYTHON_DOWNLOADS := never
# Without byte code each process compiles all that it imports: a worker takes 5 s to start instead of 2.
export PYTHONDONTWRITEBYTECODE :=

comma := ,
empty :=
blank := $(empty) $(empty)
installed = .venv/.installed-core$(subst $(blank),,$(foreach extra,$(sort $(1)),-$(extra)))
install = $(MAKE) --silent "$(call installed,$(1))" EXTRAS="$(sort $(1))"

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: ## Install everything into .venv (EXTRAS="dev bench prod" for more)
	@$(call install,$(EXTRAS))

demo: ## Set up, load the example and serve it (PORT=8001 elsewhere); Ctrl-C stops it, the next start keeps its data
	@$(call install,$(EXTRAS))
	@exec $(PY) manage.py demo --port $(PORT)

demo-reset: ## Throw the example's data away and start over
	@$(call install,$(EXTRAS))
	@exec $(PY) manage.py demo --reset --port $(PORT)

# Three workers on two cores: one of them mostly waits for a page, a process or a clock.
# With the extra `prod`: the settings of PostgreSQL and Redis are tested whether these run or not.
test: ## Run the tests (PYTEST="-k loop" passes options on)
	@$(call install,dev prod $(EXTRAS))
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST)

lint: ## Check style, import contracts and types
	@$(call install,dev $(EXTRAS))
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports
	$(PY) -m mypy

bench: ## Run the benchmarks, each in a process of its own (NAME=serving for one)
	@$(call install,bench $(EXTRAS))
	@for file in benchmarks/$(or $(NAME),*).py; do \
	  name=$$(basename "$$file" .py); grep -q "^def main" "$$file" || continue; \
	  echo "== $$name"; $(PY) -m "benchmarks.$$name"; done

worker: ## Start a worker and its clock beside a web server of your own
	@$(call install,$(EXTRAS))
	@exec .venv/bin/celery -A config worker --beat --loglevel INFO

shell: ## Open a Python shell with the models at hand
	@$(call install,$(EXTRAS))
	@exec $(PY) manage.py shell

# One stamp per set of extras. What an earlier run installed stays: asking for less never takes away.
.venv/.installed-%: uv.lock requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "Tiebreak needs Python 3.11; $(PYTHON) is $$($(PYTHON) --version). Choose one: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	@if [ ! -x $(PY) ]; then echo "Creating .venv ..."; \
	  $(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv --without-pip .venv; }; fi
	@pip() { if $(PY) -m pip --version >/dev/null 2>&1; then $(PY) -m pip "$$@"; \
	  else $(PYTHON) -m pip --python $(PY) "$$@"; fi; }; \
	echo "Installing (a minute at most the first time) ..."; \
	if { [ -x .venv/bin/uv ] || pip install --quiet 'uv>=0.9,<1'; } \
	  && .venv/bin/uv sync --frozen --inexact --quiet $(addprefix --extra ,$(EXTRAS)); then :; \
	else echo "uv could not install; using pip and requirements.lock instead."; \
	  pip install --quiet --require-hashes -r requirements.lock; fi
	@touch "$@"
