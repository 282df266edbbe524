#include "strided.hpp"

#include "nncpp/dual.hpp"

namespace nncpp {
namespace {

constexpr Index kWidth = 64;    // sums that are taken side by side, or parts of one sum
constexpr Index kBlock = 1024;  // elements of a sum that are added one after the other
constexpr Index kTask = 8192;   // elements of a task

template <typename T>
using Sums = std::array<T, kWidth>;

// sums_j = sum over [begin, end) of the folded elements of x_j, j < width; one sum of neighbours goes through all
// sums_j
template <typename T>
void add_up(const Walk<1>& folded, const T* x, Index begin, Index end, Index width, Sums<T>& sums) {
  sums = {};
  const bool is_row = width == 1 && folded.steps()[0] == 1;
  if (end - begin > (is_row ? kBlock : kBlock / 8)) {
    const Index half = (begin + end) / 2;
    Sums<T> rest;
    add_up(folded, x, begin, half, width, sums);
    add_up(folded, x, half, end, width, rest);
    for (Index j = 0; j < width; ++j) sums[static_cast<std::size_t>(j)] += rest[static_cast<std::size_t>(j)];
    return;
  }
  T* const s = sums.data();
  folded.for_runs(begin, end, [&](Index, Index length, const std::array<Index, 1>& offsets) {
    const T* row = x + offsets[0];
    if (is_row) {
      Index i = 0;
      for (; i + kWidth <= length; i += kWidth)
        for (Index j = 0; j < kWidth; ++j) s[j] += row[i + j];
      for (Index j = 0; i + j < length; ++j) s[j] += row[i + j];
    } else {
      for (Index i = 0; i < length; ++i, row += folded.steps()[0])
        for (Index j = 0; j < width; ++j) s[j] += row[j];
    }
  });
  if (!is_row) return;
  for (Index half = kWidth / 2; half > 0; half /= 2)
    for (Index j = 0; j < half; ++j) s[j] += s[j + half];
}

}  // namespace

template <typename T>
void sum_to(const T* from, const Shape& shape, T* to, const Shape& result, Write write, T factor) {
  const Fold<1> fold(shape, {strides_of(shape)}, result);
  const auto& [kept, folded] = fold;
  const bool are_neighbours = kept.steps()[0] == 1;
  const Index most = are_neighbours ? kWidth : 1, block = std::max(most, kTask / folded.size());
  const auto work = static_cast<double>(kept.size()) * static_cast<double>(folded.size());
  parallel_for((kept.size() + block - 1) / block, work, [&, &kept = kept, &folded = folded](Index task) {
    const Index begin = task * block, end = std::min(begin + block, kept.size());
    kept.for_runs(begin, end, [&](Index at, Index length, const std::array<Index, 1>& offsets) {
      for (Index first = 0; first < length; first += most) {
        const Index width = std::min(most, length - first);
        Sums<T> sums;
        add_up(folded, from + offsets[0] + first * kept.steps()[0], 0, folded.size(), width, sums);
        for (Index j = 0; j < width; ++j) {
          const T sum = factor * sums[static_cast<std::size_t>(j)];
          T& y = to[at + first + j];
          y = write == Write::kAdd ? y + sum : sum;
        }
      }
    });
  });
}

#define NNCPP_INSTANTIATE(T) template void sum_to<T>(const T*, const Shape&, T*, const Shape&, Write, T);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
