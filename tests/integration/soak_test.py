"""Numbered messages over kills, restarts, dead tokens, an outage, a slow reader and big gaps: none lost, none doubled.

The short version, each trouble once; scripts/soak does it for as long as you like."""

import json

import harness
import soak


class Soak(harness.ProgramCase):
    def test_every_number_once_and_in_order(self):
        with soak.Soak(self.folder) as run:
            run.flow()
            run.trouble("watcher_killed")
            run.trouble("synapse_killed")
            run.trouble("tokens_killed")
            run.trouble("big_gap")
            run.trouble("slow_reader")
            run.trouble("outage", seconds=3)
            run.trouble("watcher_killed")
            report = run.finish()
        print("soak:", json.dumps(report))
        for watcher in report["watchers"].values():
            self.assertEqual(sum(report["sent"].values()), watcher["seen"])


if __name__ == "__main__":
    harness.main()
