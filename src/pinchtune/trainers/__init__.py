"""Other people's trainers: what they are told so that they tune an arm as pinchtune does.

    recipe      what an arm is tuned with, in the words of no trainer
    trl, axolotl, llamafactory, ms_swift    the same in the words of one
    table       which trainers there are
    guide       the README of an exported folder
    origin      what goes with the folder, and is checked when the arm comes back
    reading     their configurations, read into ours

It knows no project and loads no weights: rows, tokens and settings come in, files go out.
"""
