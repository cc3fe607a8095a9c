"""A few kills of processes that accept messages for good: `scripts/storm outbox_kills` is the campaign."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import outbox_kills  # noqa: E402


class OutboxKills(unittest.TestCase):
    def test_each_accepted_message_is_there_once_and_in_order(self):
        with tempfile.TemporaryDirectory(prefix="confab-outbox-") as folder, outbox_kills.Kills(folder, lanes=10) as kills:
            report = kills.run(10, restarts=0, most_seconds=120)
            (kills.lanes[3].work.folder / "left").write_text(kills.operator + next(iter(kills.proxy.secrets())))
            with self.assertRaisesRegex(AssertionError, "secrets stand in .*r3/left"):
                kills.nothing_leaked()
        self.assertEqual(set(outbox_kills.STAGES), set(report["where"]))
        self.assertGreater(report["accepted"], 120)
        self.assertEqual(10, report["kills_timed"])
        self.assertGreaterEqual(report["in_flight_at_least"], 10)

    def test_kills_with_little_in_flight_or_not_at_each_stage_are_found(self):
        where = dict.fromkeys(outbox_kills.STAGES, 70)
        self.assertEqual([], outbox_kills.spread_faults(where, [10, 24]))
        self.assertEqual(["only 9 sends were in flight at a kill"], outbox_kills.spread_faults(where, [10, 9]))
        where["accepting"] = 19
        self.assertEqual(["only 19 kills fell at 'accepting'"], outbox_kills.spread_faults(where, [10]))
        self.assertEqual([], outbox_kills.spread_faults(dict.fromkeys(outbox_kills.STAGES, 2), [10]))

    def test_each_kill_is_timed_by_the_last_text_of_its_process(self):
        killed, there = [(10.0, ["a", "b"]), (50.0, ["c"]), (60.0, [])], {"a": 9.5, "b": 12.0, "c": 111.0, "d": 900.0}
        self.assertEqual([2.0, 61.0, 0.0], outbox_kills.waits(killed, there))
        with self.assertRaises(KeyError):
            outbox_kills.waits([(10.0, ["lost"])], there)

    def test_what_is_wrong_with_a_room_is_found(self):
        offered, accepted = ["0", "1", "2", "3"], ["0", "1", "3"]
        for found in (["0", "1", "3"], ["0", "1", "2", "3"]):
            self.assertEqual([], outbox_kills.faults(offered, accepted, found))
        for found in (["0", "3"], ["0", "1", "1", "3"], ["0", "3", "1"], ["0", "1", "3", "x"]):
            self.assertEqual(1, len(outbox_kills.faults(offered, accepted, found)), found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
