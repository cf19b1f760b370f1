"""Tunes the tiny model of the tests in a process of its own: tune_tiny.py MODEL FOLDER [slow]."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from test_loop import make_trainer

if __name__ == "__main__":
    slow = len(sys.argv) > 3
    trainer = make_trainer(Path(sys.argv[1]), Path(sys.argv[2]), device_batch_size=4)
    trainer.run(lambda progress: time.sleep(0.3 if slow else 0))
