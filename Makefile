# `make demo` and `make test` need nothing installed beforehand but Python 3.11 or newer, git and make.
# `make setup` builds .venv from requirements/dev.txt; each target calls it first, and it does nothing when nothing changed.

RUN := .venv/bin/
PIP := $(RUN)python -m pip --disable-pip-version-check -q
PYTEST := $(RUN)pytest -q
AT_ONCE := -n 3 --dist loadgroup         # on two cores: while one waits for a disk or a process, two run
PYTHON := $(shell for each in python3.11 python3 python3.12 python3.13 python3.14; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$each"; break; }; done)
UV := $(shell for each in $(RUN)uv uv; do command -v "$$each" && break; done)
COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
ARGS :=
export PYTHONDONTWRITEBYTECODE :=       # what was compiled once is kept: without it each worker takes 10 s to read the tests

.PHONY: setup system demo test check static unit attack soak bench docs screenshots fix lock
.DELETE_ON_ERROR:

setup: .venv/done

.venv/done: requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "sealhold needs Python 3.11 or newer, as python3.11 or python3"; exit 1; }
	@$(PYTHON) tools/system_packages.py setup
	$(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

system:                                  # what the tests need and no package index has
	@$(PYTHON) tools/system_packages.py test

demo: setup                              # make demo ARGS="--port 8081"
	@$(RUN)sealhold demo $(ARGS)

static: setup system                     # everything is read, nothing is run
	@$(RUN)python tools/gate.py

unit: setup
	@$(PYTEST) -n 2 --dist loadgroup tests/unit $(ARGS)

check: setup system                      # before each commit, at most 90 s
	@$(RUN)python tools/gate.py --unit

test: setup system                       # what .ci/run runs; all is read beside the tests, but by pyright: `make static`
	@$(RUN)python tools/gate.py --beside & gate=$$!; $(PYTEST) $(AT_ONCE) tests $(ARGS); tests=$$?; \
	wait $$gate && exit $$tests

attack: setup
	@$(PYTEST) $(AT_ONCE) tests/attack $(ARGS)

soak: setup                              # laws and parsers on thousands of examples, and what is marked soak
	@HYPOTHESIS_PROFILE=soak $(PYTEST) -m "" --timeout 3600 tests/property tests/fuzz tests/scenarios $(ARGS)

bench: setup
	@$(RUN)python tools/benches.py --quick $(ARGS)

docs: .venv/docs/done
	@NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict --site-dir site

.venv/docs/done: requirements/docs.txt .venv/done
	$(PYTHON) -m venv .venv/docs
	.venv/docs/bin/python -m pip --disable-pip-version-check -q install --require-hashes -r requirements/docs.txt
	@touch $@

screenshots: setup system
	@$(RUN)python tools/screenshots.py $(ARGS)

fix: setup                               # what a program can put right
	-@$(RUN)ruff check --quiet --fix .
	@$(RUN)ruff format --quiet .
	@$(RUN)python tools/reference.py

lock:                                    # needs uv; writes hashes, and no address to download from
	@test -n "$(UV)" || { echo 'make lock needs uv: pip install uv'; exit 1; }
	$(COMPILE) --extra dev -o requirements/dev.txt pyproject.toml
	$(COMPILE) --group docs -o requirements/docs.txt
	@! grep -nE '://|^-|@' requirements/*.txt
