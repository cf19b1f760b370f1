"""Experiments: many arms from one declaration, their scores, and the figures made from them.

    recipe      a TOML file: which arms answer a question, and how the answer is drawn
    arms        one arm: its whole configuration, and what makes it the same as another
    expand      from a recipe to its arms
    plan        what is still to be done, in which order, and what it costs
    work        one tuning with all that answers from it, in whatever process
    engine      one process, several, or the workers of a Ray cluster
    scores      what an arm answered, as numbers by prompt: small files to keep
    board       means with intervals over prompts and seeds
    tables, figures, page   what people read; made from the scores alone

An arm is found by what it is made from, so two recipes that have an arm in common tune it once.
"""
