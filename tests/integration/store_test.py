"""Looking after a store: its keys changed, its records checked, copied and brought into another. No homeserver is needed."""

import base64
import json
import secrets

import harness


def key_line(name):
    return f"{name} {base64.b64encode(secrets.token_bytes(32)).decode()}\n"


class Store(harness.ProgramCase):
    def setUp(self):
        self.folder_of_test = self.folder / self.id().rsplit(".", 1)[1]
        self.work = harness.Workspace(self.folder_of_test, {
            "url": f"http://127.0.0.1:{harness.closed_port()}", "server_name": "confab.test", "admin_user": "admin",
            "admin_password": "secret"})
        self.old, self.new = key_line("old"), key_line("new")
        self.use("confab.db", self.old)

    def use(self, file, *keys):
        (self.folder_of_test / "keys").write_text("".join(keys))
        (self.folder_of_test / "keys").chmod(0o600)
        self.work.settings["store"] = {"kind": "sqlite", "path": file, "key_file": "keys"}
        self.work.config.write_text(json.dumps(self.work.settings))

    def lines(self, *arguments, stdin=b"", code=0):
        done = self.work.run(*arguments, stdin=stdin)
        self.assertEqual(code, done.code, str(done))
        return done.lines

    def test_keys_are_rotated_and_the_old_one_is_needed_no_longer(self):
        self.lines("keys", "rotate")  # the store gets to know its first key
        self.use("confab.db", self.new, self.old)
        [done] = self.lines("keys", "rotate", "--retire")
        self.assertEqual(0, done["faults"])
        self.use("confab.db", self.new)
        [checked] = self.lines("store", "check")
        self.assertEqual({"new": 1}, checked["sealed"])
        self.use("confab.db", key_line("new"))
        [wrong] = self.lines("store", "check", code=1)
        self.assertEqual(1, wrong["faults"])
        self.use("confab.db", self.old)
        self.lines("keys", "rotate", code=1)

    def test_a_copy_goes_into_an_empty_store_only_unless_told(self):
        self.lines("keys", "rotate")
        copy = b'{"key":"a/b","value":{"n":1}}\n'
        self.lines("store", "import", stdin=copy, code=1)
        self.assertEqual(1, self.lines("store", "import", "--replace", stdin=copy)[0]["written"])
        exported = self.lines("store", "export")
        self.assertEqual(["a/b", "confab/keys/old"], [line["key"] for line in exported])
        self.assertEqual({"sealed", "key"}, set(exported[1]["value"]["test"]))
        text = "".join(json.dumps(line) + "\n" for line in exported).encode()
        self.use("other.db", self.old)
        self.assertEqual(2, self.lines("store", "import", stdin=text)[0]["written"])
        self.assertEqual(exported, self.lines("store", "export"))
        self.assertEqual(0, self.lines("store", "check")[0]["faults"])
        self.lines("store", "import", "--replace", stdin=b"no record\n", code=1)


if __name__ == "__main__":
    harness.main()
