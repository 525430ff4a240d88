# make run   install, then sample the system of config.yaml; on a GPU: make run GPU=cuda13; without Julia: PYSR=no
# make test  install, then run the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OPS := .venv-ops
INPUTS := .venv-inputs
CORES ?= all
STAMP := $(VENV)/.installed
# GPU=cuda13 (or cuda12, hip6, hip7) installs the GPU platform of OpenMM.
GPU ?=
READY := $(STAMP)$(if $(GPU),-$(GPU))
# Julia for PySR has been set up, or this has failed once.
JULIA := $(VENV)/.julia
PYSR ?=

.PHONY: docs run pysr test test-slurm bench-plan bench-memory bench-scale opencl plumed truth formulas implicit inputs faults fuzz bench bench-gpu ops lint unlock clean help

help:
	@sed -n 's/^# make/make/p' Makefile

run: $(READY) $(if $(filter no,$(PYSR)),,$(JULIA))
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES)
	@cat "$$($(BIN)/python -c "from mechanist.settings.load import load_config; print(load_config('config.yaml').folder)")/summary.md"

# make pysr  set up Julia and its packages for PySR, about 1 GB and 15 minutes at most; make run tries it once
pysr: $(STAMP)
	$(BIN)/mechanist doctor --install-pysr
	@touch $(JULIA)

$(JULIA): $(STAMP) | $(READY)
	@$(BIN)/mechanist doctor --install-pysr || echo "formula.backend: auto searches with Operon; to try again: make pysr"
	@touch $@

# A file stays with one worker, which makes its runs once; hundreds of jobs share compiled modules.
test: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# make opencl  run the tests of GPU code on the processor, about two minutes; installs pocl on Debian, as root
opencl: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/python -m tests.opencl.run

# make plumed  run the tests of PLUMED input with PLUMED itself, about three minutes; installs a wheel that carries it
plumed: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/python -m tests.plumed.run

# make truth  compare with known results, about three hours, can be stopped and continued; writes benchmarks/truth/TRUTH.md
truth: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m truth -n 2 --dist loadgroup tests/truth

# make formulas  recover known formulas from simulated shots, by each engine that is set up, about 45 minutes each; writes benchmarks/formulas/formulas.md
formulas: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.formulas.run

# make implicit  compare alanine dipeptide in implicit water with plain MD; writes benchmarks/truth/implicit.md
implicit: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores 2 --config system=alanine_dipeptide_implicit
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.truth.implicit.run

# make inputs  compare what is read in six formats with plain OpenMM, half an hour or more; writes docs/inputs.md; goes on where it was stopped
inputs: $(INPUTS)/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(INPUTS)/bin/python -m tests.inputs.run $(INPUTS)/matrix

# ParmEd ships its examples in its source distribution only.
$(INPUTS)/.installed: envs/inputs.txt $(STAMP)
	$(PYTHON) -m venv $(INPUTS)
	echo "import os, site; site.addsitedir(os.path.join(sitedir, *4 * ['..'], '$(VENV)', *sitedir.split(os.sep)[-3:]))" > "$$(echo $(INPUTS)/lib/python*/site-packages)/mechanist.pth"
	$(INPUTS)/bin/python -m pip install --quiet --no-deps -r envs/inputs.txt
	mkdir -p $(INPUTS)/matrix
	$(INPUTS)/bin/python -m pip download --quiet --no-deps --no-binary parmed --dest $(INPUTS) "$$(grep ^parmed envs/inputs.txt)"
	tar xzf $(INPUTS)/parmed-*.tar.gz -C $(INPUTS)/matrix
	touch $@

# make faults  inject faults at random moments, under fifteen minutes, as root; writes docs/faults.md
faults: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults.run

# make fuzz  feed more than 100,000 malformed inputs to all readers, and 5,000 mutated molecules, about half an hour
fuzz: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz.run

# make bench  measure speed against other programs, under ten minutes; writes benchmarks/speed/RESULTS.md
bench: $(STAMP) ops
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks.speed.run

# make bench-gpu  the same on a GPU
bench-gpu: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks.speed.run --gpu

# OpenPathSampling for comparison; without it bench continues and says so.
ops:
	@$(MAKE) --no-print-directory $(OPS)/.installed || echo "OpenPathSampling could not be installed; see above"

$(OPS)/.installed: envs/ops.txt
	$(PYTHON) -m venv $(OPS)
	$(OPS)/bin/python -m pip install --quiet -r envs/ops.txt
	touch $@

# make test-slurm  run on a real Slurm, started and removed again; needs root on Debian
test-slurm: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.slurm.run

# make bench-plan  measure the planning of 20 rounds with 1,000 workers, some minutes
bench-plan: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks.scale.plan

# make bench-memory  measure the peak memory of all stages at N and 10 N frames, about 20 minutes; writes benchmarks/scale/memory.md
bench-memory: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.scale.memory

# make bench-scale  simulate time to convergence with 1 to 256 workers, some minutes
bench-scale: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m benchmarks.scale.simulate

# make lint  style, types and workflow checks
lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint

# make docs  build the site of the documentation into site/; a warning is an error
docs: $(STAMP)
	$(BIN)/python -c "import mkdocs" 2>/dev/null || $(BIN)/python -m pip install --quiet 'mkdocs-material>=9.5,<10'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "open site/index.html"

# make unlock  release the lock of a killed run
unlock: $(STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --unlock

# make clean  remove the virtual environments, not results/
clean:
	rm -rf $(VENV) $(OPS) $(INPUTS) .venv-plumed

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed, this is ' + sys.version.split()[0] if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.lock
	LC_ALL=C.UTF-8 $(BIN)/python -m pip install --quiet --no-deps -e .
	@# Python reads these files in the encoding of the locale: a relative path is ASCII wherever the clone lies.
	for file in $(VENV)/lib/python*/site-packages/__editable__.mechanist*.pth; do test ! -e "$$file" || echo ../../../../src > "$$file"; done
	touch $(STAMP)

$(STAMP)-%: $(STAMP)
	$(BIN)/python -m pip install --quiet "openmm[$*]==$$(sed -n 's/^OpenMM==//p' requirements.lock)"
	touch $@
