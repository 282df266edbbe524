#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "nncpp/optimizer.hpp"
#include "nncpp/parallel.hpp"
#include "simd.hpp"

namespace nncpp {
namespace {

constexpr Index kBlock = 1024;  // squares added up as T before they join the sum: rounding grows by blocks

// f(begin, end), summed over the blocks of [0, size) in their order
template <typename F>
double sum_of_blocks(Index size, Index block, double work, F f) {
  constexpr Index kMostTasks = 64;
  const Index blocks = (size + block - 1) / block, tasks = std::min(blocks, kMostTasks);
  std::array<double, kMostTasks> sums{};
  parallel_for(tasks, work, [&](Index task) {
    double sum = 0;
    for (Index b = task * blocks / tasks; b < (task + 1) * blocks / tasks; ++b)
      sum += f(b * block, std::min(size, (b + 1) * block));
    sums[static_cast<std::size_t>(task)] = sum;
  });
  return std::accumulate(sums.begin(), sums.begin() + tasks, 0.0);
}

// |g|^2; a block's sum of squares is a T and may overflow, which the norm then shows
template <typename T>
double squares(const T* g, Index size) {
  return static_cast<double>(simd::sum(g, size, T(0), [](const auto& x) { return simd::ei::pmul(x, x); }));
}

// What a step touches: ranges, and rows of pieces.
template <typename T>
class Touched {
 public:
  Touched(T* g, std::span<const RateRange> ranges, std::span<const RowPiece> pieces, RowSets rows)
      : g_(g), ranges_(ranges), pieces_(pieces), rows_(rows) {}

  // f(first, count) of contiguous elements, which make up all that is touched
  template <typename F>
  void each(F f) const {
    for_ranges([&](T* first, Index size) {
      parallel_blocks(size, 1.0, [&](Index begin, Index end) { f(first + begin, end - begin); });
    });
    for (std::size_t p = 0; p < rows_.size(); ++p)
      parallel_for(num_rows(p), work(p), [&](Index i) { f(row(p, i), pieces_[p].columns); });
  }

  double norm() const {
    double sum = 0;
    for_ranges([&](const T* first, Index size) {
      sum += sum_of_blocks(size, kBlock, static_cast<double>(size),
                           [&](Index begin, Index end) { return squares(first + begin, end - begin); });
    });
    for (std::size_t p = 0; p < rows_.size(); ++p) {
      const Index columns = pieces_[p].columns, height = std::max<Index>(1, kBlock / std::max<Index>(1, columns));
      sum += sum_of_blocks(num_rows(p), height, work(p), [&](Index begin, Index end) {
        double some = 0;
        for (Index i = begin; i < end; ++i) some += squares(row(p, i), columns);
        return some;
      });
    }
    return std::sqrt(sum);
  }

 private:
  // Ranges that touch are one: how a sum is cut into blocks does not depend on rates.
  template <typename F>
  void for_ranges(F f) const {
    for (std::size_t i = 0; i < ranges_.size();) {
      const Index begin = ranges_[i].begin;
      Index end = ranges_[i].end;
      while (++i < ranges_.size() && ranges_[i].begin == end) end = ranges_[i].end;
      f(g_ + begin, end - begin);
    }
  }
  Index num_rows(std::size_t p) const { return static_cast<Index>(rows_[p].size()); }
  double work(std::size_t p) const { return static_cast<double>(num_rows(p) * pieces_[p].columns); }
  T* row(std::size_t p, Index i) const {
    return g_ + pieces_[p].offset + rows_[p][static_cast<std::size_t>(i)] * pieces_[p].columns;
  }

  T* g_;
  std::span<const RateRange> ranges_;
  std::span<const RowPiece> pieces_;
  RowSets rows_;
};

}  // namespace

template <typename T>
double clip(const Clipping& clipping, T* g, std::span<const RateRange> ranges, std::span<const RowPiece> pieces,
            RowSets rows) {
  const Touched<T> touched(g, ranges, pieces, rows);
  if (std::isfinite(clipping.value)) {
    const T most = static_cast<T>(clipping.value);
    touched.each([&](T* x, Index count) {
      for (Index i = 0; i < count; ++i) x[i] = x[i] > most ? most : x[i] < -most ? -most : x[i];  // NaN stays
    });
  }
  const double before = touched.norm();
  if (!(before > clipping.norm && std::isfinite(before))) return before;
  const T factor = static_cast<T>(clipping.norm / before);
  touched.each([&](T* x, Index count) {
    for (Index i = 0; i < count; ++i) x[i] *= factor;
  });
  return clipping.norm;
}

template <typename T>
double clip(const Clipping& clipping, T* g, Index size) {
  const RateRange all{0, size, 1.0};
  return clip(clipping, g, {&all, 1}, {}, {});
}

template <typename T>
bool is_step_finite(double rate, double norm) {
  return std::isfinite(norm) && std::isfinite(static_cast<T>(rate * norm));
}

#define NNCPP_INSTANTIATE(T)                                                                                    \
  template double clip<T>(const Clipping&, T*, Index);                                                          \
  template double clip<T>(const Clipping&, T*, std::span<const RateRange>, std::span<const RowPiece>, RowSets); \
  template bool is_step_finite<T>(double, double);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
