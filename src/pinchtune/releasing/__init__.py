"""Versions of a model: what was released, which one answers, and the way back.

    versions/NAME/version.json    what it is, by hash; written last: without it there is no version
    versions/NAME/model/…         the arm's folder as it was
    versions/NAME/evidence/…      what was known when it was released
    versions/production.json      which version answers; replaced atomically
    versions/candidate.json       which one is on trial
    versions/history.jsonl        who changed what, when and why

It knows files and hashes; weights, judges and projects are not its job.
"""

from pinchtune.releasing.registry import Registry
from pinchtune.releasing.version import Version

__all__ = ["Registry", "Version"]
