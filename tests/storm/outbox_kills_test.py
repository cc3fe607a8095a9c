"""A few kills of processes that accept messages for good: `scripts/outbox-kills` is the campaign."""

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
            report = kills.run(10, restarts=0)
        self.assertEqual(set(outbox_kills.STAGES), set(report["where"]))
        self.assertGreater(report["accepted"], 60)

    def test_what_is_wrong_with_a_room_is_found(self):
        offered, accepted = ["0", "1", "2", "3"], ["0", "1", "3"]
        for found in (["0", "1", "3"], ["0", "1", "2", "3"]):
            self.assertEqual([], outbox_kills.faults(offered, accepted, found))
        for found in (["0", "3"], ["0", "1", "1", "3"], ["0", "3", "1"], ["0", "1", "3", "x"]):
            self.assertEqual(1, len(outbox_kills.faults(offered, accepted, found)), found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
