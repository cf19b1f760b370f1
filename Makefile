# make demo and make test do all their own set-up.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all check screenshot clean

$(BIN)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[all,dev]'
	touch $@

# HF_HUB_OFFLINE: the embedded model needs no hub, and nothing should ask for one.
demo: $(BIN)/.ready
	test -f demo/pinch.toml || $(BIN)/pinch init demo
	HF_HUB_OFFLINE=1 $(BIN)/pinch run -p demo

test: $(BIN)/.ready
	$(BIN)/pytest -m "not slow"

# Also the slow ones: the real model, and a hundred kills at random moments.
test-all: $(BIN)/.ready
	$(BIN)/pytest

check: $(BIN)/.ready
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/pytest -m "not slow"

# The picture of the README, from the demo's report.
screenshot:
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1000,1250 \
		--screenshot=docs/images/report.png demo/runs/report/report.html

clean:
	rm -rf .venv build dist demo
