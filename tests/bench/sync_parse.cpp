// How fast does a /sync answer become typed events? Beside RapidJSON's DOM, in interleaved rounds over the same text.
//
//   bench_sync_parse [--rooms 2000] [--rounds 5] [--file ANSWER]
//
// read: cut while it arrives in chunks of 16 KB, each event of every timeline decoded (id, type, sender, time, ...).
// said: the same, and the body of each message decoded from its content.
// document: this library's parser over the whole text, which is what endpoints other than /sync take.
// rapidjson: rapidjson::Document with validation of the encoding.
#include <rapidjson/document.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "contender.hpp"
#include "matrix/sync_cutter.hpp"
#include "sync_text.hpp"
#include "util/json.hpp"
#include "util/json_written.hpp"

namespace confab::bench {

void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::_Exit(1);
}

namespace {

constexpr std::size_t chunk = 16384;

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::size_t read(std::string_view text, bool bodies) {
  std::size_t events = 0;
  matrix::SyncCutter cutter([&](const matrix::RoomPiece& piece) {
    for (std::size_t at = 0; at < piece.events(); ++at) {
      const auto event = piece.event(at);
      if (!event) give_up("an event cannot be read");
      ++events;
      if (bodies && event->type() == "m.room.message" &&
          json::WrittenObject(event->content_text())["body"].string_or("").empty())
        give_up("a message without a body");
    }
  });
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    if (!cutter.feed(text.substr(at, chunk))) give_up(std::string(cutter.error()->message()));
  }
  if (!cutter.finish()) give_up(std::string(cutter.error()->message()));
  return events;
}

struct Way {
  const char* name;
  std::function<void(const std::string&)> take;
  std::vector<double> speed = {};
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int run(int argc, char** argv) {
  std::size_t rooms = 2000;
  std::size_t rounds = 5;
  std::string text;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--rooms") {
      rooms = std::strtoul(argv[i + 1], nullptr, 10);
    } else if (name == "--rounds") {
      rounds = std::strtoul(argv[i + 1], nullptr, 10);
    } else if (name == "--file") {
      std::ifstream file(argv[i + 1], std::ios::binary);
      text.assign(std::istreambuf_iterator<char>(file), {});
    } else {
      give_up("unknown option " + std::string(name));
    }
  }
  if (rounds == 0) give_up("--rounds is at least 1");
  if (text.empty()) text = large_sync(rooms, "s1");
  std::size_t events = 0;
  Way ways[] = {
      {"rapidjson",
       [](const std::string& all) {
         rapidjson::Document document;
         document.Parse<rapidjson::kParseValidateEncodingFlag>(all.data(), all.size());
         if (document.HasParseError()) give_up("RapidJSON refuses the text");
       }},
      {"document",
       [](const std::string& all) {
         if (!json::parse(all)) give_up("the parser refuses the text");
       }},
      {"said", [](const std::string& all) { read(all, true); }},
      {"read", [&](const std::string& all) { events = read(all, false); }},
  };
  for (std::size_t round = 0; round <= rounds; ++round) {
    for (Way& way : ways) {
      const double before = cpu_seconds();
      way.take(text);
      const double speed = static_cast<double>(text.size()) / (cpu_seconds() - before) * 1e-9;
      if (round > 0) way.speed.push_back(speed);  // the first warms up
    }
  }
  std::printf(R"({"bench":"sync_parse","bytes":%zu,"events":%zu,"rounds":%zu)", text.size(), events, rounds);
  for (const Way& way : ways) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < rounds; ++i) ratios.push_back(way.speed[i] / ways[0].speed[i]);
    std::printf(R"(,"%s":{"gb_per_s":%.3f,"times_rapidjson":%.2f})", way.name, median(way.speed), median(ratios));
  }
  std::printf("}\n");
  return 0;
}

}  // namespace confab::bench

int main(int argc, char** argv) { return confab::bench::run(argc, argv); }
