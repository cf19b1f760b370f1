"""Verifiable instructions: what a prompt asks of its answer that a program can check.

    [{"check": "words", "at_most": 50}, {"check": "contains", "terms": ["invoice"]}]

stands in the column `checks` of a prompt. After IFEval (Zhou et al. 2023), in any language.
`writing` is the table of what differs by language, `texts` counts, `checkers` is the table of
checkers, `parameters` says what each of them takes, `column` reads the checks of a prompt, and
`following` says which of them an answer follows, strictly and loosely.
"""
