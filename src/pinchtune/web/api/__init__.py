"""The JSON API under /api/v1: the same verbs as the pages and the command line.

    Authorization: Bearer <token of `pinch collect token`>
    GET /api/v1/openapi.json       what there is, for people and programs

It is an application of its own, mounted into the workplace, so that what it answers is JSON
whatever happens. It holds no rule about examples: those stand in the store.
"""

from pinchtune.web.api.make import make_api

__all__ = ["make_api"]
