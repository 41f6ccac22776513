# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv/.up-to-date
RUN := @tools/in-env
SCHEMA := @tools/in-env check-jsonschema --quiet --builtin-schema vendor.
heading = @printf '\n=== %s\n' '$(1)'

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 23

# What is quick comes first, what uses one processor goes side by side, and pytest's summary ends the output.
# What takes long, and what tells again what is told more exactly elsewhere, is in soak and certify.
test: $(VENV) ## Run the checks and tests, in some minutes (makes .venv if need be)
	@$(MAKE) format-check
	@$(MAKE) --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) sanity types lint molecule imports build parity SCENARIOS=volume_kms_key
	@$(MAKE) unit

demo: $(VENV) ## See a small fleet rekeyed and put back, against a simulated OCI (KEEP=1 keeps that, to try more)
	$(RUN) python tests/demo/demo.py $(if $(KEEP),--keep)

pictures: $(VENV) ## Make the pictures of the README, from a run against the simulated OCI
	$(RUN) env PYTHONPATH=tests:.cache/collections python -m tools.pictures

format: $(VENV) ## Format the Python files, and repair what can be repaired
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

check: format-check imports types lint ## See whether the tree is formatted, layered, typed and linted

format-check: $(VENV) ## Check the formatting, and what ruff finds
	$(call heading,Formatting (ruff))
	$(RUN) ruff format --check .
	$(RUN) ruff check .

imports: $(VENV) ## Check that imports between packages run one way (import-linter)
	$(call heading,Imports (import-linter))
	$(RUN) env PYTHONPATH=.cache/collections lint-imports --no-logo --cache-dir .cache/import-linter

types: $(VENV) ## Check the types (mypy)
	$(call heading,Types (mypy))
	$(RUN) mypy
	$(RUN) mypy --python-version 3.10 .cache/collections/ansible_collections/oci_keys/block_volume/plugins

