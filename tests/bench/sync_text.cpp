#include "sync_text.hpp"

#include <cstdint>
#include <random>
#include <string_view>

namespace confab::bench {
namespace {

constexpr std::string_view words[] = {"the",
                                      "meeting",
                                      "is",
                                      "at",
                                      "noon",
                                      "caf\xc3\xa9",
                                      "ticket",
                                      "review",
                                      "release",
                                      "database",
                                      "server",
                                      "please",
                                      "\xf0\x9f\x8e\x89",
                                      "invoice",
                                      "lunch",
                                      "tomorrow",
                                      "branch",
                                      "see",
                                      "\\\"quoted\\\"",
                                      "you",
                                      "there",
                                      "\\n",
                                      "deploy",
                                      "customer"};

class Text {
 public:
  Text(std::size_t members, std::size_t events) : members_(members), events_(events) {}
  std::string sync(std::size_t rooms, const std::string& next) {
    std::string out = R"({"next_batch":")" + next + R"(","presence":{"events":[]},"device_one_time_keys_count":{},)" +
                      R"("account_data":{"events":[]},"rooms":{"join":{)";
    for (std::size_t i = 0; i < rooms; ++i) {
      if (i > 0) out += ',';
      out += "\"!r" + std::to_string(i) + ":bench.test\":" + room();
    }
    return out + "}}}";
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  std::string id(std::size_t length) {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    std::string out;
    for (std::size_t i = 0; i < length; ++i) out += letters[pick(letters.size())];
    return out;
  }
  std::string user() { return "@user" + std::to_string(pick(3000)) + ":bench.test"; }
  std::string sentence() {
    std::string out;
    for (std::size_t i = 5 + pick(25); i > 0; --i) (out += words[pick(std::size(words))]) += ' ';
    return out;
  }
  std::string event(const std::string& type, const std::string& content, const std::string& state_key = "") {
    std::string out = R"({"content":)" + content + R"(,"event_id":"$)" + id(43) + R"(","origin_server_ts":)" +
                      std::to_string(1767225600000 + count_++) + R"(,"sender":")" + user() + R"(","type":")" + type +
                      "\"";
    if (!state_key.empty()) out += R"(,"state_key":")" + state_key + "\"";
    return out + R"(,"unsigned":{"age":)" + std::to_string(pick(9999999)) + R"(,"membership":"join"}})";
  }
  std::string member() {
    const std::string who = user();
    return event("m.room.member",
                 R"({"avatar_url":"mxc://bench.test/)" + id(24) + R"(","displayname":"User )" + id(6) +
                     R"(","membership":"join"})",
                 who);
  }
  std::string said() {
    const std::size_t kind = pick(100);
    if (kind < 70) {
      const std::string body = sentence();
      std::string content = R"({"body":")" + body + R"(","msgtype":"m.text","m.mentions":{})";
      if (kind < 15) {
        content += R"(,"format":"org.matrix.custom.html","formatted_body":"<p>)" + body + R"(</p>")";
      }
      return event("m.room.message", content + "}");
    }
    if (kind < 85) {
      return event("m.room.encrypted", R"({"algorithm":"m.megolm.v1.aes-sha2","ciphertext":")" + id(200 + pick(300)) +
                                           R"(","device_id":"ABCDEFGHIJ","sender_key":")" + id(43) +
                                           R"(","session_id":")" + id(43) + R"("})");
    }
    if (kind < 97) {
      return event("m.reaction",
                   R"({"m.relates_to":{"event_id":"$)" + id(43) + R"(","key":"\u2764","rel_type":"m.annotation"}})");
    }
    return member();
  }
  std::string room() {
    std::string timeline;
    for (std::size_t i = 0; i < events_; ++i) timeline += (i > 0 ? "," : "") + said();
    std::string state = event("m.room.create", R"({"room_version":"10"})", "x");
    for (std::size_t i = 0; i < members_; ++i) state += "," + member();
    return R"({"timeline":{"events":[)" + timeline + R"(],"limited":false,"prev_batch":"p)" + id(20) +
           R"("},"state":{"events":[)" + state + R"(]},"account_data":{"events":[{"type":"m.fully_read","content":{)" +
           R"("event_id":"$)" + id(43) + R"("}}]},"ephemeral":{"events":[{"type":"m.receipt","content":{"$)" + id(43) +
           R"(":{"m.read":{")" + user() + R"(":{"ts":1767225600000,"thread_id":"main"}}}}}]},"unread_notifications":)" +
           R"({"notification_count":3,"highlight_count":0},"summary":{}})";
  }

  std::size_t members_;
  std::size_t events_;
  std::mt19937 random_{4711};
  std::uint64_t count_ = 0;
};

}  // namespace

std::string large_sync(std::size_t rooms, const std::string& next, std::size_t members, std::size_t events) {
  return Text(members, events).sync(rooms, next);
}

}  // namespace confab::bench
