# Twinrun: each target makes what it needs. `make help` lists them.
PYTHON ?= python3
TORCH ?= default
TENSORFLOW ?= cpu
JAX ?= cpu
FRAMEWORKS ?= pytorch,tensorflow
ARGS ?=

PROTOS := proto/twinrun/v1/job.proto proto/twinrun/v1/runner_service.proto
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu
# Other indexes that pip is set to have builds with CUDA under the same version; macOS has no others.
TORCH_BUILD := $(if $(filter Darwin,$(shell uname -s)),,+cpu)
TORCH_PACKAGES := $(shell sed -n 's/^\(torch\(vision\)\{0,1\}==[^ ]*\).*/\1$(TORCH_BUILD)/p' requirements/pytorch.txt)
# Which of a framework's builds is in the variable of its name; a build without a file has the usual one.
BUILD_OF_pytorch = $(TORCH)
BUILD = $(or $(BUILD_OF_$(1)),$($(shell echo $(1) | tr a-z A-Z)))
REQUIREMENTS = $(firstword $(wildcard requirements/$(1)-$(call BUILD,$(1)).txt) requirements/$(1).txt)
ORCHESTRATOR := .venv/.orchestrator
DEV := .venv/.dev
COMMA := ,
NAMES := $(subst $(COMMA), ,$(FRAMEWORKS))
# Keras is laid on the environment of the framework that it runs on; TensorFlow's has it.
RUNNER_OF_keras-tensorflow := .venv-tensorflow/.runner
RUNNER_OF_keras-jax := .venv-jax/.keras
RUNNER_OF_keras-torch := .venv-pytorch/.keras
RUNNER = $(or $(RUNNER_OF_$(1)),.venv-$(1)/.runner)
RUNNERS := $(sort $(foreach each,$(NAMES),$(call RUNNER,$(each))))
# Of frameworks that are not usual, where they have been asked for once: make test FRAMEWORKS=jax
FURTHER := $(filter-out .venv-pytorch/.test .venv-tensorflow/.test,$(wildcard .venv-*/.test))
TESTED := $(sort $(patsubst %/.keras,%/.test,$(RUNNERS:.runner=.test)) $(filter %/.keras,$(RUNNERS)) $(FURTHER))
PIP_INSTALL = bin/python -m pip install --quiet --disable-pip-version-check
ifeq ($(TORCH),cpu)
define INSTALL_TORCH
@.venv-pytorch/$(PIP_INSTALL) --no-deps --index-url $(TORCH_CPU_INDEX) $(TORCH_PACKAGES) || \
  { echo "$(TORCH_CPU_INDEX) does not give $(TORCH_PACKAGES). Name a mirror with TORCH_CPU_INDEX=URL, or leave TORCH=cpu out." >&2; exit 1; }
endef
endif
# Only from make's command line: images of the frameworks' makers set variables of these names.
ANOTHER := $(strip $(foreach each,TORCH_VERSION TENSORFLOW_VERSION,$(if $(filter command,$(origin $(each))),$(each))))
# A build without its libraries is installed all the same.
IMPORT = @TF_CPP_MIN_LOG_LEVEL=3 .venv-$(1)/bin/python -c 'import services.$(or $(2),$(1))' || \
  { echo "What was installed into .venv-$(1) cannot be imported: see above. Remove .venv-$(1), and run 'make setup' again." >&2; exit 1; }

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

##@ Use
setup: $(ORCHESTRATOR) $(if $(ANOTHER),another,$(RUNNERS)) ## Make the three environments. TORCH=cpu: PyTorch's small CPU-only build; TENSORFLOW=cuda: TensorFlow with CUDA; FRAMEWORKS=pytorch,tensorflow,jax: JAX too, JAX=cuda: with CUDA; keras-torch, keras-jax in it: Keras on that one. TORCH_VERSION=2.13.0 or TENSORFLOW_VERSION=2.20.0: one more beside them, of that version

