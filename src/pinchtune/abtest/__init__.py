"""An A/B test of two arms in use: who gets which, what is kept of it, when it stops.

    plan         what is compared and what would count, fixed beforehand
    assignment   who gets which arm, the same one each time
    stops        files that stop a test, or a language of it, at once
    course       whether a test runs, by its plan and its stops alone
    journal      what happened, in SQLite; as little as the setting says
    measures     what is counted of it
    analysis     looks at any time, and what may be claimed
    guards       when the candidate is shown to do harm
    running      the running test
    live         a Router and a Recorder that follow what is started
    forgetting   texts whose days are over
    checking     answers for people to mark, without saying which arm gave them
    poor         answers that were poor, as candidates to collect

It knows nothing of models, servers or the project's configuration.
"""

from pinchtune.abtest.live import Live
from pinchtune.abtest.running import Test, open_test

__all__ = ["Live", "Test", "open_test"]
