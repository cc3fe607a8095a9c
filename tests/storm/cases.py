"""The cases of a storm: each gives what it measured, or fails by an AssertionError that says what did not hold."""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from counting_proxy import LOST
from judges import (LOGIN, PUPPET_LOGIN, REFRESH, REGISTER, SEND, USER_PUT, Mark, count_faults, hold_true, identity_faults,
                    newcomer_faults, session_faults)
from outbox_kills import Kills
from storm import FAKE_HOMESERVER, IDENTITIES, Storm, harness
from traces import Secrets, files


def rows_deleted(folder, users, sends, say):
    """All users' tokens are deleted in the homeserver's database under durable sends through one process."""
    with Storm(folder, users, say=say) as storm:
        storm.confirmed(storm.sends(len(storm.users), "before"))
        mark = Mark(storm)
        begun = storm.sends(sends, "during", durable=True)
        some_sent(storm, "during")
        gone = storm.delete_rows()
        say(f"{gone} tokens deleted, Synapse is back")
        storm.confirmed(begun)
        return judged(storm, mark, say)


def logged_out(folder, users, sends, say):
    """Each user's token is logged out; 50 answers to sends are lost, and Synapse is restarted before the repeats."""
    with Storm(folder, users, say=say) as storm:
        storm.confirmed(storm.sends(len(storm.users), "before"))
        mark = Mark(storm)
        storm.log_out()
        lost = min(50, sends // 4)
        storm.proxy.lose_answers(*SEND, lost)
        begun = storm.sends(sends, "during", durable=True)
        until(lambda: storm.proxy.faults_left() == 0, "answers to lose")
        storm.homeserver.kill()
        storm.homeserver.restart()
        say(f"{lost} answers lost, Synapse is back")
        storm.confirmed(begun)
        return {"answers_lost": lost, **judged(storm, mark, say, interrupted=True)}


def devices_die(folder, users, sends, say, own_limits=True):
    """Users on devices of their own: 50 answers to sends are lost, and before anybody can ask again the devices of half
    of the users are deleted by the admin, the others log out everywhere, and Synapse is restarted. For the start logins
    are not limited, 200 users would wait 18 hours for devices; with that restart Synapse's own limits come into force,
    and access is `auto`: who is refused goes on by the admin's token."""
    with Storm(folder, users, access="device", logins_per_second=1000, say=say) as storm:
        storm.confirmed(storm.sends(len(storm.users), "before"))
        busy = storm.done(storm.hosts[0], [storm.hosts[0].order("metrics")])[0]["busy"]
        if own_limits:
            storm.finish()
            storm.change_access("auto")
            storm.begin_host()
            storm.confirmed(storm.sends(len(storm.users), "by a new process"))
        mark = Mark(storm)
        if any(each["devices"] != ["CONFAB"] for each in mark.identities["users"].values()):
            raise AssertionError("not everybody is on a device")
        lost = min(50, users // 2)
        storm.proxy.lose_answers(*SEND, lost, stay_cut=True)
        begun = storm.sends(sends, "during", durable=True)
        until(lambda: storm.proxy.faults_left() == 0, "answers to lose")
        storm.proxy.cut_off()
        storm.devices_die()
        storm.homeserver.kill()
        if own_limits:
            storm.own_login_limits()
        storm.homeserver.restart()
        storm.proxy.let_through()
        say(f"{lost} answers lost, all devices are dead, Synapse is back")
        storm.confirmed(begun)
        report = judged(storm, mark, say, may_lack_device=own_limits)
        logins = [each.status for each in storm.proxy.seen(*LOGIN, since=mark.since)]
        return {"answers_lost": lost, "logins": len(logins), "busy_at_the_start": busy, **report}


def devices_die_unlimited(folder, users, sends, say):
    """The same with access `device` and logins without limits until the end: everybody comes back to the same device."""
    return devices_die(folder, users, sends, say, own_limits=False)


def rows_deleted_device(folder, users, sends, say, hosts=1, store="sqlite"):
    """Users on devices of their own: all their access tokens are deleted in the homeserver's database under durable sends,
    refresh tokens stay. Each is spent once, and nobody logs in. For the start logins are not limited; no token ends by
    itself, so that none is refreshed for that."""
    with Storm(folder, users, hosts=hosts, store=store, access="device", logins_per_second=1000, token_life=86400,
               say=say) as storm:
        storm.confirmed(storm.sends(hosts * len(storm.users), "before"))  # every process knows every user's token
        mark = Mark(storm)
        if any(each["devices"] != ["CONFAB"] for each in mark.identities["users"].values()):
            raise AssertionError("not everybody is on a device")
        begun = storm.sends(sends, "during", durable=True)
        some_sent(storm, "during")
        storm.own_login_limits()
        gone = storm.delete_rows()
        say(f"{gone} tokens deleted, Synapse is back")
        storm.confirmed(begun)
        report = judged(storm, mark, say)
        refreshed = [json.loads(each.body)["refresh_token"] for each in storm.proxy.seen(*REFRESH, since=mark.since)]
        logins = [each for pattern in (LOGIN, PUPPET_LOGIN) for each in storm.proxy.seen(*pattern, since=mark.since)
                  if b"late" not in each.body]  # who is new has to log in
        if logins or len(refreshed) != len(storm.users) or len(set(refreshed)) != len(refreshed):
            raise AssertionError(f"{len(set(refreshed))} tokens of {len(storm.users)} users were refreshed by "
                                 f"{len(refreshed)} requests, with these logins beside: {logins[:5]}")
        return {"refreshed": len(refreshed), "logins": len(logins), **report}


def four_processes_device(folder, users, sends, say):
    """The same through four processes with one SQLite file between them."""
    return rows_deleted_device(folder, users, sends, say, hosts=4)


def four_processes_device_postgresql(folder, users, sends, say):
    """The same with a PostgreSQL between them."""
    return rows_deleted_device(folder, users, sends, say, hosts=4, store="postgresql")


def four_processes(folder, users, sends, say, store="sqlite"):
    """The same users act through four processes with one SQLite file between them."""
    with Storm(folder, users, hosts=4, store=store, say=say) as storm:
        storm.confirmed(storm.sends(4 * len(storm.users), "before"))  # every process knows every user's token
        mark = Mark(storm)
        begun = storm.sends(sends, "during", durable=True)
        some_sent(storm, "during")
        storm.delete_rows()
        say("Synapse is back")
        storm.confirmed(begun)
        return judged(storm, mark, say)


def four_processes_postgresql(folder, users, sends, say):
    """The same with a PostgreSQL between them."""
    return four_processes(folder, users, sends, say, store="postgresql")


def admin_too(folder, users, sends, say):
    """The admin's token dies with those of the users, and Synapse is killed in the middle of what follows."""
    with Storm(folder, users, say=say) as storm:
        storm.confirmed(storm.sends(len(storm.users), "before"))
        mark = Mark(storm)
        storm.kill_admin_token()
        storm.delete_rows()
        begun = storm.sends(sends, "during", durable=True)
        until(lambda: sum(storm.given(mark.since).values()) >= len(storm.users) // 4, "recoveries")
        storm.homeserver.kill()
        storm.homeserver.restart()
        say("Synapse is back for the second time")
        storm.confirmed(begun)
        # A token that was made and whose answer the kill took is nobody's: it is asked for again, and that one counts.
        admin = f"@{storm.homeserver.about['admin_user']}:{storm.homeserver.about['server_name']}"
        return judged(storm, mark, say, also=[admin], interrupted=True)


WHENS = ("asked", "answered")


def holder_stopped(folder, users, sends, say):
    """A process that makes a token is stopped for longer than its lease, before the homeserver hears of it and after."""
    with Storm(folder, 2, hosts=2, say=say) as storm:
        storm.confirmed(storm.sends(4, "before"))
        mark = Mark(storm)
        storm.delete_rows()
        return while_stopped(storm, mark, {
            f"login-as-user {when}":
                (user, storm.proxy.hold("POST", f"/_synapse/admin/v1/users/{re.escape(storm.user_ids[user])}/login", when))
            for when, user in zip(WHENS, storm.users)})


def holder_stopped_device(folder, users, sends, say):
    """The same at each step that leads to a token of the user's own device: two users can refresh; two have to log in; of
    two somebody has changed the password, so that the admin sets it before they log in."""
    with Storm(folder, 6, hosts=2, access="device", logins_per_second=1000, token_life=86400, say=say) as storm:
        storm.confirmed(storm.sends(12, "before"))
        mark = Mark(storm)
        names = [storm.user_ids[user] for user in storm.users]
        storm.change_passwords(names[4:])
        storm.delete_rows(refreshed_no_more=names[2:])
        pairs = {pair["user_id"]: pair for pair in (json.loads(each.answer) for each in storm.proxy.seen(*LOGIN))}
        steps = {}
        for i, (user, name) in enumerate(zip(storm.users, names)):
            what, pattern, body = (("refresh", REFRESH, pairs[name]["refresh_token"]),
                                   ("login", LOGIN, name[1:].split(":")[0]),
                                   ("PUT", ("PUT", f"/_synapse/admin/v2/users/{re.escape(name)}"), "password"))[i // 2]
            when = WHENS[i % 2]
            steps[f"{what} {when}"] = user, storm.proxy.hold(*pattern, when, body.encode())
        return while_stopped(storm, mark, steps, passwords_of=names[4:])


def while_stopped(storm, mark, steps, passwords_of=()):
    """`steps`: which user is in it, and what is held. Each has one recovery, by the other process: what the stopped one was
    given, or asks for when it goes on, takes nothing from it."""
    first, second = storm.hosts
    held = [each for _, each in steps.values()]
    begun = [storm.sends(1, f"stopped, {step}", host=first, by=user) for step, (user, _) in steps.items()]
    if not all(each.there.wait(60) for each in held):
        raise AssertionError(f"nobody asked for {[step for step, (_, each) in steps.items() if not each.there.is_set()]}")
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        waited = {}  # since the stopped one asked: its lease had 15 s or more then
        others = {step: storm.sends(1, f"other, {step}", host=second, by=user) for step, (user, _) in steps.items()}
        for step, other in others.items():
            storm.confirmed(other)
            waited[step] = round(time.monotonic() - steps[step][1].exchange.begun, 1)
    finally:
        for each in held:
            each.let_go()
        os.kill(first.process.pid, signal.SIGCONT)
    for each in begun:
        storm.confirmed(each)
    count = 2 * len(storm.users)
    for name, host in (("first", first), ("second", second)):  # both go on with tokens that live
        storm.confirmed(storm.sends(count, f"{name} goes on", host=host))
    late = [each.exchange for each in held]
    hold_true(count_faults(storm.user_ids.values(), mark.made, storm.stored_counts(), storm.given(mark.since, but=late)))
    storm.say(f"the other process waited {waited} s")
    hold_true(identity_faults(mark.identities, storm.identities()))
    storm.stored_tokens_are_the_last(but=late)
    storm.each_text_once()
    storm.nothing_changed_hands(mark.since, passwords_of)
    storm.finish()
    return {"waited_s": waited, "secrets_looked_for": storm.nothing_leaked()}


def logins_spent(folder, users, sends, say, rate=None):
    """Somebody else has spent the address's five logins: the library's own is refused once, and waits as it is told. On
    Synapse's own limits, or at another `rate` of logins in a second."""
    with Storm(folder, 2, spend=True, logins_per_second=rate, say=say) as storm:
        logins = storm.proxy.seen(*LOGIN)
        refused = [each for each in logins if each.status == 429]
        accepted = [each for each in logins if each.status == 200]
        if len(refused) != 1 or len(accepted) != 1:
            raise AssertionError(f"logins were answered {[each.status for each in logins]}")
        told = json.loads(refused[0].answer)["retry_after_ms"] / 1000
        waited = accepted[0].begun - refused[0].ended
        if waited < told:
            raise AssertionError(f"asked again after {waited:.1f} s, told to wait {told:.1f} s")
        storm.confirmed(storm.sends(4, "before"))
        storm.each_text_once()
        storm.finish()
        return {"told_to_wait_s": told, "waited_s": round(waited, 1), "secrets_looked_for": storm.nothing_leaked()}


def refreshes(folder, users, sends, say, life=300):
    """Three users on devices of their own, whose tokens end after five minutes, go on for several lives of them; three
    answers to a refresh are lost."""
    with Storm(folder, 3, access="device", token_life=life, say=say) as storm:
        storm.confirmed(storm.sends(3, "before"))
        mark, spoken = Mark(storm, tokens_live=False), 0
        since = mark.since
        storm.proxy.lose_answers(*REFRESH, 3)
        while time.monotonic() < since + 2.5 * life:  # time has to pass: that is what tokens end by
            spoken += 1
            storm.confirmed(storm.sends(3, f"round {spoken}"))
            time.sleep(life / 60)
        if storm.proxy.faults_left():
            raise AssertionError("no answer to a refresh was lost")
        asked = storm.proxy.seen(*REFRESH, since=since)
        wrong = [each for each in asked if each.status not in (200, LOST)]
        wrong += [each for method in ("GET", "PUT", "POST") for each in storm.proxy.seen(method, ".*", since)
                  if each.status == 401]
        wrong += storm.proxy.seen(*LOGIN, since=since)
        if wrong:
            raise AssertionError(f"a token was not refreshed ahead, or was lost: {wrong[:5]}")
        spent, lost = (Counter(json.loads(each.body)["refresh_token"] for each in asked if each.status == status)
                       for status in (200, LOST))
        if max(spent.values()) > 1 or lost.keys() - spent.keys():
            raise AssertionError(f"{sum(spent.values())} refreshes spent {len(spent)} tokens; "
                                 f"{len(lost.keys() - spent.keys())} were lost with their answers")
        if len(spent) < 3 * 2:
            raise AssertionError(f"only {len(spent)} tokens were refreshed")
        hold_true(identity_faults(mark.identities, storm.identities(tokens_live=False)))
        storm.each_text_once()
        storm.finish()
        return {"texts": len(storm.texts), "refreshed": len(spent), "answers_lost": sum(lost.values()),
                "secrets_looked_for": storm.nothing_leaked()}


def session_ends(folder, users, sends, say, life=300, session=1800, rate=None):
    """Three users on devices of their own, whose sessions end under them: then neither token is good for anything, and each
    logs in once, on the same device; so does the admin. On Synapse's own limits the five logins of the beginning have
    come back by then; for a shorter session at a `rate` at which they have as well."""
    with Storm(folder, 3, access="device", token_life=life, session_life=session, logins_per_second=rate, say=say) as storm:
        storm.confirmed(storm.sends(3, "before"))
        mark, spoken = Mark(storm, tokens_live=False), 0
        began = {user: when for when, user, status in storm.logins() if status == 200}
        while time.monotonic() < max(began.values()) + 1.25 * session:  # time has to pass: that is what sessions end by
            spoken += 1
            storm.confirmed(storm.sends(3, f"round {spoken}"))
            time.sleep(life / 60)
        storm.operator = storm.matrix.admin_token()  # the operator's session ended as well
        logins, refreshes = storm.logins(mark.since), storm.refreshes(mark.since)
        hold_true(session_faults(began, session, logins, [each[:3] for each in refreshes]))
        spent = Counter(token for *_, token in refreshes)
        refused = [each for method in ("GET", "PUT", "POST") for each in storm.proxy.seen(method, ".*", mark.since)
                   if each.status == 401]
        again = [count for count in (*spent.values(), *Counter(each.token for each in refused).values()) if count > 1]
        if again or len(began) != 4:
            raise AssertionError(f"of {len(began)} who logged in tokens were refreshed, or refused, {again} times")
        hold_true(identity_faults(mark.identities, storm.identities(tokens_live=False)))
        hold_true(count_faults(storm.user_ids.values(), mark.made, storm.stored_counts(), storm.given(mark.since), ()))
        storm.each_text_once()
        storm.nothing_changed_hands(mark.since)
        storm.finish()
        return {"texts": len(storm.texts), "logins": len(logins), "refused_with_401": len(refused),
                "refreshed": sum(status == 200 for _, _, status, _ in refreshes),
                "secrets_looked_for": storm.nothing_leaked()}


def newcomers(folder, users, sends, say, access="auto"):
    """Five times as many users are provisioned, come into rooms of twenty and say one thing each; half-way the process is
    killed, and another one begins again with all of them."""
    most = {"auto": 600, "appservice": 300}[access]
    with Storm(folder, 5 * users, access=access, populated=False, say=say) as storm:
        begun = time.monotonic()
        orders = [{"event": event, "creator": members[0], "user": user, "text": f"{user} is here", "transaction_id": user}
                  for event, members in storm.events.items() for user in members]
        storm.texts = [order["text"] for order in orders]
        storm.said_by = {order["text"]: order["user"] for order in orders}

        def arrive(host):
            """Who makes a room comes first."""
            making = [order for order in orders if order["user"] == order["creator"]]
            storm.done(host, [host.order("arrive", **order) for order in making])
            return host, [host.order("arrive", **order) for order in orders]

        arrive(storm.hosts[0])
        said = len(orders) // 2
        until(lambda: sum(each.status == 200 for each in storm.proxy.seen(*SEND)) >= said, "messages", most)
        say(f"{said} have come in and spoken: the process is killed")
        storm.kill_host(storm.hosts[0])
        for order, arrived in zip(orders, storm.done(*arrive(storm.begin_host()))):
            storm.room_ids[order["event"]] = arrived["room_id"]
        seconds = time.monotonic() - begun
        say(f"all have after {seconds:.1f} s")
        if seconds > most:
            raise AssertionError(f"it took {seconds:.1f} s, at most {most} are allowed")
        storm.each_text_once()
        put = Counter(each.path for each in storm.proxy.seen(*USER_PUT) if b'"password"' not in each.body)
        registered = Counter(json.loads(each.body)["username"] for each in storm.proxy.seen(*REGISTER))
        wrong = {user: count for user, count in (put + registered).items() if count != 1}
        # Those of an application service register, and are named by their own tokens: the admin writes nothing of them.
        if wrong or sorted((len(put), len(registered))) != [0, len(orders)] or bool(registered) != (access == "appservice"):
            raise AssertionError(f"{len(put)} accounts were put and {len(registered)} registered, not each by one request: "
                                 f"{list(wrong.items())[:5]}")
        refused = storm.refused_logins()
        if refused:
            raise AssertionError(f"{len(refused)} logins were answered 429")
        storm.finish()
        limited = [each for method in ("GET", "PUT", "POST") for each in storm.proxy.seen(method, ".*") if each.status == 429]
        return {"users": len(orders), "all_there_s": round(seconds, 1), "logins": len(storm.proxy.seen(*LOGIN)),
                "answers_429": len(limited), "secrets_looked_for": storm.nothing_leaked()}


def newcomers_appservice(folder, users, sends, say):
    """The same, spoken for by an application service."""
    return newcomers(folder, users, sends, say, access="appservice")


def identities(folder, users, sends, say, extra=()):
    """Nine tenths of fifty times as many users belong to one tenant, one tenth to another; all their tokens die at once,
    before the fake homeserver, which limits logins as Synapse does and takes 4 ms for each login-as-user."""
    large, small, store = 45 * users, 5 * users, Path(folder) / "store"
    harness.kept_store(store)
    done = subprocess.run([IDENTITIES, FAKE_HOMESERVER, "--large", str(large), "--small", str(small), "--store", str(store),
                           *extra], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(f"{IDENTITIES} ended with {done.returncode}")
    report = json.loads(done.stdout)
    wrong = report.pop("faults")
    secrets = Secrets({*report.pop("secrets"), (store / "keys").read_text().split()[1]})
    if b"\ndebug " not in (store / "log").read_bytes():
        wrong.append("not all was logged that can be")
    wrong += [f"a secret stands in {name}" for name in secrets.found(files(folder, but=("keys",)))]
    if wrong or done.returncode:
        raise AssertionError("; ".join(wrong))
    say("all of it holds")
    return {**report, "secrets_looked_for": len(secrets.wanted)}


def identities_auto(folder, users, sends, say):
    """The same with access `auto`: some users have come to devices of their own, which die too."""
    return identities(folder, users, sends, say, extra=("--access", "auto"))


def outbox_kills(folder, users, sends, say, lanes=8, restarts=5):
    """As many processes that accept messages for good as there are users elsewhere are killed (kill -9), at every stage, and
    Synapse with them: each accepted message is in its room once and in order."""
    with Kills(folder, lanes, say) as kills:
        report = kills.run(users, restarts)
        say("all of it holds")
        return report


def until(holds, what, seconds=120):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"no more {what} within {seconds} s")
        time.sleep(0.02)


def some_sent(storm, word):
    """Until a tenth is in the rooms: the rest meets what comes."""
    count = sum(text.startswith(word + " ") for text in storm.texts)
    already = len(storm.texts) - count
    until(lambda: sum(each.status == 200 for each in storm.proxy.seen(*SEND)) >= already + count // 10, "messages")


def judged(storm, mark, say, also=(), may_lack_device=False, interrupted=False):
    """Where the tokens of all users died after the mark, and of those in `also`. If the homeserver is gone while a token is
    made, it is made for a later call, which knows nothing of the 401 and counts a renewal: where recoveries were
    `interrupted` these count too."""
    storm.confirmed(storm.sends(len(storm.hosts) * len(storm.users), "after"))  # everybody's token was needed
    made = storm.one_recovery_each(mark, [*storm.user_ids.values(), *also],
                                   ("recovery", "renewal") if interrupted else ("recovery",))
    hold_true(identity_faults(mark.identities, storm.identities(), may_lack_device))
    storm.stored_tokens_are_the_last()
    storm.each_text_once()
    refused = storm.refused_logins()
    if refused:
        raise AssertionError(f"{len(refused)} logins were answered 429")
    storm.nothing_changed_hands(mark.since)
    late = time.monotonic()
    host = storm.hosts[0]
    event = next(iter(storm.events))
    storm.done(host, [host.order("provision", user="late")])
    storm.done(host, [host.order("add", event=event, user="late")])
    storm.done(host, [host.order("send", event=event, user="late", text="late")])
    late = time.monotonic() - late
    hold_true(newcomer_faults(late))
    storm.finish()
    secrets = storm.nothing_leaked()
    dead = [each for method in ("GET", "PUT", "POST") for each in storm.proxy.seen(method, ".*", mark.since)
            if each.status == 401]
    say("all of it holds")
    return {"texts": len(storm.texts), "recoveries": len(storm.users) + len(also), "made": made, "users": len(storm.users),
            "refused_with_401": len(dead), "new_user_s": round(late, 2), "secrets_looked_for": secrets}


CASES = {case.__name__: case
         for case in (rows_deleted, rows_deleted_device, logged_out, devices_die, devices_die_unlimited, four_processes,
                      four_processes_device, four_processes_postgresql, four_processes_device_postgresql, admin_too,
                      holder_stopped, holder_stopped_device, logins_spent, refreshes, session_ends, newcomers,
                      newcomers_appservice, outbox_kills, identities, identities_auto)}
