"""The workplace in the browser: pages, their wording, and what keeps them safe.

No rule about examples or people stands here. A page calls `store` and `collecting`, and turns
what they refuse into a page with the right status.
"""
