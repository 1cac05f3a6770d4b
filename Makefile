# make help lists the targets. Each sets up its virtual environment by itself and uses it again.
#   PYTHON=python3.13   another Python (3.11 to 3.13), with an environment of its own
#   TORCH=cpu           the small build of torch without CUDA (about 200 MB instead of 3 GB on Linux)

PYTHON ?=
TORCH ?=
QUERY ?= red leather handbag

ifeq ($(strip $(PYTHON)),)
  INTERPRETER := python3
  VENV := .venv
else
  INTERPRETER := $(PYTHON)
  VENV := .venv-$(notdir $(PYTHON))
endif
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
STAMP := $(VENV)/.ready

# Only a relative path reaches a recipe, so that the checkout may lie in a folder with spaces.
RUN := $(BIN)/python
UNIT := --ignore=tests/stress -m "not site and not browser and not notebooks"
CHAPTERS = $(wildcard notebooks/*.ipynb notebooks/solutions/*.ipynb)
NBVAL = $(if $(CHAPTERS),--nbval --nbval-current-env --nbval-cell-timeout=300 $(if $(wildcard tests/nbval.cfg),--nbval-sanitize-with tests/nbval.cfg))
export PYTHONUTF8 = 1

.DEFAULT_GOAL := help
.PHONY: help venv book site lint test check stress format lab models bench clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile
	@sed -n '2,3s/^#/ /p' Makefile

venv: $(STAMP)  ## the virtual environment alone

$(STAMP): requirements.txt pyproject.toml
	@$(INTERPRETER) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "This project needs Python 3.11, 3.12 or 3.13; $(INTERPRETER) is another or is missing."; \
		  echo "Name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(RUN) || $(INTERPRETER) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Installing the libraries into $(VENV): a few minutes, once."
ifeq ($(TORCH),)
	$(RUN) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
else
	$(RUN) -m pip install --quiet --disable-pip-version-check uv
	$(RUN) -m uv pip install --python $(RUN) --torch-backend=$(TORCH) --requirement requirements.txt
endif
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

book: site  ## build the website, then search the shop for the first time
	@echo
	@echo 'crossmodal search "$(QUERY)"'
	@$(BIN)/crossmodal search "$(QUERY)"
	@echo
	@echo "The book: open book/_build/html/index.html in a browser; it needs no network."
	@echo "Search:   $(BIN)/crossmodal search \"blue running shoes\"   (or a photo, or a recording)"

site: $(STAMP)
	$(BIN)/jupyter-book build . --config book/_config.yml --toc book/_toc.yml --path-output book \
		-W -n --keep-going

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo

check: export PYTHONPATH = tests
check: lint  ## format, lint, imports, unit tests, the examples in docstrings, and what the tests miss
	$(RUN) -m pytest -p coverage_floor --doctest-modules crossmodal_edu tests $(UNIT)

test: lint  ## check, and the chapters, their solutions, the website and the browser
	$(RUN) -m pytest --doctest-modules $(NBVAL) crossmodal_edu tests $(CHAPTERS) -m "not stress"

stress: export CROSSMODAL_EDU_STRESS = 1
stress: $(STAMP)  ## faults, kills and many processes, in full: half an hour
	$(RUN) -m pytest tests/stress

format: $(STAMP)  ## write the code as "make check" wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lab: $(STAMP)  ## open the chapters in JupyterLab
	$(RUN) -m book.lab

models: $(STAMP)  ## train the models that ship
	$(RUN) -m crossmodal_edu.recipes

bench: $(STAMP)  ## measure, and write benchmarks/results.md
	$(RUN) -m benchmarks.run

clean:  ## remove what was built, and keep the environments
	rm -rf book/_build book/api/generated build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
