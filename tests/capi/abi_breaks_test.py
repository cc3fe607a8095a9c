"""scripts/abi-breaks finds each kind of break in confab.h and results.schema.json, and takes additions for none."""

import copy
import importlib.machinery
import importlib.util
import json
import re
import tempfile
import unittest
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = (ROOT / "capi/include/confab.h").read_text()
SCHEMA = json.loads((ROOT / "capi/results.schema.json").read_text())


def script():
    loader = importlib.machinery.SourceFileLoader("abi_breaks", str(ROOT / "scripts/abi-breaks"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


breaks = script()


class Header(unittest.TestCase):
    def found(self, before, after):
        self.assertEqual(1, HEADER.count(before), before)
        return list(breaks.breaks_of_header(HEADER, HEADER.replace(before, after)))

    def test_all_constants_are_seen(self):
        constants = breaks.constants(HEADER)
        self.assertEqual((0, 1000, 4, 6, 2), tuple(constants[f"CONFAB_{name}"] for name in (
            "OK", "FORKED", "LOG_DEBUG", "EVENT_QUESTION", "MESSAGE_EMOTE")))
        self.assertEqual(len(re.findall(r"^  CONFAB_\w+ = ", HEADER, re.MULTILINE)), len(constants))

    def test_numbers_that_are_not_written(self):
        self.assertEqual({"CONFAB_A": 3, "CONFAB_B": 4, "CONFAB_C": 0x10, "CONFAB_D": 7}, breaks.constants(
            "enum { CONFAB_A = 3, CONFAB_B, /* = 9 */ CONFAB_C = 0x10 };\n#define CONFAB_D 7\n"))
        with self.assertRaises(breaks.Incomparable):
            breaks.constants("enum { CONFAB_A = 1 << 3 };")

    def test_the_same(self):
        self.assertEqual([], list(breaks.breaks_of_header(HEADER, HEADER)))

    def test_additions(self):
        self.assertEqual([], self.found("  CONFAB_FORKED = 1000 ", "  CONFAB_LATER = 29,\n  CONFAB_FORKED = 1000 "))
        self.assertEqual([], self.found("} confab_queue_options;", "  uint64_t later;\n} confab_queue_options;"))

    def test_a_number_that_changed(self):
        self.assertEqual(["CONFAB_BUSY was 21 and is 22"], self.found("CONFAB_BUSY = 21,", "CONFAB_BUSY = 22,"))
        self.assertEqual(["CONFAB_ROOM_DIRECT was 2 and is 3"], self.found(
            "CONFAB_ROOM_DIRECT = 2 ", "CONFAB_ROOM_DIRECT = 3 "))
        self.assertEqual(["CONFAB_MOST was 5 and is 6"], list(breaks.breaks_of_header(
            "#define CONFAB_MOST 5\n#define CONFAB_ABI 0\n", "#define CONFAB_MOST 6\n#define CONFAB_ABI 1\n")))

    def test_a_constant_that_is_gone(self):
        self.assertEqual(["CONFAB_STORE_CHECK is gone"], self.found(
            "  CONFAB_STORE_CHECK = 2 ", "  CONFAB_STORE_TEST = 2 "))

    def test_a_struct_that_does_not_begin_as_it_did(self):
        for after in ("  uint64_t most_operations;", "  uint32_t before;\n  uint32_t most_operations;", ""):
            found = self.found("  uint32_t most_operations;", after)
            self.assertEqual(1, len(found), after)
            self.assertIn("confab_queue_options", found[0])


class Schema(unittest.TestCase):
    def found(self, change, old=SCHEMA):
        new = copy.deepcopy(old)
        change(new["$defs"])
        self.assertNotEqual(old, new)
        return list(breaks.breaks_of_schema(old, new))

    def test_the_same(self):
        self.assertEqual([], list(breaks.breaks_of_schema(SCHEMA, copy.deepcopy(SCHEMA))))

    def test_additions(self):
        def add(schema):
            schema["later"] = {"type": "object"}
            schema["sent"]["properties"]["later"] = {"type": "string"}
            schema["sent"]["required"].append("later")
            schema["event"]["properties"]["event"]["enum"].append("poll")  # more may come
            schema["event"]["allOf"][0]["then"]["required"].append("key")
            schema["message"]["properties"]["body"]["description"] = "in other words"
        self.assertEqual([], self.found(add))

    def test_a_result_that_is_gone(self):
        self.assertEqual(["accepted: this result is gone"], self.found(lambda schema: schema.pop("accepted")))

    def test_a_member_that_is_gone(self):
        self.assertEqual(["message/thread: is gone"], self.found(
            lambda schema: schema["message"]["properties"].pop("thread")))

    def test_a_member_that_is_renamed(self):
        def rename(schema):
            member = schema["outbox"]["properties"]
            member["next"] = member.pop("end")
        self.assertEqual(["outbox/end: is gone"], self.found(rename))

    def test_a_member_of_another_type(self):
        self.assertEqual(["message/time: was of type integer and is of type string"], self.found(
            lambda schema: schema["message"]["properties"]["time"].update(type="string")))

    def test_elements_of_another_type(self):
        self.assertEqual(["event/users/-: was of type string and is of type object"], self.found(
            lambda schema: schema["event"]["properties"]["users"]["items"].update(type="object")))
        self.assertEqual(["event/receipts/-/time: is gone"], self.found(
            lambda schema: schema["event"]["properties"]["receipts"]["items"].update(
                properties={name: {"type": "string"} for name in ("user_id", "event_id")})))

    def test_what_is_required_no_more(self):
        self.assertEqual(["sent: event_id is required no more"], self.found(
            lambda schema: schema["sent"]["required"].remove("event_id")))

    def test_what_an_event_is_required_no_more_to_have(self):
        found = self.found(lambda schema: schema["event"]["allOf"][0]["then"]["required"].remove("message"))
        self.assertEqual(1, len(found))
        self.assertIn('message is required no more where {"properties": {"event": {"const": "message"}}}', found[0])
        rules = len(SCHEMA["$defs"]["event"]["allOf"])
        self.assertEqual(rules, len(self.found(lambda schema: schema["event"].pop("allOf"))))

    def test_a_number_that_may_be_less(self):
        for change in ({"minimum": -1}, None):
            def lower(schema, change=change):
                users = schema["reset"]["properties"]["users"]
                users.update(change) if change else users.pop("minimum")
            self.assertEqual(["reset/users: was 0 at least, and may be less"], self.found(lower))

    def test_a_value_that_is_gone(self):
        self.assertEqual(["event/event: the value missed is gone"], self.found(
            lambda schema: schema["event"]["properties"]["event"]["enum"].remove("missed")))

    def test_a_value_more_where_it_was_not_said_that_more_may_come(self):
        self.assertEqual(["account/state: may be of other values, and did not say that more may come"], self.found(
            lambda schema: schema["account"]["properties"]["state"]["enum"].append("asleep")))

    def test_members_without_names_that_come_no_more(self):
        open_ones = [name for name, result in SCHEMA["$defs"].items()
                     if any(member.get("additionalProperties") for member in result.get("properties", {}).values())]
        self.assertTrue(open_ones)

        def close(schema):
            for member in schema[open_ones[0]]["properties"].values():
                member.pop("additionalProperties", None)
        self.assertRegex("\n".join(self.found(close)), f"^{open_ones[0]}/.*: other members than those that are named")

    def test_what_is_referred_to_is_compared(self):
        """Also where the one refers to what the other one has in its place."""
        def put_in_place(schema):
            schema["history"]["properties"]["messages"]["items"] = copy.deepcopy(schema["message"])
        self.assertEqual([], self.found(put_in_place))

        def put_another(schema):
            put_in_place(schema)
            schema["history"]["properties"]["messages"]["items"]["properties"]["body"]["type"] = "object"
        self.assertEqual(["history/messages/-/body: was of type string and is of type object"], self.found(put_another))

    def test_what_it_does_not_know_is_no_pass(self):
        for keyword in ("maxLength", "oneOf"):
            with self.assertRaises(breaks.Incomparable):
                self.found(lambda schema, word=keyword: schema["sent"]["properties"]["event_id"].update({word: 1}))


class Script(unittest.TestCase):
    def test_what_it_says_and_answers(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "include"
            folder.mkdir()
            told = StringIO()
            with redirect_stderr(told):
                self.assertEqual(2, breaks.main([str(ROOT / "capi/include"), str(folder)]))
            self.assertIn("no results.schema.json", told.getvalue())
            (folder / "confab.h").write_text(HEADER)
            (Path(name) / "results.schema.json").write_text(json.dumps(SCHEMA))
            self.assertEqual(0, breaks.main([str(ROOT / "capi/include"), str(folder)]))


if __name__ == "__main__":
    unittest.main()
