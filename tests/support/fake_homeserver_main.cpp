// confab-fake-homeserver [--tls valid|expired|early|other-name|self-signed] [SCRIPT.json]
// A FakeMatrix for tests in other languages.
//
// SCRIPT is an array of faults: [{"method":"PUT","path":"/_matrix/client/v3/rooms/*/send/*/*","nth":1,"times":3,
//   "answer":{"status":429,"headers":{"Retry-After":"1"},"body":{...} or "text","delay_ms":5,"cut_after":0,...}}].
// "nth" (from 1) is the first request of the pattern to be hit, "times" how many are (absent: all that follow).
// Answer keys: status, headers, body, content_type, status_line, delay_ms, cut_after, reset_after, drip_bytes with
// drip_ms, huge, and as true: real (do the work, then these faults), chunked, no_length, hold, close_before_answer,
// close_afterwards, gzip.
//
// Standard output, a JSON object per line: first {"url","server_name","admin_user","admin_password"}, with --tls also
// "ca_file", then one answer per command read from standard input: {"do":"count","method","path"} -> {"count"};
// {"do":"fail","faults":[...]};
// {"do":"bodies","room_id"} -> {"bodies"}; {"do":"kill_token","user_id"}; {"do":"kill_all_tokens"};
// {"do":"post","room_id","sender","body"} -> {"event_id"}; {"do":"add_user","localpart","password"?} -> {"user_id"};
// {"do":"limit_logins","hash_ms","as_user_ms"?,"spent"?}; {"do":"add_room","localparts"} -> {"room_id"};
// {"do":"secrets"} -> {"secrets"}: what must be found nowhere;
// {"do":"answers","method","path"} -> {"answers":[["PATH",STATUS],...]} in the order in which they were asked for;
// {"do":"forget_requests"}; {"do":"restart"}, "go_away", "come_back", "release", "clear". It serves until standard
// input ends.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "fake_matrix.hpp"

