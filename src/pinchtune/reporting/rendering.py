"""From a template to a page that asks for nothing: escaping, style, script, policy."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pinchtune.reporting.safety import clean


def environment() -> Environment:
    """Return the templates: everything is escaped, nothing may be missing."""
    return Environment(
        loader=PackageLoader("pinchtune.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: object) -> object:
    """Clean every text on its way into the page; it is escaped after this."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def asset(name: str) -> Markup:
    """Return a file of ours that goes into the page as it is."""
    path = files("pinchtune.reporting") / "templates" / name
    return Markup(path.read_text("utf-8").strip())


def policy(script: str) -> str:
    """Return the content security policy: our own script by its hash, and no request at all."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        f"form-action 'none'; script-src 'sha256-{digest}'"
    )
