"""Every endpoint class is called on a real Synapse: what it answers is decoded, what it refuses has its typed error."""

import base64
import hmac
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import harness

DRIVER = Path(os.environ.get("CONFAB_ENDPOINTS_DRIVER",
                             harness.SOURCE / "build" / "dev" / "tests" / "integration" / "endpoints_driver"))
HEADERS = harness.SOURCE / "src" / "matrix" / "endpoints"
# Synapse answers it only where another service issues its tokens.
NEVER_ANSWERED = {"GetAuthMetadata"}


def signed_login(key, localpart):
    """A JSON Web Token for the next minutes."""
    claims = {"sub": localpart, "exp": int(time.time()) + 600}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256"}, claims)]
    mac = hmac.new(key.encode(), b".".join(parts), "sha256").digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def endpoint_classes():
    found = set()
    for header in HEADERS.glob("*.hpp"):
        for name, body in re.findall(r"^class (\w+) \{\n(.*?)^\};", header.read_text(), re.M | re.S):
            if "using Answer =" in body:
                found.add(name)
    return found


class Endpoints(unittest.TestCase):
    def test_all_of_them(self):
        folder = Path(tempfile.mkdtemp(prefix="confab-integration-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        homeserver = harness.Homeserver(folder / "synapse", "--appservice", "--publish-rooms", "--jwt")
        self.addCleanup(homeserver.stop)
        about = homeserver.about
        done = subprocess.run([str(DRIVER)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=harness.PATIENCE, env={
                                  **os.environ, "CONFAB_HOMESERVER": about["url"],
                                  "CONFAB_SERVER_NAME": about["server_name"],
                                  "CONFAB_ADMIN_PASSWORD": Path(about["admin_password_file"]).read_text().strip(),
                                  "CONFAB_APPSERVICE_TOKEN": Path(about["appservice_token_file"]).read_text().strip(),
                                  "CONFAB_JWT": signed_login(Path(about["jwt_secret_file"]).read_text().strip(), "session_ana")})
        self.assertEqual(0, done.returncode, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}")
        tally = {name: (int(answered), int(refused)) for name, answered, refused in
                 (line.split() for line in done.stdout.split("== tally\n")[1].splitlines())}
        classes = endpoint_classes()
        self.assertGreater(len(classes), 60)
        self.assertEqual(set(), classes - set(tally), "endpoints that the driver never calls")
        self.assertEqual(NEVER_ANSWERED, {name for name in classes if tally[name][0] == 0}, "never answered")
        self.assertEqual(set(), {name for name in classes if tally[name][1] == 0}, "never seen to be refused")


if __name__ == "__main__":
    harness.main()
