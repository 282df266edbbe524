#include "nncpp/constraint.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "nncpp/parallel.hpp"

namespace nncpp {

template <typename T>
void project(std::span<const MaxNorm> constraints, T* theta) {
  constexpr Index kBlock = 64;  // columns of a task: its rows are read in runs, its sums stay in the cache
  for (const auto& [offset, rows, columns, limit] : constraints) {
    T* const w = theta + offset;  // (rows, columns)
    const double work = 4.0 * static_cast<double>(rows) * static_cast<double>(columns);
    parallel_for((columns + kBlock - 1) / kBlock, work, [&](Index task) {
      const Index first = task * kBlock, count = std::min(kBlock, columns - first);
      std::array<double, kBlock> squares{};
      for (Index r = 0; r < rows; ++r)
        for (Index j = 0; j < count; ++j) {
          const double value = static_cast<double>(w[r * columns + first + j]);
          squares[static_cast<std::size_t>(j)] += value * value;
        }
      std::array<T, kBlock> scale;
      bool is_any_beyond = false;
      for (Index j = 0; j < count; ++j) {
        const double norm = std::sqrt(squares[static_cast<std::size_t>(j)]);
        const bool is_beyond = norm > limit;
        scale[static_cast<std::size_t>(j)] = is_beyond ? static_cast<T>(limit / norm) : T(1);
        is_any_beyond |= is_beyond;
      }
      for (Index r = 0; is_any_beyond && r < rows; ++r)
        for (Index j = 0; j < count; ++j) w[r * columns + first + j] *= scale[static_cast<std::size_t>(j)];
    });
  }
}

template void project<float>(std::span<const MaxNorm>, float*);
template void project<double>(std::span<const MaxNorm>, double*);

}  // namespace nncpp
