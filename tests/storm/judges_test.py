"""What does not hold is found by those judges that look at nothing but what was seen."""

import copy
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import judges  # noqa: E402

ANA, BEN = "@ana:s", "@ben:s"


class Judged(unittest.TestCase):
    def test_one_recovery_each_in_the_store_and_at_the_proxy(self):
        before = {ANA: {"first": 1}, BEN: {"first": 1, "recovery": 2}}
        after = {ANA: {"first": 1, "recovery": 1}, BEN: {"first": 1, "recovery": 3, "move": 1}}
        given = {ANA: 1, BEN: 2}
        self.assertEqual([], judges.count_faults([ANA, BEN], before, after, given))
        for wrong, text in (({ANA: 2, BEN: 2}, f"{ANA} was given 2 tokens, of which the store counts 1"),
                            ({BEN: 2}, f"{ANA} was given 0 tokens, of which the store counts 1")):
            self.assertEqual([text], judges.count_faults([ANA, BEN], before, after, wrong))
        after[ANA] = {"first": 1, "recovery": 2}
        self.assertEqual([f"the store counts 2 recoveries of {ANA}"],
                         judges.count_faults([ANA, BEN], before, after, {ANA: 2, BEN: 2}))
        after[ANA] = {"first": 2}
        self.assertEqual([f"the store counts 0 recoveries of {ANA}"], judges.count_faults([ANA, BEN], before, after, given))
        after[ANA] = {"first": 1, "renewal": 1}
        self.assertEqual(1, len(judges.count_faults([ANA, BEN], before, after, given)))
        self.assertEqual([], judges.count_faults([ANA, BEN], before, after, given, ("recovery", "renewal")))
        self.assertEqual([], judges.count_faults([ANA, BEN], before, after, given, ()))
        del after[ANA]
        self.assertEqual(2, len(judges.count_faults([ANA, BEN], before, after, given)))

    def test_one_login_for_each_session_that_ended(self):
        began = {"ana": 1, "admin": 0}
        logins, refreshes = [(11, "admin", 200), (12, "ana", 200)], [(5, "ana", 200), (11.5, "ana", 403)]

        def faults(logins=logins, refreshes=refreshes):
            return judges.session_faults(began, 10, logins, refreshes)

        self.assertEqual([], faults())
        early, late = "(after the session's end, status) [(False, 200)]", "[(True, 200), (True, 200)]"
        for wrong, text in (([*logins, (13, "ana", 200)], f"the logins of ana were (after the session's end, status) {late}"),
                            ([logins[0], (10.9, "ana", 200)], f"the logins of ana were {early}"),
                            (logins[1:], "the logins of admin were (after the session's end, status) []"),
                            ([logins[0], (12, "ana", 429)],
                             "the logins of ana were (after the session's end, status) [(True, 429)]")):
            self.assertEqual([text], faults(logins=wrong))
        told = "refreshes of ana were refused (after the session's end)"
        for wrong, texts in ((refreshes[:1], [f"{told} []"]), ([*refreshes, (12, "ana", 403)], [f"{told} [True, True]"]),
                             ([(5, "ana", 403)], [f"{told} [False]"]),
                             ([*refreshes, (6, "ana", 401)], ["a refresh was answered 401 for ana"])):
            self.assertEqual(texts, faults(refreshes=wrong))

    def test_who_and_where_they_are(self):
        before = {"accounts": {ANA, BEN}, "users": {
            ANA: {"user_id": ANA, "device_id": "CONFAB", "devices": ["CONFAB"]},
            BEN: {"user_id": BEN, "device_id": None, "devices": []}}}
        self.assertEqual([], judges.identity_faults(before, copy.deepcopy(before)))

        def faults(may_lack_device=False, **more):
            after = copy.deepcopy(before)
            after["users"][ANA].update(more)
            return judges.identity_faults(before, after, may_lack_device)

        self.assertEqual([f"who was {ANA} is {BEN}"], faults(user_id=BEN))
        for device, devices in (("OTHER", ["OTHER"]), ("CONFAB", ["CONFAB", "OTHER"]), (None, ["CONFAB"])):
            for may_lack_device in (False, True):
                self.assertEqual(1, len(faults(may_lack_device, device_id=device, devices=devices)))
        self.assertEqual(1, len(faults(device_id=None, devices=[])))
        self.assertEqual([], faults(True, device_id=None, devices=[]))
        for accounts, text in (({ANA}, f"the account {BEN} is gone"), ({ANA, BEN, "@x:s"}, "the account @x:s is new")):
            self.assertEqual([text], judges.identity_faults(before, {**before, "accounts": accounts}))

    def test_a_late_write(self):
        minted = [(1, ANA, "a1"), (2, BEN, "b1"), (5, ANA, "a2")]
        good = [(3, ANA, "a1", 200), (6, ANA, "a2", 200), (6, BEN, "b1", 200)]
        self.assertEqual([], judges.late_write_faults(minted, good))
        for used, text in (((6, ANA, "a1", 200), f"the store gave {ANA} the token number 1 of 2"),
                           ((6, BEN, "a2", 200), f"the store gave {BEN} the token number ? of 1"),
                           ((0, BEN, "b1", 200), f"the store gave {BEN} the token number ? of 0"),
                           ((6, BEN, "b1", 401), f"the stored token of {BEN} was answered 401")):
            self.assertEqual([text], judges.late_write_faults(minted, [*good, used]))

    def test_a_newcomer_who_waits_for_a_login(self):
        self.assertEqual([], judges.newcomer_faults(0.5))
        self.assertEqual(["a new user had spoken after 333.1 s, at most 30 are allowed"], judges.newcomer_faults(333.1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
