"""An OpenAI-compatible server: arms as local weights or other servers, keys, limits, routes."""