namespace {

using confab::test::Answer;
using confab::test::FakeMatrix;
using confab::test::TestAuthority;
using confab::test::TestCertificate;
using confab::test::TestJson;

void refuse_unknown(const TestJson& object, const std::set<std::string, std::less<>>& known, const char* what) {
  if (!object.is_object()) throw std::runtime_error(std::string(what) + " must be an object");
  for (const auto& [key, value] : object.as_object()) {
    if (known.find(key) == known.end()) throw std::runtime_error(std::string("unknown key in ") + what + ": " + key);
  }
}

Answer read_answer(const TestJson& from) {
  refuse_unknown(
      from,
      {"status", "headers", "body", "content_type", "status_line", "delay_ms", "cut_after", "reset_after", "drip_bytes",
       "drip_ms", "huge", "real", "chunked", "no_length", "hold", "close_before_answer", "close_afterwards", "gzip"},
      "answer");
  const auto number = [&](const char* key) { return static_cast<std::uint64_t>(from[key].as_integer()); };
  const TestJson& body = from["body"];
  Answer answer(static_cast<int>(from["status"].as_integer(200)),
                body.is_null() ? std::string("{}") : (body.is_string() ? body.as_string() : body.dump()));
  if (from["real"].as_bool()) answer = Answer::real();
  for (const auto& [name, value] : from["headers"].as_object()) answer.header(name, value.as_string());
  if (from["content_type"].is_string()) answer.content_type(from["content_type"].as_string());
  if (from["status_line"].is_string()) answer.status_line(from["status_line"].as_string());
  if (from.contains("delay_ms")) answer.after(std::chrono::milliseconds(from["delay_ms"].as_integer()));
  if (from.contains("cut_after")) answer.cut_after(number("cut_after"));
  if (from.contains("reset_after")) answer.reset_after(number("reset_after"));
  if (from.contains("drip_bytes")) {
    answer.drip(number("drip_bytes"), std::chrono::milliseconds(from["drip_ms"].as_integer()));
  }
  if (from.contains("huge")) answer.huge(number("huge"));
  if (from["chunked"].as_bool()) answer.chunked();
  if (from["no_length"].as_bool()) answer.no_length();
  if (from["hold"].as_bool()) answer.hold();
  if (from["close_before_answer"].as_bool()) answer.close_before_answer();
  if (from["close_afterwards"].as_bool()) answer.close_afterwards();
  if (from["gzip"].as_bool()) answer.gzip();
  return answer;
}

void add_faults(FakeMatrix& server, const TestJson& faults) {
  if (!faults.is_array()) throw std::runtime_error("faults must be an array");
  for (const TestJson& fault : faults.as_array()) {
    refuse_unknown(fault, {"method", "path", "nth", "times", "answer"}, "fault");
    if (!fault["path"].is_string()) throw std::runtime_error("a fault needs a path");
    const std::string method = fault["method"].is_string() ? fault["method"].as_string() : "*";
    Answer answer = read_answer(fault["answer"]);
    auto script = server.on(method, fault["path"].as_string());
    if (const auto nth = fault["nth"].as_integer(1); nth > 1) script.pass(static_cast<std::size_t>(nth - 1));
    script.then(std::move(answer));
    if (fault.contains("times")) script.times(static_cast<std::size_t>(fault["times"].as_integer()));
  }
}

TestJson obey(FakeMatrix& server, const TestJson& command) {
  const std::string& what = command["do"].as_string();
  const auto text = [&](const char* key) -> const std::string& { return command[key].as_string(); };
  TestJson answer(TestJson::Object{});
  if (what == "count") {
    answer.set("count", static_cast<std::int64_t>(server.count(text("method"), text("path"))));
  } else if (what == "fail") {
    add_faults(server, command["faults"]);
  } else if (what == "bodies") {
    TestJson list(TestJson::Array{});
    for (const auto& body : server.bodies(text("room_id"))) list.push(body);
    answer.set("bodies", list);
  } else if (what == "secrets") {
    TestJson list(TestJson::Array{});
    for (const auto& secret : server.secrets()) list.push(secret);
    answer.set("secrets", list);
  } else if (what == "kill_token") {
    server.kill_token(text("user_id"));
  } else if (what == "kill_all_tokens") {
    server.kill_all_tokens();
  } else if (what == "post") {
    answer.set("event_id", server.post(text("room_id"), text("sender"), text("body")));
  } else if (what == "add_user") {
    answer.set("user_id", server.add_user(text("localpart"), text("password")));
  } else if (what == "limit_logins") {
    server.limit_logins(std::chrono::milliseconds(command["hash_ms"].as_integer()),
                        std::chrono::milliseconds(command["as_user_ms"].as_integer()));
    server.spend_logins(static_cast<std::size_t>(command["spent"].as_integer()));
  } else if (what == "add_room") {
    std::vector<std::string> localparts;
    for (const TestJson& each : command["localparts"].as_array()) localparts.push_back(each.as_string());
    answer.set("room_id", server.add_room(localparts));
  } else if (what == "answers") {
    TestJson list(TestJson::Array{});
    for (const auto& request : server.requests(text("method"), text("path"))) {
      list.push(TestJson::Array{request.path, request.status});
    }
    answer.set("answers", std::move(list));
  } else if (what == "forget_requests") {
    server.forget_requests();
  } else if (what == "restart") {
    server.restart();
  } else if (what == "go_away") {
    server.go_away();
  } else if (what == "come_back") {
    server.come_back();
  } else if (what == "release") {
    server.release();
  } else if (what == "clear") {
    server.clear_scripts();
  } else {
    answer.set("error", "unknown command");
  }
  return answer;
}

void say(const TestJson& line) { std::cout << line.dump() << '\n' << std::flush; }

TestCertificate pick(TestAuthority& authority, const std::string& kind) {
  if (kind == "valid") return authority.valid();
  if (kind == "expired") return authority.expired();
  if (kind == "early") return authority.not_yet_valid();
  if (kind == "other-name") return authority.other_name();
  if (kind == "self-signed") return authority.self_signed();
  throw std::runtime_error("unknown certificate: " + kind);
}

int serve(std::vector<std::string> arguments) {
  FakeMatrix::MatrixOptions options;
  std::optional<TestAuthority> authority;  // its directory lives as long as the server
  if (arguments.size() >= 2 && arguments[0] == "--tls") {
    authority.emplace();
    options.server(FakeMatrix::Options().tls(pick(*authority, arguments[1])));
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  if (arguments.size() > 1 || (!arguments.empty() && arguments[0].starts_with("-"))) {
    throw std::runtime_error("usage: confab-fake-homeserver [--tls KIND] [SCRIPT.json]");
  }
  FakeMatrix server(options);
  if (!arguments.empty()) {
    std::ifstream file(arguments[0], std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto faults = TestJson::parse(content);
    if (!file || !faults) throw std::runtime_error("cannot read JSON from " + arguments[0]);
    add_faults(server, *faults);
  }
  TestJson ready;
  ready.set("url", server.url()).set("server_name", server.server_name());
  ready.set("admin_user", server.user_id(FakeMatrix::admin_localpart));
  if (authority) ready.set("ca_file", authority->ca_file());
  say(ready.set("admin_password", FakeMatrix::admin_password));
  for (std::string line; std::getline(std::cin, line);) {
    const auto command = TestJson::parse(line);
    TestJson problem;
    if (!command) {
      say(problem.set("error", "not JSON"));
      continue;
    }
    try {
      say(obey(server, *command));
    } catch (const std::exception& wrong) {
      say(problem.set("error", wrong.what()));
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return serve(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& problem) {
    std::cerr << "confab-fake-homeserver: " << problem.what() << '\n';
    return 2;
  }
}
