"""Pictures as SVG with real text: where things go, what fits, how it is written.

Shapes and texts only: what they stand for is known to those who draw. Colours and positions are
attributes, so that a page that forbids inline style can show them.
"""
