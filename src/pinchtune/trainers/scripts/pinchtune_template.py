"""Tells ms-swift the chat template of an arm that pinchtune exported: template.json."""

import json
from pathlib import Path

from swift.template import TemplateMeta, register_template

parts = json.loads(Path(__file__).with_name("template.json").read_text(encoding="utf-8"))
register_template(TemplateMeta("pinchtune", **parts))
