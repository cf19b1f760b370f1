"""Why does a pinch work: what tuning changed inside the model, layer by layer.

    similarity      retrieval across languages, CKA, how far states moved: arrays in, numbers out
    movement        how far the weights of each layer moved
    lens            what each layer would say next, as shares of languages
    neurons         neurons that are active in few languages (LAPE)
    interventions   layers of one arm in another, a language vector in the middle of a model
    texts           the parallel texts, without those that an arm was tuned on
    arms            which arms of a project are looked at
    parts           one measure of one arm, kept
    curves          from parts to curves with intervals
    outcome         all figures of a run as one JSON object
    trials          the interventions answered and scored
    run             the command
    figures, tables, page   what people read; made from the JSON object alone

It tests the hypothesis that a few dozen examples leave the middle layers as they are, and only
release the choice of language in the last ones. docs/probing.md says what each measure can show.
"""
