"""Mining: enquiries out of logs, cleaned, without personal data, merged, grouped and named.

This package knows no projects and no models: it sees records, texts and vectors.
"""
