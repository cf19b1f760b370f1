"""The command line: parsing and printing, one small module a verb, nothing heavy at import."""
