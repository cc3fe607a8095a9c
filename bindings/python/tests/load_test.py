"""The measurements of bench/, short: that memory is flat, what an event costs, and whose time a busy thread takes."""

import json
import os
import subprocess
import sys

from conftest import FAKE, PACKAGE


def measured(script, *options):
    done = subprocess.run([sys.executable, "-B", str(PACKAGE / "bench" / script), *options], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, "CONFAB_FAKE_HOMESERVER": FAKE})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_events_come_and_memory_stays():
    told = measured("throughput.py", "--events", "30000", "--operations", "5000")
    assert told["events"] == 30000 and told["operations_per_second"] > 0
    # 20,000 events in a second of one core; the time on the clock would be that of whatever else runs here.
    assert told["cpu_us_per_event"] < 50
    # 27,000 events kept would take more than ten times as much.
    assert told["kilobytes_at_the_end"] - told["kilobytes_at_a_tenth"] < 4096


def test_a_busy_thread_takes_the_host_s_time_and_not_the_library_s():
    told = measured("busy_host.py", "--users", "5", "--rounds", "1", "--seconds", "1")["burning"]
    assert told["library"]["count"] > 20
    assert told["library"]["median"] < told["python"]["median"]
