// Threads and the float mode: the only file with OpenMP in it.
// Work is cut into tasks by shape, never by the number of threads, so bits do not depend on that number.
#pragma once

#include <cstdint>
#include <type_traits>

#include "nncpp/shape.hpp"

namespace nncpp {

// min(CPU affinity, cgroup quota, OMP_NUM_THREADS, NNCPP_NUM_THREADS), at least 1
int default_num_threads();
int num_threads();
// requires: count >= 1; throws DataError
void set_num_threads(int count);

// While it lives, this thread flushes denormals to zero; then the old mode is back. Gradients that fade away
// would otherwise cost a hundred cycles each. Whoever calls the core sets it (Trainer, Network, Module); regions set it
// on their threads. With `flushes` false the other way round: denormals count, as whoever is called back expects.
class FloatMode {
 public:
  explicit FloatMode(bool flushes = true);
  ~FloatMode();
  FloatMode(const FloatMode&) = delete;
  FloatMode& operator=(const FloatMode&) = delete;

 private:
  std::uint64_t saved_ = 0;
};

// multiply-adds (or what takes as long) below which a parallel region costs more than it saves
inline constexpr double kSerialWork = 400000.0;

namespace detail {
using Task = void (*)(void* body, Index task);
void run_tasks(Index num_tasks, double work, Task task, void* body);
}  // namespace detail

// body(task) for task = 0 ... num_tasks - 1, in any order, on several threads when `work` is worth it.
// The first exception is rethrown here, after all threads have joined. In a forked child it runs serially.
template <typename Body>
void parallel_for(Index num_tasks, double work, Body&& body) {
  // one copy of the body, for one thread and for several: much of the core's code is such bodies
  detail::run_tasks(
      num_tasks, work, [](void* self, Index task) { (*static_cast<std::remove_reference_t<Body>*>(self))(task); },
      &body);
}

// body(begin, end) over [0, size) in blocks of a fixed length, a multiple of a cache line for every T
template <typename Body>
void parallel_blocks(Index size, double work_per_element, Body&& body) {
  constexpr Index kBlock = 8192;
  parallel_for((size + kBlock - 1) / kBlock, work_per_element * static_cast<double>(size), [&](Index task) {
    const Index begin = task * kBlock;
    body(begin, begin + kBlock < size ? begin + kBlock : size);
  });
}

}  // namespace nncpp