compare: setup ## Train MNIST on both frameworks, 5 epochs, and compare. ARGS="--execution compiled" and the like
	.venv/bin/orchestrator compare --epochs 5 $(ARGS)

.SECONDEXPANSION:
serve-%: $$(call RUNNER,$$*) ## Run the runner of a framework: make serve-pytorch, serve-tensorflow, serve-jax, serve-keras-torch
	$(<D)/bin/python -m services.server --framework $* $(ARGS)

##@ Containers (docs/containers.md); TORCH, TENSORFLOW, JAX as above
up: ## Build and start the runners of FRAMEWORKS in containers, wait until they are healthy. GPU=0, GPU=1: never, or surely, on a GPU. CODE=1: they may run your own models
	@$(PYTHON) -m docker.containers up $(NAMES)

up-%: ## The same of one framework alone: make up-jax. COMPILER=with: with g++, for PyTorch's 'execution compiled'
	@$(PYTHON) -m docker.containers up $*

down: ## Remove containers, network and volumes: job logs and downloaded data too. 'docker compose stop' keeps them
	docker compose --profile cli --profile further down --volumes --remove-orphans

restart: ## Restart the runners that are there; finished jobs stay
	@$(PYTHON) -m docker.containers restart

logs: ## Show what the runners have written, and follow
	docker compose --profile further logs --follow --tail 100

ps: ## List the containers and their health
	docker compose --profile further ps --all

images: ## Build all images, and start nothing
	@$(PYTHON) -m docker.containers images $(NAMES)

##@ Develop
# Three at a time, of which none is much longer than the others: what they say comes in this order.
test: export PYTHONDONTWRITEBYTECODE := # tests start some thousand processes of the same modules
test: $(DEV) $(TESTED) ## Run all tests but those of containers and of pages in a browser
	@mkdir -p build; failed=build/test.failed; rm -f $$failed; \
	trap 'trap "" TERM; kill 0' INT; \
	part() { echo "$$*"; "$$@" || printf '\n  %s' "$$*" >> $$failed; }; \
	{ \
	  part .venv-tensorflow/bin/python -m pytest tests/frameworks; \
	  part .venv/bin/python -m pytest tests/system; \
	} > build/test.tensorflow 2>&1 & \
	{ \
	  part .venv-pytorch/bin/python -m pytest tests/frameworks; \
	  for each in $(filter-out .venv-pytorch/.test .venv-tensorflow/.test,$(filter %/.test,$(TESTED))); do \
	    part $${each%/.test}/bin/python -m pytest tests/frameworks; \
	  done; \
	} > build/test.pytorch 2>&1 & \
	part .venv/bin/python -m pytest -n 2 --dist worksteal tests/unit tests/integration; \
	wait; cat build/test.tensorflow build/test.pytorch; \
	if [ -s $$failed ]; then echo "These parts failed:$$(cat $$failed)" >&2; exit 1; fi

test-e2e: $(DEV) ## Run the tests of containers; skipped where no engine answers
	.venv/bin/python -m pytest tests/e2e

test-browser: $(DEV) ## Run the tests of pages in the system's Chromium; skipped where there is none
	.venv/bin/python -m pytest tests/browser

mutants: $(DEV) $(RUNNERS) ## Change the trainers in some three thousand small ways; those that nobody notices are named
	.venv/bin/python -m tests.mutants $(ARGS)

ports: $(DEV) $(RUNNERS) ## Pair and train every model of the corpus in both frameworks' code, and look for every planted fault
	.venv/bin/python -m tests.pairs $(ARGS)

lint: $(DEV) ## Check style, types, and which room imports which
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

format: $(DEV) ## Mend style
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: $(DEV) $(RUNNERS) ## Measure the trainers against bare loops; takes some minutes, wants a quiet machine
	.venv/bin/python -m bench $(ARGS)

