"""The kit: every step in its order."""

from __future__ import annotations

from macd.acceptance import dead_letters, deploying, evolving, leaving, mending, runs
from macd.acceptance.step import Step, When

APPLY = "apply"
STEPS = (
    Step("preflight", "every service is ready for the pipeline", deploying.preflight, when=When.GATE),
    Step("names are free", "nothing of anybody else is touched", deploying.names_are_free, when=When.GATE),
    Step("plan", "an empty target is planned, and stays empty", deploying.plan),
    Step(APPLY, "everything is made, and runs", deploying.apply, ("plan",)),
    Step("apply again", "a second apply changes nothing", deploying.apply_again, (APPLY,)),
    Step("clean run", "every order arrives once, as produced", runs.clean_run, (APPLY,)),
    Step("run with faults", "unpaid, mismatched, late, double payments", runs.run_with_faults, (APPLY,)),
    Step("two runs at once", "each finds its own orders", runs.two_runs_at_once, (APPLY,)),
    Step("same run again", "nothing is produced twice", runs.same_run_again, ("clean run",)),
    Step("changed statement", "blocked, then replaced", deploying.change_statement, (APPLY,)),
    Step("run after the change", "the replacement works", runs.run_after_change, ("changed statement",)),
    Step(
        "earlier run",
        "one from before the change is verified and repaired",
        mending.repair_earlier,
        ("clean run", "changed statement"),
    ),
    Step("repair", "lost documents are named and come back", mending.repair, (APPLY,)),
    Step("dead letters", "what was skipped is replayed, each once", dead_letters.dead_letters, (APPLY,)),
    Step("schema version 2", "both versions flow at once", evolving.new_version, (APPLY,)),
    Step("incompatible schema", "refused by the registry", evolving.incompatible_version, (APPLY,)),
    Step("destroy", "everything that was made is removed", leaving.destroy, when=When.CLEANUP),
    Step("nothing left behind", "the target is as it was", leaving.nothing_left, when=When.CLEANUP),
)
