"""What must be true after a storm. What can be judged from what was seen alone is a function, so that a test can show it
what does not hold; the rest asks the homeserver, the store, or a new process."""

import json
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from traces import Secrets, files

SEND = ("PUT", r"/_matrix/client/v3/rooms/[^/]+/send/m\.room\.message/.*")
LOGIN = ("POST", r"/_matrix/client/v3/login")
REFRESH = ("POST", r"/_matrix/client/v3/refresh")
PUPPET_LOGIN = ("POST", r"/_synapse/admin/v1/users/[^/]+/login")
TOKENS = ("POST", "|".join(pattern for _, pattern in (LOGIN, REFRESH, PUPPET_LOGIN)))
REGISTER = ("POST", r"/_matrix/client/v3/register")
USER_PUT = ("PUT", r"/_synapse/admin/v2/users/[^/]+")
ADMIN = "admin"  # the library's own account
AT_ONCE = 30  # seconds: far more than somebody new needs, far less than the 333 s until Synapse lets a login in again


def count_faults(users, before, after, given, reasons=("recovery",)):
    """`before` and `after` are what the store counts for each user, by reason; `given` is how many tokens the homeserver
    gave each in between, as the proxy saw it. One of them was a recovery, or had another of these reasons, where any are
    named, and the store knows of every other one."""
    wrong = []
    for user in users:
        made = Counter(after.get(user, {}))
        made.subtract(before.get(user, {}))
        recovered = sum(made[reason] for reason in reasons)
        if reasons and recovered != 1:
            wrong.append(f"the store counts {recovered} recoveries of {user}")
        if sum(made.values()) != given.get(user, 0):
            wrong.append(f"{user} was given {given.get(user, 0)} tokens, of which the store counts {sum(made.values())}")
    return wrong


def identity_faults(before, after, may_lack_device=False):
    """Both {"accounts": all names, "users": {user: {"user_id", "device_id", "devices"}}}: nothing may differ. Where a user
    waits for a login with the admin's token there is no device, but none may be there that was not."""
    wrong = [f"the account {name} is {'gone' if name in before['accounts'] else 'new'}"
             for name in before["accounts"] ^ after["accounts"]]
    for user, was in before["users"].items():
        now = after["users"].get(user, {})
        if now.get("user_id") != was["user_id"]:
            wrong.append(f"who was {was['user_id']} is {now.get('user_id')}")
        without = may_lack_device and now.get("devices") == [] and now.get("device_id") is None
        if not without and (now.get("device_id"), now.get("devices")) != (was["device_id"], was["devices"]):
            wrong.append(f"{user} was on {was['device_id']} of {was['devices']} and is on {now.get('device_id')} of "
                         f"{now.get('devices')}")
    return wrong


def late_write_faults(minted, used):
    """`minted`: (when, user, token) in order. `used`: (when, user, token, status) of what was asked for by a process that
    knows nothing but the store: each by the token that was minted last for this user by then, and let in."""
    wrong = []
    for when, user, token, status in used:
        last = [each for at, whose, each in minted if whose == user and at <= when]
        if not last or token != last[-1]:
            wrong.append(f"the store gave {user} the token number {last.index(token) + 1 if token in last else '?'} of "
                         f"{len(last)}")
        elif status != 200:
            wrong.append(f"the stored token of {user} was answered {status}")
    return wrong


def session_faults(began, session, logins, refreshes):
    """`began`: when the session of each began. `logins` and `refreshes`: (when, user, status) of what was asked for since
    then, for as long as none ends for the second time. When it is over, and not before, a refresh is refused, and then
    one login is let in; the admin has nothing to refresh."""
    wrong = []
    for user, at in began.items():
        answers = [(when >= at + session, status) for when, whose, status in logins if whose == user]
        if answers != [(True, 200)]:
            wrong.append(f"the logins of {user} were (after the session's end, status) {answers}")
        ends = [when >= at + session for when, whose, status in refreshes if whose == user and status == 403]
        if user != ADMIN and ends != [True]:
            wrong.append(f"refreshes of {user} were refused (after the session's end) {ends}")
    strange = [each for each in refreshes if each[2] not in (200, 403)]
    return wrong + [f"a refresh was answered {status} for {user}" for _, user, status in strange]


def newcomer_faults(seconds):
    """Whoever is new after a storm waits for none of those logins that recoveries may have used up."""
    return [f"a new user had spoken after {seconds:.1f} s, at most {AT_ONCE} are allowed"] if seconds > AT_ONCE else []


def hold_true(wrong):
    if wrong:
        raise AssertionError(f"{len(wrong)} faults: {'; '.join(wrong[:4])}")


