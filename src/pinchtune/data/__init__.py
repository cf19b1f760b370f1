"""Examples on their way into a mixture: formats, checks, store, selection. Knows no torch."""
