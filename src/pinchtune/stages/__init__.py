"""The stages of the circle: each reads files, calls the layers below, writes a run folder.

A stage has a key, the hash of everything it is made from. If its run folder was finished
under the same key, there is nothing to do; if it was started under it, work goes on.
"""
