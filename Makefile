# Everything a reader or an author does with the book. `make` alone shows the list.
# It uses nothing that the make of macOS (GNU make 3.81) lacks. The work itself is in tools/*.py.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help book serve lab test long lint bench notebooks constraints environment clean distclean python

# Outputs come from here, not from what a shell happens to carry. Any PYTHONWARNINGS would fail the build of the site.
unexport PYTHONWARNINGS PYTHONPATH PYTHONHOME

PORT = 8000
PY = .venv/bin/python

# Any Python 3 can start the set-up, which then looks for one that is new enough (or takes PYTHON=...).
ANY = $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python $(PYTHON); do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 3))' >/dev/null 2>&1 && echo "$$p" && break; done)

help: ## show this list
	@echo "Distributed Systems Architecture: Principles and Practice"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make book PYTHON=python3.12   the same with a Python of your choice (3.11 or newer)"

book: environment ## make .venv, execute every notebook, build the site into _build/html
	@$(PY) tools/book.py

serve: book ## serve the site on this machine only (127.0.0.1; PORT=8000)
	@$(PY) tools/serve.py --port $(PORT)

lab: environment ## open JupyterLab on the chapters
	@echo "JupyterLab is starting; Ctrl-C stops it."
	@.venv/bin/jupyter lab --LabApp.default_url=/lab/tree/chapters --ServerApp.ip=127.0.0.1 \
		$$(test "$$(id -u)" != 0 || echo --allow-root)

test: environment ## run every test: lint, types, package, notebooks (strictly), site (FORCE=1 repeats what passed)
	@$(PY) tools/run_tests.py $(if $(FORCE),--force)

long: book ## run what is too long for every change; summary in _build/long-summary.txt
	@$(PY) tools/run_tests.py --long

lint: environment ## the linter and the type checker alone
	@$(PY) tools/run_tests.py --lint

bench: environment ## measure speed side by side with other libraries (never a test)
	@$(PY) tools/bench.py

notebooks: environment ## execute the notebooks in place and store their outputs (changes files)
	@$(PY) tools/run_notebooks.py

constraints: environment ## write constraints.txt anew for changed requirements (UPGRADE=1 takes newest versions)
	@$(PY) tools/lock.py $(if $(UPGRADE),--upgrade)

environment: python # make .venv and install the pinned packages, if anything changed
	@$(ANY) tools/environment.py $(if $(PYTHON),--python "$(PYTHON)")

python:
	@test -n "$(ANY)" || { \
		echo "Python 3.11 or newer is needed, and no python3 was found. Install one, or point at it:" >&2; \
		echo "    make book PYTHON=$$HOME/python/bin/python3.12" >&2; exit 1; }

clean: ## remove everything that was built or cached, but not .venv
	rm -rf _build
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv
