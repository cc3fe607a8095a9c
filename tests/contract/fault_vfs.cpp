#include "contract/fault_vfs.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

namespace confab::test {

struct FaultVfs::State {
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;
  std::atomic<int> until_fault{-1};
  std::atomic<int> code{0};
  std::atomic<bool> for_good{false};
  std::atomic<bool> reads_too{false};
  std::atomic<bool> failed{false};
  std::atomic<int> log_syncs{0};
  mutable std::mutex mutex;
  std::map<std::string, std::string> synced;  // name without folder -> content

  int step() {
    if (code == 0) return SQLITE_OK;
    const int left = until_fault--;
    if (left == 0 || (left < 0 && for_good)) {
      failed = true;
      return code;
    }
    return SQLITE_OK;
  }
};

namespace {

// Laid out by SQLite's rules: its own part first, the file of the real VFS behind ours.
struct File {
  sqlite3_file base;
  FaultVfs::State* state;
  std::string* name;
  sqlite3_file* real;
};
File* file_of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return file_of(file)->real; }
const sqlite3_io_methods* methods_of(sqlite3_file* file) { return real_of(file)->pMethods; }

int close(sqlite3_file* file) {
  const int code = methods_of(file)->xClose(real_of(file));
  delete file_of(file)->name;
  return code;
}
int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  FaultVfs::State& state = *file_of(file)->state;
  const int fault = state.reads_too ? state.step() : SQLITE_OK;
  if (fault != SQLITE_OK) return fault;
  return methods_of(file)->xRead(real_of(file), to, size, at);
}
int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const int fault = file_of(file)->state->step();
  // Half of it arrives, as it may on a real disk.
  if (fault != SQLITE_OK) {
    (void)methods_of(file)->xWrite(real_of(file), from, size / 2, at);
    return fault;
  }
  return methods_of(file)->xWrite(real_of(file), from, size, at);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int fault = file_of(file)->state->step();
  return fault != SQLITE_OK ? fault : methods_of(file)->xTruncate(real_of(file), size);
}
int sync(sqlite3_file* file, int flags) {
  File* self = file_of(file);
  const int fault = self->state->step();
  if (fault != SQLITE_OK) return fault;
  if (self->name->ends_with("-wal")) ++self->state->log_syncs;
  sqlite3_int64 size = 0;
  if (methods_of(file)->xFileSize(self->real, &size) == SQLITE_OK) {
    std::string content(static_cast<std::size_t>(size), '\0');
    if (size == 0 || methods_of(file)->xRead(self->real, content.data(), static_cast<int>(size), 0) == SQLITE_OK) {
      const std::lock_guard lock(self->state->mutex);
      self->state->synced[*self->name] = std::move(content);
    }
  }
  // The disk of the test itself need not be waited for.
  (void)flags;
  return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return methods_of(file)->xFileSize(real_of(file), size); }
int lock(sqlite3_file* file, int kind) { return methods_of(file)->xLock(real_of(file), kind); }
int unlock(sqlite3_file* file, int kind) { return methods_of(file)->xUnlock(real_of(file), kind); }
int check_reserved(sqlite3_file* file, int* out) { return methods_of(file)->xCheckReservedLock(real_of(file), out); }
int control(sqlite3_file* file, int kind, void* argument) {
  return methods_of(file)->xFileControl(real_of(file), kind, argument);
}
int sector_size(sqlite3_file* file) { return methods_of(file)->xSectorSize(real_of(file)); }
// No promise of the real disk that a write is whole: the log must do without.
int characteristics(sqlite3_file* /*file*/) { return 0; }
int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  if (extend != 0) {
    const int fault = file_of(file)->state->step();
    if (fault != SQLITE_OK) return fault;
  }
  return methods_of(file)->xShmMap(real_of(file), region, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return methods_of(file)->xShmLock(real_of(file), offset, n, flags);
}
void shm_barrier(sqlite3_file* file) { methods_of(file)->xShmBarrier(real_of(file)); }
int shm_unmap(sqlite3_file* file, int erase) { return methods_of(file)->xShmUnmap(real_of(file), erase); }

sqlite3_io_methods make_methods() {
  sqlite3_io_methods m{};
  m.iVersion = 2;
  m.xClose = close;
  m.xRead = read;
  m.xWrite = write;
  m.xTruncate = truncate;
  m.xSync = sync;
  m.xFileSize = file_size;
  m.xLock = lock;
  m.xUnlock = unlock;
  m.xCheckReservedLock = check_reserved;
  m.xFileControl = control;
  m.xSectorSize = sector_size;
  m.xDeviceCharacteristics = characteristics;
  m.xShmMap = shm_map;
  m.xShmLock = shm_lock;
  m.xShmBarrier = shm_barrier;
  m.xShmUnmap = shm_unmap;
  return m;
}
const sqlite3_io_methods methods = make_methods();

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* state = static_cast<FaultVfs::State*>(vfs->pAppData);
  File* self = file_of(file);
  self->base.pMethods = nullptr;
  self->state = state;
  self->real = reinterpret_cast<sqlite3_file*>(self + 1);
  const int code = state->real->xOpen(state->real, name, self->real, flags, out);
  if (code != SQLITE_OK) return code;
  self->name = new std::string(name == nullptr ? "" : std::filesystem::path(name).filename().string());
  self->base.pMethods = &methods;
  return SQLITE_OK;
}
int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  auto* state = static_cast<FaultVfs::State*>(vfs->pAppData);
  {
    const std::lock_guard lock(state->mutex);
    state->synced.erase(std::filesystem::path(name).filename().string());
  }
  return state->real->xDelete(state->real, name, sync_folder);
}

}  // namespace

FaultVfs::FaultVfs() : state_(std::make_unique<State>()) {
  state_->real = sqlite3_vfs_find(nullptr);
  state_->vfs = *state_->real;
  state_->vfs.iVersion = 1;
  state_->vfs.szOsFile = static_cast<int>(sizeof(File)) + state_->real->szOsFile;
  state_->vfs.zName = "confab-fault";
  state_->vfs.pAppData = state_.get();
  state_->vfs.pNext = nullptr;
  state_->vfs.xOpen = open;
  state_->vfs.xDelete = remove;
  if (sqlite3_vfs_register(&state_->vfs, 1) != SQLITE_OK) throw std::runtime_error("the VFS was refused");
}
FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
  sqlite3_vfs_register(state_->real, 1);
}
void FaultVfs::fail_at(int step, int code, bool for_good) {
  state_->code = 0;
  state_->until_fault = step;
  state_->for_good = for_good;
  state_->failed = false;
  state_->code = code;
}
void FaultVfs::fail_reads_too() { state_->reads_too = true; }
void FaultVfs::heal() { state_->code = 0; }
bool FaultVfs::failed() const { return state_->failed; }
int FaultVfs::log_syncs() const { return state_->log_syncs; }
void FaultVfs::after_power_cut(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  const std::lock_guard lock(state_->mutex);
  for (const auto& [name, content] : state_->synced) {
    std::ofstream(folder / name, std::ios::binary | std::ios::trunc) << content;
  }
}

}  // namespace confab::test
