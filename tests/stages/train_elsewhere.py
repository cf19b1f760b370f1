"""`pinch train` on a folder of its own for each process: train_elsewhere.py FOLDER SETTING."""

from __future__ import annotations

import os
import sys

from pinchtune.cli.main import main

if __name__ == "__main__":
    folder, setting = f"{sys.argv[1]}/{os.environ['RANK']}", sys.argv[2]
    sys.argv = ["pinch", "train", "-q", "-p", folder, "--set", setting]
    main()
