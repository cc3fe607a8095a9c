// Durable writes per second of the SQLite store: one at a time, and 64 at once, where the group commit shows.
//
//   bench_store [FOLDER] [SECONDS]      the file is made in FOLDER (the current one), so choose the disk by it
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "store/sqlite_store.hpp"

namespace {
using namespace confab;
using Clock = std::chrono::steady_clock;

struct Figures {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

/// `at_once` chains, each with one write in flight, each write a new version of a record of 300 bytes.
class Run {
 public:
  Run(std::shared_ptr<Store> store, int at_once, Durability durability, Clock::duration length)
      : store_(std::move(store)), at_once_(at_once), durability_(durability), until_(Clock::now() + length) {}

  Figures finish() {
    const auto start = Clock::now();
    took_.resize(static_cast<std::size_t>(at_once_));
    for (int chain = 0; chain < at_once_; ++chain) next(chain, 0, 0);
    ended_.get_future().wait();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::vector<double> all;
    for (const auto& each : took_) all.insert(all.end(), each.begin(), each.end());
    if (failed_ || all.empty()) std::exit(1);
    std::sort(all.begin(), all.end());
    return {static_cast<double>(all.size()) / seconds, all[all.size() / 2], all[all.size() * 99 / 100]};
  }

 private:
  void next(int chain, StoreVersion version, int number) {
    const auto begun = Clock::now();
    if (begun >= until_) {
      if (++over_ == at_once_) ended_.set_value();
      return;
    }
    const std::string value = "{\"n\":" + std::to_string(number) + ",\"fill\":\"" + std::string(280, 'x') + "\"}";
    const std::string key = "bench/" + std::to_string(at_once_) + '/' + std::to_string(static_cast<int>(durability_)) +
                            '/' + std::to_string(chain);
    store_->put_if(StoreWrite::put(key, version, value), durability_,
                   [this, chain, number, begun](const Result<StoreVersion>& put) {
                     if (!put) {
                       std::fprintf(stderr, "bench_store: %s\n", std::string(put.error().message()).c_str());
                       failed_ = true;
                       if (++over_ == at_once_) ended_.set_value();
                       return;
                     }
                     took_[static_cast<std::size_t>(chain)].push_back(
                         std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
                     next(chain, *put, number + 1);
                   });
  }

  std::shared_ptr<Store> store_;
  int at_once_;
  Durability durability_;
  Clock::time_point until_;
  std::vector<std::vector<double>> took_;
  std::atomic<int> over_{0};
  std::atomic<bool> failed_{false};
  std::promise<void> ended_;
};

// What one sync of this disk costs without any database: the bound of the first figure.
double syncs_per_second(const std::string& path, Clock::duration length) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return 0;
  const std::string block(4096, 'x');
  const auto start = Clock::now();
  int count = 0;
  for (; Clock::now() < start + length; ++count) {
    std::fwrite(block.data(), 1, block.size(), file);
    std::fflush(file);
    ::fdatasync(::fileno(file));
  }
  std::fclose(file);
  return count / std::chrono::duration<double>(Clock::now() - start).count();
}

void print(const char* what, const Figures& figures) {
  std::printf("%-28s %9.0f /s   p50 %7.3f ms   p99 %7.3f ms\n", what, figures.per_second, figures.p50_ms,
              figures.p99_ms);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path parent = argc > 1 ? argv[1] : ".";
  const auto length = std::chrono::seconds(argc > 2 ? std::max(1, std::atoi(argv[2])) : 3);
  std::string folder = (parent / "bench-store.XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  int code = 1;
  {
    const auto store = confab::store::open_sqlite_store(confab::store::SqliteStoreOptions(folder + "/store"));
    if (store) {
      std::printf("%-28s %9.0f /s\n", "syncs of a plain file", syncs_per_second(folder + "/plain", length));
      const auto one = Run(*store, 1, Durability::promised, length).finish();
      const auto many = Run(*store, 64, Durability::promised, length).finish();
      print("promised, 1 at once", one);
      print("promised, 64 at once", many);
      print("relaxed, 64 at once", Run(*store, 64, Durability::relaxed, length).finish());
      std::printf("%-28s %9.1f times\n", "64 at once over 1", many.per_second / one.per_second);
      std::printf("{\"bench\":\"store\",\"promised_1_per_s\":%.0f,\"promised_64_per_s\":%.0f,\"times\":%.1f}\n",
                  one.per_second, many.per_second, many.per_second / one.per_second);
      code = 0;
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}
