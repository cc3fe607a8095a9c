"""Each rule reports the violation it is for: planted into a small tree that keeps all of them."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import rules  # noqa: E402

# Paths of this kind are put together here, so that this file keeps the rule it tests.
HOME = "/" + "home/"

CLEAN = {
    **{name: "" for name in rules.TOP_LEVEL if "." in name and name != ".ci"},
    "LICENSE": "",
    "CMakeLists.txt": 'confab_layer(util LEFT "")\nconfab_layer(store LEFT util)\nconfab_layer(net LEFT store)\n',
    "include/confab/error.hpp": "/// Why.\n#include <string>\n/// What.\n#include <confab/result.hpp>\n",
    "include/confab/result.hpp": "/* one\n   two */\nint x;\n\n",
    "src/util/json.hpp": "// wraps\n",
    "src/util/json.cpp": '#include "util/json.hpp"\n#include <rapidjson/document.h>\n',
    "src/net/loop.hpp": "#include <boost/asio.hpp>\n",
    "src/net/loop.cpp": '#include "net/loop.hpp"\n#include "util/json.hpp"\n#include <curl/curl.h>\n',
    "src/store/sqlite_store.cpp": "#include <sqlite3.h>\n",
    "src/store/postgresql_store.cpp": "#include <libpq-fe.h>\n",
    "src/matrix/paths.cpp": '// "/_matrix/media/v3" and "/usr/bin" are no paths of a machine\n',
    "capi/README.md": "",
    "capi/queue.hpp": "#include <confab/result.hpp>\n",
    "capi/queue.cpp": '#include "capi/queue.hpp"\n#include "util/json.hpp"\n#include <unistd.h>\n',
    "capi/include/confab.h": "/// C.\n#include <stdint.h>\n",
    "bindings/README.md": "",
    "examples/confab/main.cpp": "#include <CLI/CLI.hpp>\n",
    "tests/unit/net/loop_test.cpp": "",
    "docs/index.md": "",
    "scripts/demo": "#!/usr/bin/env bash\nset -euo pipefail\necho hello\n",
    ".ci/run": "#!/usr/bin/env bash\nset -euo pipefail\n",
}

# rule -> what to plant: (path, content, path the report must name)
PLANTED = {
    "include_direction": [
        ("src/util/clock.cpp", '#include "net/loop.hpp"\n', "src/util/clock.cpp"),
        ("src/net/poll.hpp", '#include <optional>\n  #  include "chat/service.hpp"\n', "src/net/poll.hpp"),
        ("src/store/file.cpp", "#include <matrix/ids.hpp>\n", "src/store/file.cpp"),
        ("src/extras/thing.cpp", "", "src/extras/thing.cpp"),
        ("src/loose.cpp", "", "src/loose.cpp"),
    ],
    "include_spelling": [
        ("src/net/poll.cpp", '#include "loop.hpp"\n', "src/net/poll.cpp"),
        ("src/net/poll.cpp", '#include "net/nowhere.hpp"\n', "src/net/poll.cpp"),
        ("src/net/poll.cpp", "#include <util/json.hpp>\n", "src/net/poll.cpp"),
    ],
    "public_includes": [
        ("include/confab/json.hpp", "/// J\n#include <rapidjson/document.h>\n", "include/confab/json.hpp"),
        ("include/confab/text.hpp", "/// T\n#include <fmt/format.h>\n", "include/confab/text.hpp"),
        ("include/confab/secret.hpp", '/// S\n#include "util/secret.hpp"\n', "include/confab/secret.hpp"),
        ("include/confab/unix.hpp", "/// U\n#include <unistd.h>\n", "include/confab/unix.hpp"),
    ],
    "c_includes": [
        ("capi/include/confab.h", "/// C\n#include <unistd.h>\n", "capi/include/confab.h"),
        ("capi/stream.cpp", '#include "util/log.hpp"\n', "capi/stream.cpp"),
        ("capi/stream.cpp", '#include "queue.hpp"\n', "capi/stream.cpp"),
    ],
    "third_party": [
        ("src/matrix/sync.cpp", "#include <rapidjson/reader.h>\n", "src/matrix/sync.cpp"),
        ("src/util/json_text.cpp", "#include <rapidjson/reader.h>\n", "src/util/json_text.cpp"),
        ("src/matrix/client.cpp", "#include <curl/curl.h>\n", "src/matrix/client.cpp"),
        ("src/gateway/socket.cpp", "#include <boost/beast.hpp>\n", "src/gateway/socket.cpp"),
        ("src/services/outbox.cpp", "#include <boost/asio/post.hpp>\n", "src/services/outbox.cpp"),
        ("src/store/memory_store.cpp", "#include <sqlite3.h>\n", "src/store/memory_store.cpp"),
        ("src/store/sqlite_store.cpp", "#include <libpq-fe.h>\n", "src/store/sqlite_store.cpp"),
        ("include/confab/tls.hpp", "/// T\n#include <openssl/ssl.h>\n", "include/confab/tls.hpp"),
        ("include/confab/log.hpp", "/// L\n#include <fmt/core.h>\n", "include/confab/log.hpp"),
        ("src/util/options.cpp", "#include <CLI/CLI.hpp>\n", "src/util/options.cpp"),
    ],
    "link_direction": [
        ("CMakeLists.txt", "confab_layer(util LEFT net)\n", "CMakeLists.txt"),
        ("CMakeLists.txt", 'confab_layer(util LEFT "")\nconfab_layer(store LEFT chat LINK x)\n', "CMakeLists.txt"),
    ],
    "file_names": [(f"src/net/{stem}.cpp", "", f"src/net/{stem}.cpp")
                   for stem in ("manager", "helper", "utils", "common", "misc", "base", "impl", "room_manager",
                                "sync_utils", "base_client", "RoomList", "room-list")]
                  + [("include/confab/common.hpp", "/// C\n", "include/confab/common.hpp"),
                     ("tests/unit/net/test_helper.hpp", "", "tests/unit/net/test_helper.hpp")],
    "file_length": [
        ("src/net/long.cpp", "\n" * (rules.LONGEST_FILE + 1), "src/net/long.cpp"),
        ("include/confab/long.hpp", "// c\n" * (rules.LONGEST_FILE + 1), "include/confab/long.hpp"),
    ],
    "header_comments": [
        ("include/confab/bare.hpp", "int a;\nint b;\n/// c\n", "include/confab/bare.hpp"),
        ("include/confab/bare.hpp", "int a;  ///< documented\nint b;\n", "include/confab/bare.hpp"),
        ("capi/include/confab.h", "int a;\nint b;\n/// c\n", "capi/include/confab.h"),
        ("include/confab/bare.hpp", "/* one */ int z;\nint a;\nint b;\n", "include/confab/bare.hpp"),
    ],
    "top_level": [
        ("NOTES.md", "", "NOTES.md"),
        ("lib/thing.txt", "", "lib"),
        (".travis.yml", "", ".travis.yml"),
    ],
    "devices_stay": [
        ("src/credentials/mint.cpp", "matrix::Logout request;\n", "src/credentials/mint.cpp"),
        ("src/services/user.cpp", "request.log_out_devices(true);\n", "src/services/user.cpp"),
        ("src/chat/reset.cpp", "AdminDeleteDevices request(user);\n", "src/chat/reset.cpp"),
    ],
    "machine_paths": [
        ("docs/index.md", f"see {HOME}ana/confab\n", "docs/index.md"),
        ("scripts/demo", f"#!/bin/sh\nset -eu\ncd {HOME}ana\n", "scripts/demo"),
        ("src/util/json.cpp", f'const char* x = "{HOME}ana/x";\n', "src/util/json.cpp"),
    ],
    "scripts_parse": [
        ("scripts/demo", "#!/usr/bin/env bash\nset -euo pipefail\nif true; then\n", "scripts/demo"),
        ("scripts/demo", "#!/usr/bin/env bash\necho 'and on after an error'\n", "scripts/demo"),
        ("tests/run.sh", "#!/bin/sh\nset -eu\n(\n", "tests/run.sh"),
    ],
}


def tree_with(folder, files):
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return rules.Tree(folder)


class Rules(unittest.TestCase):
    def test_a_clean_tree_has_no_violation(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = tree_with(folder, CLEAN)
            for rule in rules.ALL:
                self.assertEqual([], list(rule(tree)), rule.__name__)

    def test_every_rule_has_a_planted_violation(self):
        self.assertEqual({rule.__name__ for rule in rules.ALL}, set(PLANTED))

    def test_a_missing_top_level_entry_is_reported(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = tree_with(folder, {name: text for name, text in CLEAN.items() if name != "SECURITY.md"})
            self.assertEqual([("SECURITY.md", 0, "is missing at the top level")], list(rules.top_level(tree)))

    def test_half_comments_is_enough(self):
        self.assertEqual(0.5, rules.comment_share_of("/// a\n\nint a;\n"))
        self.assertEqual(0.5, rules.comment_share_of("int a;  ///< a\n"))


def noticed(rule, path, content, named):
    def test(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = tree_with(folder, {**CLEAN, path: content})
            self.assertIn(named, [violation[0] for violation in rule(tree)])
    return test


for each in rules.ALL:
    for index, planted in enumerate(PLANTED.get(each.__name__, ())):
        setattr(Rules, f"test_{each.__name__}_{index}", noticed(each, *planted))

if __name__ == "__main__":
    unittest.main()