class Mark:
    """How things stand before tokens die."""

    def __init__(self, storm, tokens_live=True):
        self.identities, self.made = storm.identities(tokens_live), storm.stored_counts()
        self.since = time.monotonic()


class Judges:
    """Those of a Storm, which has the world that they look at."""

    # ---- messages ----

    def bodies(self):
        """Every text of every room and who said it, as the operator reads it."""
        found = Counter()
        for room in self.room_ids.values():
            start = ""
            while start is not None:
                status, page = self.matrix.call(
                    "GET", f"/_synapse/admin/v1/rooms/{quote(room)}/messages?dir=b&limit=500{start}", token=self.operator)
                if status != 200:
                    raise AssertionError(f"the operator cannot read {room}: {page}")
                found.update((event["content"].get("body"), event["sender"]) for event in page["chunk"]
                             if event["type"] == "m.room.message")
                start = f"&from={quote(page['end'])}" if page.get("end") and page["chunk"] else None
        return found

    def each_text_once(self):
        said = self.bodies()
        found = Counter()
        for (text, _), count in said.items():
            found[text] += count
        lost = [text for text in self.texts if found[text] == 0]
        twice = [text for text in self.texts if found[text] > 1]
        if lost or twice or sum(found.values()) != len(self.texts):
            raise AssertionError(f"of {len(self.texts)} texts {len(lost)} are lost {lost[:3]}, {len(twice)} are there "
                                 f"twice {twice[:3]}, {sum(found.values())} are in the rooms")
        hold_true([f"{text!r} of {self.said_by[text]} was said by {sender}" for text, sender in said
                   if self.said_by[text] in self.user_ids and sender != self.user_ids[self.said_by[text]]])

    # ---- tokens ----

    def minted(self, but=()):
        """(when, user id, token) of each token that somebody was given through the proxy, in order; not by those exchanges
        that are named."""
        owners, found = {}, []
        for each in sorted(self.proxy.seen(*TOKENS), key=lambda exchange: exchange.ended):
            if each.status != 200 or each in but:
                continue
            answer = json.loads(each.answer)
            if each.matches(*REFRESH):
                user = owners[json.loads(each.body)["refresh_token"]]
            else:
                user = each.path.split("/")[-2] if each.matches(*PUPPET_LOGIN) else answer["user_id"]
            owners[answer.get("refresh_token")] = user
            found.append((each.ended, user, answer["access_token"]))
        return found

    def last_tokens(self):
        return {user: token for _, user, token in self.minted()}

    def given(self, since, but=()):
        """How many tokens each was given since then, by user id; not by those exchanges that are named."""
        return Counter(user for when, user, _ in self.minted(but) if when >= since)

    def stored_counts(self):
        """How often the store says that a token was made, by user id and reason."""
        done = self.work.run("store", "export")
        if done.code != 0:
            raise AssertionError(str(done))
        records = {line["key"]: line["value"] for line in done.lines if line.get("key", "").startswith("token/")}
        return {key[len("token/"):]: (json.loads(value) if isinstance(value, str) else value).get("made", {})
                for key, value in records.items()}

    def one_recovery_each(self, mark, users=None, reasons=("recovery",)):
        """In the store, in the proxy's log, and by what the processes tell of themselves. How many had which reason."""
        users = list(users or self.user_ids.values())
        hold_true(count_faults(users, mark.made, self.stored_counts(), self.given(mark.since), reasons))
        told = Counter()
        for host in self.hosts:
            told.update(self.done(host, [host.order("metrics")])[0]["made"])
        if sum(told[reason] for reason in reasons) != len(users):
            raise AssertionError(f"of {len(users)} users the processes tell that they made tokens as {dict(told)}")
        return {reason: told[reason] for reason in ("recovery", "renewal", "move")}

    def stored_tokens_are_the_last(self, but=()):
        """A new process has of everybody the token that was minted last, but for those minted too late, by these exchanges:
        nobody wrote an older one over it."""
        host = self.begin_host()
        since = time.monotonic()
        begun = self.sends(len(self.users), "by the store alone", host=host)
        self.confirmed(begun)
        used = []
        for each in self.proxy.seen(*SEND, since=since):
            text = json.loads(each.body)["body"]
            used.append((each.begun, self.user_ids[self.said_by[text]], each.token, each.status))
        if len(used) < len(self.users):
            raise AssertionError(f"the new process sent {len(used)} messages for {len(self.users)} users")
        hold_true(late_write_faults(self.minted(but), used))

    def logins(self, since=0.0):
        """(when, localpart, status) of each."""
        names = ((each, json.loads(each.body)["identifier"]["user"]) for each in self.proxy.seen(*LOGIN, since=since))
        return [(each.begun, name.removeprefix("@").split(":")[0], each.status) for each, name in names]

    def refreshes(self, since=0.0):
        """(when, localpart, status, refresh token) of each."""
        owners, found = {}, []
        for each in sorted(self.proxy.seen(*TOKENS), key=lambda exchange: exchange.ended):
            answer = json.loads(each.answer) if each.status == 200 else {}
            if each.matches(*REFRESH):
                spent = json.loads(each.body)["refresh_token"]
                user = owners[spent]
                found.append((each.begun, user[1:].split(":")[0], each.status, spent))
            else:
                user = answer.get("user_id")
            owners[answer.get("refresh_token")] = user
        return [each for each in found if each[0] >= since]

    def refused_logins(self, since=0.0):
        return [each for pattern in (LOGIN, PUPPET_LOGIN) for each in self.proxy.seen(*pattern, since=since)
                if each.status == 429]

    # ---- accounts ----

    def identities(self, tokens_live=True):
        """Who the homeserver says that each user is, by the token minted last, where that has not ended by itself, and
        which devices and accounts there are."""
        last, users = self.last_tokens(), {}
        for user in self.user_ids.values():
            status, me = 200, {"user_id": user}
            if tokens_live:
                status, me = self.matrix.call("GET", "/_matrix/client/v3/account/whoami", token=last[user])
            if status != 200:
                raise AssertionError(f"the last token of {user} is answered {status}: {me}")
            status, answer = self.matrix.call("GET", f"/_synapse/admin/v2/users/{quote(user)}/devices", token=self.operator)
            if status != 200:
                raise AssertionError(f"the operator cannot see the devices of {user}: {answer}")
            users[user] = {"user_id": me["user_id"], "device_id": me.get("device_id"),
                           "devices": sorted(device["device_id"] for device in answer["devices"])}
        accounts, start = set(), ""
        while start is not None:
            status, page = self.matrix.call("GET", f"/_synapse/admin/v2/users?limit=500&deactivated=true{start}",
                                            token=self.operator)
            if status != 200:
                raise AssertionError(f"the operator cannot list the accounts: {page}")
            accounts |= {account["name"] for account in page["users"]}
            start = f"&from={page['next_token']}" if "next_token" in page else None
        return {"accounts": accounts, "users": users}

    def nothing_changed_hands(self, since=0.0, passwords_of=()):
        """Nothing that the library asked for logs anybody out, deletes a device or sets a password; of these user ids it may
        set that, and nothing else."""
        forbidden = [each for method, pattern in (
            ("POST", r"/_matrix/client/v3/logout(/all)?"), ("POST", r"/_synapse/admin/v1/reset_password/.*"),
            ("DELETE", r"/_synapse/admin/v2/users/.*/devices/.*"), ("POST", r"/_synapse/admin/v2/users/.*/delete_devices"))
            for each in self.proxy.seen(method, pattern, since)]
        passwords = []
        for each in self.proxy.seen(*USER_PUT, since=since):
            body = json.loads(each.body or b"{}")
            alone = {"password": body.get("password"), "logout_devices": False}
            if "password" in body and not (each.path.split("/")[-1] in passwords_of and body == alone):
                passwords.append(each)
        if forbidden or passwords:
            raise AssertionError(f"the library asked for {(forbidden + passwords)[:3]}")

    # ---- secrets ----

    def secrets_found(self):
        """Every place that holds a secret in plain, of all that the run left or showed: files of the library, what its
        processes said and answered, their command lines and environments, the database and its log."""
        admin = Path(self.homeserver.about["admin_password_file"]).read_text(encoding="utf-8").strip()
        key = (self.work.folder / "keys").read_text().split()[1]
        database = {self.database["password"]} if self.database else set()
        secrets = Secrets(self.proxy.secrets() | {admin, key} | database)
        places = [("what the hosts said", bytes(self.errors)), ("what the hosts answered", bytes(self.output)),
                  *self.processes.seen("cmdline"),
                  *files(self.work.folder, but=("keys", "appservice.yaml", "confab.json"))]
        if self.database:
            places += [("the database", self.dump()), ("its log", Path(self.database["log"]).read_bytes())]
        found = secrets.found(places)
        found += secrets.found(self.processes.seen("environ"), given={admin} | database)
        found += secrets.found([("the configuration", self.work.config.read_bytes())], given=database)
        return found, len(secrets.wanted)

    def nothing_leaked(self):
        """How many secrets were looked for."""
        if b" DEBUG " not in self.errors:
            raise AssertionError("the hosts did not log all that they can")
        if not any(b"host_process.py" in content for _, content in self.processes.seen("cmdline")):
            raise AssertionError("the list of processes was not looked at")
        places, count = self.secrets_found()
        if places:
            raise AssertionError(f"secrets stand in {places[:5]}")
        return count
