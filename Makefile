# `make demo` and `make test` need nothing but Python 3.11+ and a network that reaches a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KEEP ?=
ARCHIVE ?=

.PHONY: demo bootstrap test lint coverage docs drills bench screenshots seaweedfs chromium wheel clean

# The stamp: made anew when what we depend on changes.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Florist needs Python 3.11 or newer; try make PYTHON=python3.12")'
	@echo "Installing into $(VENV): a minute or three, the first time"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[sandbox,xlsx]' --group dev --group docs
	touch $@

demo: $(VENV)/.installed ## the main job, end to end, without a key or a cloud; KEEP=1 leaves the servers up
	$(BIN)/python -m deployments.demo $(if $(KEEP),--keep)

bootstrap: $(VENV)/.installed ## set up the Prefect server of PREFECT_API_URL; ARCHIVE=s3://bucket/prefix
	$(BIN)/python -m deployments.bootstrap $(if $(ARCHIVE),--archive $(ARCHIVE))

test: lint ## everything but the drills
	$(BIN)/python -m pytest -n auto --dist loadgroup

coverage: $(VENV)/.installed ## the suite once more, with the share of lines that it runs
	$(BIN)/python -m pytest -n auto --dist loadgroup --cov

docs: $(VENV)/.installed ## the docs as a site, in site/; a warning is an error (--quiet would count none)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

lint: $(VENV)/.installed
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy --no-error-summary

drills: $(VENV)/.installed seaweedfs ## slow proofs: real processes, kills, big files
	$(BIN)/python -m pytest -m drill -s

bench: $(VENV)/.installed seaweedfs
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.installed ## the docs' pictures of Prefect's UI, sheet and server; needs Chromium
	$(BIN)/python -m docs.images.make_screenshots
	$(BIN)/python -m docs.screenshots_gallery
	$(BIN)/python -m docs.screenshots_serve

seaweedfs: $(VENV)/.installed ## a real S3 server for the store tests
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group seaweedfs

chromium: $(VENV)/.installed ## what opens pages and forms in tests; the browser itself is Debian's package
	command -v chromium > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core > /dev/null; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group browser

wheel: $(VENV)/.installed
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) demo dist site .coverage .mypy_cache .ruff_cache .pytest_cache
