#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "samples.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace nncpp::testing {
namespace {

constexpr double kMuch = 100 * kSerialWork;

TEST_CASE("parallel: every task runs once, with any number of threads, little work or much") {
  for (const int count : kThreadCounts) {
    const Threads threads(count);
    for (const double work : {1.0, kMuch}) {
      for (const Index num_tasks : {0, 1, 2, 7, 1000}) {
        std::vector<std::atomic<int>> runs(static_cast<std::size_t>(num_tasks));
        parallel_for(num_tasks, work, [&](Index task) { ++runs[static_cast<std::size_t>(task)]; });
        for (const auto& run : runs) REQUIRE(run == 1);
      }
    }
  }
}

TEST_CASE("parallel: blocks cover the range without overlap") {
  const Threads threads(3);
  for (const Index size : {0, 1, 8191, 8192, 8193, 100000}) {
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(size));
    parallel_blocks(size, 100.0, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
    });
    for (const auto& visit : visits) REQUIRE(visit == 1);
  }
}

TEST_CASE("parallel: much work is done by several threads, little by the caller") {
  const Threads threads(2);
  const auto threads_of = [](double work) {
    std::atomic<int> num_arrived{0};
    std::vector<std::thread::id> ids(2);
    parallel_for(2, work, [&](Index task) {
      ids[static_cast<std::size_t>(task)] = std::this_thread::get_id();
      // two threads hold one task each: wait for the other, but not for ever
      ++num_arrived;
      for (int spin = 0; work > kSerialWork && num_arrived < 2 && spin < 10000; ++spin)
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    });
    return std::set<std::thread::id>(ids.begin(), ids.end());
  };
  CHECK(threads_of(kMuch).size() == 2);
  CHECK(threads_of(1.0) == std::set{std::this_thread::get_id()});
}

TEST_CASE("parallel: an exception is rethrown after all threads have joined") {
  for (const int count : kThreadCounts) {
    const Threads threads(count);
    std::atomic<int> num_running{0};
    const auto run = [&] {
      parallel_for(100, kMuch, [&](Index task) {
        ++num_running;
        if (task == 13) {
          --num_running;
          throw std::out_of_range("task 13");
        }
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        --num_running;
      });
    };
    CHECK_THROWS_WITH_AS(run(), "task 13", std::out_of_range);
    CHECK(num_running == 0);
    std::atomic<int> runs{0};
    parallel_for(10, kMuch, [&](Index) { ++runs; });
    CHECK(runs == 10);
  }
}

TEST_CASE("parallel: a region inside a region runs too") {
  const Threads threads(3);
  std::vector<std::atomic<int>> runs(64);
  parallel_for(8, kMuch,
               [&](Index i) { parallel_for(8, kMuch, [&](Index j) { ++runs[static_cast<std::size_t>(8 * i + j)]; }); });
  for (const auto& run : runs) CHECK(run == 1);
}

TEST_CASE("parallel: two callers at once do not disturb each other") {
  const Threads threads(2);
  std::atomic<int> runs{0};
  const auto work = [&] {
    for (int repeat = 0; repeat < 50; ++repeat) parallel_for(20, kMuch, [&](Index) { ++runs; });
  };
  std::thread other(work);
  work();
  other.join();
  CHECK(runs == 2000);
}

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("parallel: a forked child runs serially and does not hang") {
  const Threads threads(4);
  std::atomic<int> runs{0};
  const auto work = [&] { parallel_for(100, kMuch, [&](Index) { ++runs; }); };
  work();  // the pool of threads exists
  REQUIRE(runs == 100);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);  // ends the child should it hang
    const std::thread::id caller = std::this_thread::get_id();
    bool is_serial = true;
    parallel_for(100, kMuch, [&](Index) { is_serial = is_serial && std::this_thread::get_id() == caller; });
    work();
    _exit(is_serial && runs == 200 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  work();
  CHECK(runs == 200);
}
#endif

TEST_CASE("parallel: the number of threads is what was set, and at least one") {
  CHECK(default_num_threads() >= 1);
  const Threads threads(5);
  CHECK(num_threads() == 5);
  for (const int wrong : {0, -1, 1000000}) {
    CHECK_THROWS_AS(set_num_threads(wrong), DataError);
    CHECK(num_threads() == 5);
  }
}

#if defined(__SSE2__) || defined(__aarch64__)
bool flushes_denormals() {
  volatile float x = std::numeric_limits<float>::min();
  volatile double y = std::numeric_limits<double>::min();
  x = x * 0.25f;
  y = y * 0.25;
  CHECK((x == 0) == (y == 0));
  return x == 0;
}

TEST_CASE("parallel: float mode flushes denormals while it lives") {
  REQUIRE_FALSE(flushes_denormals());
  {
    const FloatMode outer;
    CHECK(flushes_denormals());
    {
      const FloatMode inner;
      CHECK(flushes_denormals());
    }
    CHECK(flushes_denormals());
  }
  CHECK_FALSE(flushes_denormals());
}

TEST_CASE("parallel: inside a region every thread flushes denormals, afterwards none does") {
  const Threads threads(3);
  std::atomic<int> flushed{0};
  parallel_for(30, kMuch, [&](Index) {
    volatile float x = std::numeric_limits<float>::min();
    x = x * 0.25f;
    flushed += x == 0;
  });
  CHECK(flushed == 30);
  CHECK_FALSE(flushes_denormals());
}
#endif

}  // namespace
}  // namespace nncpp::testing
