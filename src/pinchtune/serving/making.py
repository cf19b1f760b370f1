"""A project's server, put together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from pinchtune.abtest.records import Recorder, Router
from pinchtune.config import CANDIDATE, PRODUCTION, Config
from pinchtune.errors import UsageError
from pinchtune.serving.app import make_app
from pinchtune.serving.engine import Engine
from pinchtune.serving.following import Follower, Load, Versions
from pinchtune.serving.keys import Keys, keys_file
from pinchtune.serving.local import LocalArm
from pinchtune.serving.service import Service
from pinchtune.serving.upstream import UpstreamArm
from pinchtune.serving.weights import load_version
from pinchtune.stages.versions import open_registry

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from pinchtune.stages.project import Project


def make_server(
    project: Project, *, router: Router | None = None, recorder: Recorder | None = None
) -> Starlette:
    """Return the application that serves a project; what its pointers name is loaded."""
    config = project.config
    load = partial(load_version, config=config)
    keys, versions = Keys(keys_file(project)), open_registry(project)
    # Where there is a key now, nobody gets in without one later, whatever happens to the file.
    keys.holders()
    return assemble(config, keys, versions, load, router, recorder)


def assemble(
    config: Config,
    keys: Keys,
    versions: Versions,
    load: Load,
    router: Router | None = None,
    recorder: Recorder | None = None,
) -> Starlette:
    """Return the application with its arms; UsageError if `serve.arm` has nothing behind it."""
    engine = Engine(config.serve.queue)
    reader = ThreadPoolExecutor(1, thread_name_prefix="reader")
    local = [
        LocalArm(name, engine, config.generate, config.serve.context, reader)
        for name in (PRODUCTION, CANDIDATE)
    ]
    upstreams = [UpstreamArm(*item) for item in config.serve.upstreams.items()]
    service = Service(config, keys, (*local, *upstreams), router, recorder)
    follower = Follower(versions, local, load, config.serve.kept_versions, service.changed)
    service.follower = follower
    try:
        follower.start()
        if not service.arms[config.serve.arm].ready:
            raise UsageError(
                f"{config.serve.arm} has no version; promote one (`pinch versions promote NAME`), "
                "or name another server under [serve.upstreams] and as serve.arm"
            )
    except BaseException:
        engine.close()
        raise
    closers = (follower.close, engine.close, reader.shutdown, *(arm.close for arm in upstreams))
    return make_app(service, closers)