lint: $(VENV) ## Check YAML files, documentation, changelog, licences, spelling, links and GitHub's files
	$(call heading,Lint (yamllint, ansible-lint, antsibull))
	$(RUN) yamllint --strict .
	$(RUN) ansible-lint --strict
	$(RUN) antsibull-changelog lint
	$(RUN) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	$(call heading,Repository (REUSE, codespell, links, JSON schemas))
	$(RUN) reuse lint --lines
	$(RUN) codespell
	$(RUN) python tools/links.py
	$(SCHEMA)github-workflows .github/workflows/*.yml
	$(RUN) check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(SCHEMA)github-issue-forms .github/ISSUE_TEMPLATE/*_*.yml
	$(SCHEMA)github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(SCHEMA)renovate .github/renovate.json
	$(SCHEMA)codecov .github/codecov.yml

sanity: $(VENV) ## Run ansible-test sanity, but for pylint and what only certify does
	$(call heading,Sanity (ansible-test))
	$(RUN) python tools/sanity.py

pylint: $(VENV) ## Run the pylint of ansible-test sanity on what is shipped, which takes as long as the rest of it
	$(call heading,Sanity (ansible-test: pylint))
	$(RUN) python tools/sanity.py --test pylint plugins/

ansible-test: $(VENV) ## Run ansible-test units and integration (TARGETS="integration kms_key_info" for some)
	$(call heading,Units and integration (ansible-test))
	$(RUN) python -m tools.run_ansible_test $(TARGETS)

docs: $(VENV) ## Build the documentation as a site, into .cache/docs/build/html
	$(call heading,Documentation (antsibull-docs, Sphinx))
	$(RUN) python tools/docs.py

build: $(VENV) ## Build the collection, and check what the artifact contains
	$(call heading,Artifact (ansible-galaxy collection build))
	$(RUN) python tools/build.py

molecule: $(VENV) ## Run the molecule scenarios, against a simulated OCI (SCENARIOS="rekey" for some)
	$(call heading,Scenarios (molecule))
	$(RUN) tools/run-molecule $(SCENARIOS)

unit: $(VENV) ## Run the tests (pytest): unit, simulator, integration
	$(call heading,Tests (pytest))
# Twice as many workers as the smallest machine has processors: most tests wait more than they compute.
	$(RUN) env QUICK=1 pytest -n 4 --dist worksteal --cov --cov-report=$(if $(CI),xml:.cache/coverage/coverage.xml) --cov-fail-under=70

parity: $(VENV) ## Ask the simulator what make parity-oci asks OCI, under each setting of each switch
	$(call heading,Parity (probes against the simulator))
	$(RUN) env PYTHONPATH=tests python -m parity.simulated

# The user's own home folder, for the paths in the profile.
parity_oci = @tools/in-env env HOME="$(HOME)" PYTHONPATH=tests python -m parity
parity_options = --config "$(or $(CONFIG),$(HOME)/.oci/config)" --profile "$(or $(PROFILE),DEFAULT)" \
	--settings "$(or $(SETTINGS),$(error Name the file of settings: SETTINGS=file))" $(if $(YES),--yes)

parity-oci: $(VENV) ## Ask OCI what the simulator assumes, on resources made for it (PROFILE=name SETTINGS=file)
	$(parity_oci) oci $(parity_options)

parity-clean: $(VENV) ## Delete what a killed make parity-oci has left (PROFILE=name SETTINGS=file)
	$(parity_oci) clean $(parity_options) $(if $(RUN_TAG),--run "$(RUN_TAG)")

parity-take: $(VENV) ## Make the simulator follow a result of make parity-oci (FILE=parity-...json)
	$(RUN) env PYTHONPATH=tests python -m parity take "$(or $(FILE),$(error Name the result: FILE=parity-...json))"

# Whatever make test leaves out is in here, as all of it is.
soak: $(VENV) ## Run all tests with all of their cases, limits in real time, guides, and all scenarios (takes an hour)
	@$(MAKE) molecule sdk command-line
	$(call heading,All tests with all of their cases (pytest))
	$(RUN) env SOAK=1 pytest -n 3 --dist worksteal --cov --cov-report=html:.cache/coverage/html --cov-report=

command-line: $(VENV) .cache/oci-cli/bin/oci ## Install Oracle's command line for make soak and make bench, into .cache/oci-cli

.cache/oci-cli/bin/oci: | $(VENV)
	$(RUN) uv venv --quiet --python 3.11 .cache/oci-cli
	$(RUN) uv pip install --quiet --python .cache/oci-cli oci-cli

sdk: $(VENV) ## Run the tests of the way to OCI with the oldest SDK that is supported, and the newest
	$(call heading,SDK (oldest and newest))
	$(RUN) python -m tools.sdk_versions

mutations: $(VENV) ## Break important lines on purpose, and see that tests notice (takes long)
	$(call heading,Mutations)
	$(RUN) python -m tools.mutations $(WORDS)

bench: $(VENV) ## Measure the speed beside a script, a loop and the command line (CASES="volumes one" for some)
	$(call heading,Speed (benchmark))
	$(RUN) env PYTHONPATH=tests python -m benchmark $(CASES) $(BENCH_OPTIONS)

certify: $(VENV) ## Run what certification asks for, on each supported ansible-core (takes long)
	$(RUN) python -m tools.certify $(PARTS)

execution-environment: $(VENV) ## Build the container image for AWX from this checkout (without podman or docker: its recipe)
	$(call heading,Execution environment (ansible-builder))
	$(RUN) python -m tools.execution_environment

# What signs and commits is the user's own, which tools/in-env hides.
OWN := GNUPGHOME="$${GNUPGHOME:-$$HOME/.gnupg}" GIT_CONFIG_GLOBAL="$${GIT_CONFIG_GLOBAL:-$$HOME/.gitconfig}"

release: $(VENV) ## Make a release: RELEASING.md says how (VERSION=0.2.0 KEY=fingerprint)
	@$(OWN) tools/in-env python -m tools.release release "$(VERSION)" --key "$(KEY)"

release-check: $(VENV) ## Build what is tagged, and try it in an empty environment (VERSION=0.2.0)
	$(RUN) python -m tools.release check "$(VERSION)"

publish: $(VENV) ## Upload to Galaxy what release-check has built (VERSION=0.2.0, GALAXY_API_KEY)
	$(RUN) python -m tools.release publish "$(VERSION)"

rehearsal: $(VENV) ## Make a release of the last commit in a clone, with a key that is thrown away
	$(RUN) env SOAK=1 pytest tests/integration/test_release.py

simulator: $(VENV) ## Run the OCI simulator until Ctrl-C
	$(RUN) env PYTHONPATH=tests python -m simulator --fleet tests/simulator/fleets/small.yml

generate: $(VENV) ## Write the documentation that is generated, and name the files that changed
	$(RUN) env PYTHONPATH=.cache/collections python -m tools.generate

requirements: $(VENV) ## Pin the newest versions of the development tools
	$(RUN) uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate \
		--custom-compile-command 'make requirements' --output-file requirements-dev.txt requirements-dev.in

clean: ## Remove .venv, caches and test output
	rm -rf .venv .cache .ansible changelogs/.plugin-cache.yaml
	@find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV): requirements-dev.txt tools/make-venv
	@tools/make-venv

.PHONY: help test demo pictures format check format-check imports types lint sanity ansible-test docs build molecule unit soak command-line sdk mutations bench certify execution-environment release release-check publish rehearsal parity parity-oci parity-clean parity-take simulator generate requirements clean
