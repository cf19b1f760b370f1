"""An OpenAI-compatible server: arms as local weights or other servers, keys, limits, routes.

    guard ─▶ answering ─▶ service ─▶ arms ─▶ local ─▶ engine ─▶ batch (a token of each answer)
                                        └──▶ upstream (bytes pass through)
    following: versions are verified and loaded beside the answers, then put in place

It knows no page, and no rule about who may promote what.
"""
