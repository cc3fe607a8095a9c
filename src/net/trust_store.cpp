#include "net/trust_store.hpp"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "net/handover.hpp"
#include "util/no_memory.hpp"

namespace confab::net {

namespace {

struct FreeStore {
  void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
};
using OwnedStore = std::unique_ptr<X509_STORE, FreeStore>;
using TrustWaiter = Handover<Result<void>>;

Error unreadable(const std::string& ca_file) {
  return Error(Errc::config, "the file of certificate authorities cannot be read, or holds none; correct ca_file")
      .with_subject(ca_file);
}

// Where distributions keep all authorities in one file. Read whole, because OpenSSL's default directory would be read
// during each handshake, on a loop.
constexpr std::array<const char*, 5> system_bundles{
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

// OpenSSL takes places that are not there, or empty, for a success, and then knows no authority. Those that it was
// compiled with may be another distribution's: a Python wheel brings its own OpenSSL.
bool default_places_hold_anything() {
  if (const char* named = std::getenv(X509_get_default_cert_dir_env()); named != nullptr && *named != '\0') return true;
  if (::access(X509_get_default_cert_file(), R_OK) == 0) return true;
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir(X509_get_default_cert_dir()));
  if (!folder) return false;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (entry->d_name[0] != '.') return true;
  }
  return false;
}

bool load_system(X509_STORE* store) {
  if (const char* file = std::getenv(X509_get_default_cert_file_env()); file != nullptr && *file != '\0') {
    return X509_STORE_load_file(store, file) == 1;
  }
  for (const char* file : system_bundles) {
    if (::access(file, R_OK) == 0) return X509_STORE_load_file(store, file) == 1;
  }
  return default_places_hold_anything() && X509_STORE_set_default_paths(store) == 1;
}

Result<OwnedStore> read_authorities(const std::string& ca_file) {
  OwnedStore store(X509_STORE_new());
  if (!store) return no_memory();
  const bool read =
      ca_file.empty() ? load_system(store.get()) : X509_STORE_load_file(store.get(), ca_file.c_str()) == 1;
  ERR_clear_error();  // the thread's queue is OpenSSL's other users' as well
  if (read) return store;
  if (!ca_file.empty()) return unreadable(ca_file);
  return Error(Errc::config,
               "the system's certificate authorities cannot be read; install ca-certificates or set ca_file");
}

}  // namespace

struct TrustStore::State {
  explicit State(std::string file) : ca_file(std::move(file)) {}

  const std::string ca_file;
  std::atomic<X509_STORE*> loaded{nullptr};
  std::mutex reading;  // held while the file is read
  OwnedStore owned;    // guarded by it

  std::mutex mutex;  // guards the two below
  std::vector<std::shared_ptr<TrustWaiter>> waiters;
  std::thread reader;
};

TrustStore::TrustStore(std::string ca_file) : state_(std::make_unique<State>(std::move(ca_file))) {}

TrustStore::~TrustStore() {
  if (state_->reader.joinable()) state_->reader.join();
}

Result<void> TrustStore::load() {
  const std::lock_guard lock(state_->reading);
  if (state_->owned) return {};
  Result<OwnedStore> read = read_authorities(state_->ca_file);
  if (!read) return std::move(read).error();
  state_->owned = std::move(*read);
  state_->loaded.store(state_->owned.get(), std::memory_order_release);
  return {};
}

Task<Result<void>> TrustStore::ready(EventLoop& loop, TimePoint deadline, std::stop_token stop) {
  if (store() != nullptr) co_return Result<void>();
  const auto waiter = std::make_shared<TrustWaiter>(loop);
  TrustWaiter::Wait wait(waiter, deadline, std::move(stop));
  {
    const std::lock_guard lock(state_->mutex);
    state_->waiters.push_back(waiter);
    if (state_->waiters.size() == 1) {
      if (state_->reader.joinable()) state_->reader.join();  // it has told its waiters, so it is at its end
      state_->reader = std::thread([state = state_.get(), this] {
        const Result<void> result = load();
        std::vector<std::shared_ptr<TrustWaiter>> told;
        {
          const std::lock_guard guard(state->mutex);
          told.swap(state->waiters);
        }
        for (const auto& each : told) each->deliver(result);
      });
    }
  }
  std::optional<Result<void>> result = co_await wait;
  if (result) co_return std::move(*result);
  if (waiter->by_stop()) co_return Error(Errc::cancelled, "cancelled while the certificate authorities were read");
  co_return Error(Errc::timed_out, "the certificate authorities were not read in time");
}

x509_store_st* TrustStore::store() const noexcept { return state_->loaded.load(std::memory_order_acquire); }

}  // namespace confab::net
