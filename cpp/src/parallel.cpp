#include "nncpp/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <thread>

#include "nncpp/error.hpp"

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace nncpp {
namespace {

// The OpenMP runtime's threads do not exist in a forked child: a region there would wait for ever.
std::atomic<bool> is_forked_child{false};

#if defined(__unix__) || defined(__APPLE__)
[[maybe_unused]] const int fork_handler = pthread_atfork(nullptr, nullptr, [] { is_forked_child = true; });
#endif

int from_environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  if (value == nullptr) return otherwise;
  const long count = std::strtol(value, nullptr, 10);  // "4,2" (nested counts) reads as 4
  return count >= 1 ? static_cast<int>(std::min(count, 1024L)) : otherwise;
}

int affinity_count() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// processors' worth of time that this process, or a group it is in, may use: cgroup 2, then cgroup 1
int quota_count(int otherwise) {
  std::string group;  // "/user.slice/job.service": its quota and those of all above it count
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) group = line.substr(3);
  int count = otherwise;
  for (;; group.resize(group.rfind('/'))) {
    if (group == "/") group.clear();
    std::string quota;
    double period = 0;
    std::ifstream file("/sys/fs/cgroup" + group + "/cpu.max");
    if (file >> quota >> period && quota != "max" && period > 0)
      count = std::min(count, std::max(1, static_cast<int>(std::strtod(quota.c_str(), nullptr) / period)));
    if (group.rfind('/') == std::string::npos) break;
  }
  double time = 0, period = 0;
  std::ifstream quota_file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), period_file("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (quota_file >> time && period_file >> period && time > 0 && period > 0)
    count = std::min(count, std::max(1, static_cast<int>(time / period)));
  return count;
}

constexpr Index kMostQueues = 64;
struct alignas(64) Queue {
  std::atomic<Index> next{0};
  Index end = 0;
};

std::atomic<int> thread_count{0};  // 0: not asked for yet

}  // namespace

int default_num_threads() {
  int count = affinity_count();
  count = std::min(count, quota_count(count));
  count = std::min(count, from_environment("OMP_NUM_THREADS", count));
  return std::min(count, from_environment("NNCPP_NUM_THREADS", count));
}

int num_threads() {
  const int count = thread_count.load(std::memory_order_relaxed);
  if (count > 0) return count;
  const int first = default_num_threads();
  thread_count.store(first, std::memory_order_relaxed);
  return first;
}

void set_num_threads(int count) {
  if (count < 1 || count > 1024) throw DataError(text("num_threads: expected 1 ... 1024, got ", count));
  thread_count.store(count, std::memory_order_relaxed);
}

#if defined(__SSE2__)
constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040, kFlushes = kFlushToZero | kDenormalsAreZero;
FloatMode::FloatMode(bool flushes) : saved_(_mm_getcsr()) {
  const auto others = static_cast<unsigned>(saved_) & ~kFlushes;
  _mm_setcsr(flushes ? others | kFlushes : others);
}
FloatMode::~FloatMode() { _mm_setcsr(static_cast<unsigned>(saved_)); }
#elif defined(__aarch64__)
constexpr std::uint64_t kFlushToZero = 1u << 24;
FloatMode::FloatMode(bool flushes) {
  asm volatile("mrs %0, fpcr" : "=r"(saved_));
  asm volatile("msr fpcr, %0" ::"r"(flushes ? saved_ | kFlushToZero : saved_ & ~kFlushToZero));
}
FloatMode::~FloatMode() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }
#else
FloatMode::FloatMode(bool) {}
FloatMode::~FloatMode() = default;
#endif

void detail::run_tasks(Index num_tasks, double work, Task task, void* body) {
  if (num_tasks <= 1 || work < kSerialWork || num_threads() == 1 || is_forked_child || omp_in_parallel()) {
    for (Index i = 0; i < num_tasks; ++i) task(body, i);
    return;
  }
  // Each thread begins with its own stretch of tasks, the same one in every step, so that what lies in its cache is
  // used again; then it takes what others have left over.
  const Index num_queues = std::min<Index>({num_threads(), num_tasks, kMostQueues});
  std::array<Queue, kMostQueues> queues;
  for (Index q = 0; q < num_queues; ++q) {
    queues[static_cast<std::size_t>(q)].next = q * num_tasks / num_queues;
    queues[static_cast<std::size_t>(q)].end = (q + 1) * num_tasks / num_queues;
  }
  std::atomic<bool> has_failed{false};
  std::exception_ptr failure;
#pragma omp parallel num_threads(num_threads())
  {
    const FloatMode mode;
    const Index own = omp_get_thread_num();
    for (Index q = 0; q < num_queues; ++q) {
      Queue& queue = queues[static_cast<std::size_t>((own + q) % num_queues)];
      for (Index i; !has_failed && (i = queue.next.fetch_add(1, std::memory_order_relaxed)) < queue.end;) {
        try {
          task(body, i);
        } catch (...) {
          if (!has_failed.exchange(true)) failure = std::current_exception();
        }
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace nncpp
