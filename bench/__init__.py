"""The benchmark: what `make bench` runs. It is no part of the package."""
