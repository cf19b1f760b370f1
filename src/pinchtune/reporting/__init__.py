"""Reporting: from scores, answers and manifests to a page that people can use.

The page is one file without any request to elsewhere, in English and Japanese. It can be made
again at any time from the files of the run folders; nothing here loads a model.
"""

from pinchtune.errors import MissingExtra

try:
    from pinchtune.reporting.answers import build_answers
    from pinchtune.reporting.inputs import ReportData
    from pinchtune.reporting.meeting import build_meeting
    from pinchtune.reporting.page import build_report
    from pinchtune.reporting.slides import build_slides
    from pinchtune.reporting.summary import build_summary
except ModuleNotFoundError as error:
    library = str(error.name).split(".")[0]
    if library not in ("jinja2", "markupsafe", "matplotlib"):
        raise
    raise MissingExtra(library, "report") from error

__all__ = [
    "ReportData",
    "build_answers",
    "build_meeting",
    "build_report",
    "build_slides",
    "build_summary",
]
