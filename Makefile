# Everything starts here: each target makes the environment it needs, once.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS ?= outputs

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.ready: pyproject.toml constraints.txt
	@if command -v uv >/dev/null; then \
	  uv venv --quiet --allow-existing --seed --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev,docs]'; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,docs]'; \
	fi
	@touch $@

setup: $(BIN)/.ready ## make the environment, .venv

demo: setup ## train a DCGAN on real handwritten digits, about a minute and a half on two cores
	@$(BIN)/python -m gan_lightning experiment=demo

test: setup ## the quick tests, offline: one of each kind
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m 'not slow'

slow: setup ## the whole matrices, drills and full-length runs, offline
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m slow

faults: setup ## thirty faults made by hand, and the test that catches each; some minutes
	@$(BIN)/python tests/support/faults.py

coverage: setup ## the files of which the quick tests run less than all lines
	@$(BIN)/python -m coverage erase
	@OMP_NUM_THREADS=1 $(BIN)/python -m coverage run -m pytest -n 2 --dist worksteal -m 'not slow'
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

lint: setup ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

type: setup ## mypy
	@$(BIN)/mypy

imports: setup ## who may import whom
	@$(BIN)/lint-imports

links: setup ## links and anchors of the Markdown files
	@$(BIN)/python -m pytest -q tests/house/test_docs.py

pictures: setup ## make the README's pictures again, by training what they show; about a quarter of an hour
	@rm -rf outputs/pictures
	@$(BIN)/python -m gan_lightning experiment=demo hydra.run.dir=outputs/pictures/demo
	@$(BIN)/python -m gan_lightning animate run=outputs/pictures/demo output=outputs/pictures/animation
	@cp outputs/pictures/animation/animation.webp docs/images/demo.webp
	@for name in pix2pix cyclegan; do \
	  $(BIN)/python -m gan_lightning experiment=$${name}_photos hydra.run.dir=outputs/pictures/$$name && \
	  $(BIN)/python -c "import sys; from PIL import Image; Image.open(sys.argv[1]).save(sys.argv[2], quality=90)" \
	    "$$(ls outputs/pictures/$$name/samples/0*.png | tail -1)" docs/images/$$name.webp || exit 1; \
	done

notebooks: setup ## execute the notebooks' scripts and write the notebooks anew; some minutes
	@$(BIN)/python docs/notebooks.py

tables: setup ## fill the tables of options from conf/, and draw the badges
	@$(BIN)/python docs/tables.py && $(BIN)/python docs/badges.py

docs: setup ## build the documentation as a site in two languages, site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file mkdocs.zh.yml
	@echo "site/index.html; for the search: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site"

check: test lint type imports links ## test, lint, type, imports, links

board: setup ## TensorBoard over all runs, or those of a folder with RUNS=outputs/train
	@$(BIN)/tensorboard --samples_per_plugin=images=200,text=200 --logdir $(RUNS)

clean: ## remove the environment, caches and builds; outputs stay
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage* *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help setup demo test slow faults coverage lint type imports links pictures notebooks tables docs check board clean
.DEFAULT_GOAL := help