gpu-check: ## On a machine with a GPU: measure all that can be known in 8 minutes; docs/gpu.md. PYTHON has the frameworks. ARGS="--parts numbers,table"
	PYTHONPATH=.:proto $(PYTHON) -m bench.gpu $(ARGS)

docs: $(DEV) ## Build the site of the documents into build/site; a link that leads nowhere is an error
	.venv/bin/python -m reference
	.venv/bin/zensical build --strict

proto: $(DEV) ## Generate the protocol's code again
	.venv/bin/python -m grpc_tools.protoc -Iproto \
	  -I$$(.venv/bin/python -c 'import google.rpc, pathlib; print(pathlib.Path(list(google.rpc.__path__)[0]).parents[1])') \
	  --python_out=proto --pyi_out=proto --grpc_python_out=proto $(PROTOS)

messages: $(DEV) ## Find what is to be translated, and compile what has been: orchestrator/language/locale
	.venv/bin/pybabel -q extract --mapping pyproject.toml --no-default-keywords --keywords Phrase --keywords say \
	  --add-location file --sort-by-file --omit-header --output .messages.pot .
	.venv/bin/pybabel -q update --input-file .messages.pot --output-dir orchestrator/language/locale --domain twinrun --locale zh_TW \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 100
	.venv/bin/pybabel -q compile --directory orchestrator/language/locale --domain twinrun
	rm .messages.pot

lock: $(DEV) ## Resolve the requirements again, for every platform
	.venv/bin/python requirements/lock.py

clean: ## Remove environments and caches; runs and datasets stay
	rm -rf build .cache .venv .venv-* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9%-]+:.*## / {sub(/%/, "NAME", $$1); printf "  make %-23s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Environments. Each is whole when its stamp is there; hashes are pinned in requirements/.
.SECONDARY: # or stamps that only patterns name would be removed
define MAKE_ENVIRONMENT
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "Twinrun needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Give another: make PYTHON=python3.12" >&2; exit 1; }
$(PYTHON) -m venv $(@:/bin/python=)
endef
.venv/bin/python:
	$(MAKE_ENVIRONMENT)

.venv-%/bin/python:
	$(MAKE_ENVIRONMENT)

$(ORCHESTRATOR): requirements/orchestrator.txt pyproject.toml | .venv/bin/python
	.venv/$(PIP_INSTALL) -r $<
	.venv/$(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(DEV): requirements/dev.txt $(ORCHESTRATOR)
	.venv/$(PIP_INSTALL) -r $<
	@touch $@

.venv-%/.runner: $$(call REQUIREMENTS,$$*) pyproject.toml | .venv-%/bin/python
	.venv-$*/$(PIP_INSTALL) -r $<
	$(if $(filter pytorch,$*),$(INSTALL_TORCH))
	.venv-$*/$(PIP_INSTALL) --no-deps --editable .
	$(call IMPORT,$*)
	@touch $@

.venv-%/.keras: requirements/keras.txt .venv-%/.runner
	.venv-$*/$(PIP_INSTALL) -r $<
	$(call IMPORT,$*,keras.backends.$(if $(filter pytorch,$*),torch,$*))
	@touch $@

another: export TORCH := $(TORCH)
another: export TENSORFLOW := $(TENSORFLOW)
another: export TORCH_CPU_INDEX := $(TORCH_CPU_INDEX)
another: | .venv/bin/python
	@$(PYTHON) requirements/another.py $(ANOTHER)

.venv-%/.test: requirements/test.txt .venv-%/.runner
	.venv-$*/$(PIP_INSTALL) -r $<
	@touch $@

# Of every framework, to run its tests.
ALL = $(shell $(PYTHON) -c 'from services.frameworks import own; print(*own())')
environments: # by another make, or every make would ask for the names
	@$(MAKE) --no-print-directory $(ALL:%=.venv-%/.test)

.PHONY: setup another environments compare up down restart logs ps images \
  test test-e2e test-browser mutants ports lint format bench gpu-check docs proto messages lock clean help
