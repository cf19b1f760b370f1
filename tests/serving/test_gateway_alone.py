from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from pathlib import Path
from pinchtune.config import Config
from pinchtune.serving.making import make_server
from pinchtune.stages.project import Project
far = {"url": "http://127.0.0.1:9/v1", "model": "m"}
config = Config(serve={"arm": "far", "upstreams": {"far": far}})
make_server(Project(Path(sys.argv[1]), config))
print(sorted({"torch", "transformers"} & set(sys.modules)))
"""


def test_a_gateway_needs_no_torch(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
