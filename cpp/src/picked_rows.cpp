#include "picked_rows.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "nncpp/parallel.hpp"
#include "prefetch.hpp"
#include "simd.hpp"

namespace nncpp {
namespace {

constexpr Index kBlock = 512;        // terms added up in registers before they join the sum: rounding grows by blocks
constexpr Index kMostRegisters = 4;  // columns at a time
constexpr Index kMostSingles = 3;    // so few columns are added up one by one
constexpr Index kAhead = 8;          // picks whose rows are on their way from memory
constexpr double kPickWork = 16;     // of a pick, beside its columns: the row may be anywhere in memory
constexpr double kTaskWork = 32768;  // multiply-adds

// Picks e = 0 ... count - 1 of rows of a matrix (., columns), each times x_e; x null: 1.
template <typename T>
struct Terms {
  const T* matrix;
  Index columns;
  const Index* rows;
  const T* x;
  Index count;

  const T* row(Index e) const { return matrix + rows[e] * columns; }
};

// to (kColumns) = start + sum of the terms; start null: 0
template <Index kColumns, bool kHasValues, typename T>
void sum_singles(const Terms<T>& terms, const T* start, T* to) {
  std::array<T, kColumns> sums{};
  for (std::size_t j = 0; start != nullptr && j < kColumns; ++j) sums[j] = start[j];
  for (Index e = 0; e < terms.count; ++e) {
    const T* const row = terms.row(e);
    for (std::size_t j = 0; j < kColumns; ++j) sums[j] += kHasValues ? terms.x[e] * row[j] : row[j];
  }
  std::copy(sums.begin(), sums.end(), to);
}

// The same for columns first ... of so many registers, the last of which has `tail` columns.
template <Index kRegisters, bool kHasValues, typename T>
void sum_registers(const Terms<T>& terms, Index first, Index tail, const T* start, T* to) {
  using simd::ei::padd, simd::ei::pmadd;
  constexpr Index L = simd::kLanes<T>;
  const auto load = [&](const T* from, Index r) {
    from += first + r * L;
    return r + 1 < kRegisters || tail == L ? simd::load<T>(from) : simd::load_front<T>(from, tail);
  };
  simd::Packet<T> sums[kRegisters];
  for (Index r = 0; r < kRegisters; ++r) sums[r] = start != nullptr ? load(start, r) : simd::set<T>(T(0));
  for (Index e = 0; e < terms.count; ++e) {
    const T* const row = terms.row(e);
    if constexpr (kHasValues) {
      const auto x = simd::set<T>(terms.x[e]);
      for (Index r = 0; r < kRegisters; ++r) sums[r] = pmadd(x, load(row, r), sums[r]);
    } else {
      for (Index r = 0; r < kRegisters; ++r) sums[r] = padd(sums[r], load(row, r));
    }
  }
  for (Index r = 0; r < kRegisters; ++r) {
    T* const at = to + first + r * L;
    if (r + 1 < kRegisters || tail == L)
      simd::store<T>(at, sums[r]);
    else
      simd::store_front<T>(at, sums[r], tail);
  }
}

template <bool kHasValues, typename T>
void sum_block(const Terms<T>& terms, const T* start, T* to) {
  constexpr Index L = simd::kLanes<T>;
  switch (terms.columns) {
    case 1:
      return sum_singles<1, kHasValues>(terms, start, to);
    case 2:
      return sum_singles<2, kHasValues>(terms, start, to);
    case kMostSingles:
      return sum_singles<kMostSingles, kHasValues>(terms, start, to);
    default:
      break;
  }
  for (Index first = 0; first < terms.columns; first += kMostRegisters * L) {
    const Index rest = std::min(terms.columns - first, kMostRegisters * L);
    const Index registers = (rest + L - 1) / L, tail = rest - (registers - 1) * L;
    switch (registers) {
      case 1:
        sum_registers<1, kHasValues>(terms, first, tail, start, to);
        break;
      case 2:
        sum_registers<2, kHasValues>(terms, first, tail, start, to);
        break;
      case 3:
        sum_registers<3, kHasValues>(terms, first, tail, start, to);
        break;
      default:
        sum_registers<kMostRegisters, kHasValues>(terms, first, tail, start, to);
    }
  }
}

// to = start + sum of the terms, in their order
template <typename T>
void sum(Terms<T> terms, const T* start, T* to) {
  const Index count = terms.count;
  Index done = 0;
  do {
    terms.count = std::min(kBlock, count - done);
    if (terms.x != nullptr)
      sum_block<true>(terms, start, to);
    else
      sum_block<false>(terms, start, to);
    done += terms.count;
    terms.rows += terms.count;
    if (terms.x != nullptr) terms.x += terms.count;
    start = to;
  } while (done < count);
}

// body(i) for i = 0 ... size - 1, of which each has picks from begin(i) on, in tasks of about as many picks each.
template <typename Begin, typename Body>
void for_picks(Index size, Index columns, Begin begin, Body body) {
  const Index picks = begin(size);
  const double work = static_cast<double>(picks) * (static_cast<double>(columns) + kPickWork);
  const Index tasks = static_cast<Index>(work / kTaskWork) + 1;
  const auto first_of = [&](Index task) {
    if (task == tasks) return size;
    const auto is_before = [&](Index i) { return begin(i) * tasks < task * picks; };
    return *std::ranges::partition_point(std::views::iota(Index{0}, size), is_before);
  };
  parallel_for(tasks, work, [&](Index task) {
    for (Index i = first_of(task), end = first_of(task + 1); i < end; ++i) body(i);
  });
}

template <typename T>
const T* at(const std::vector<T>& values, Index i) {
  return values.empty() ? nullptr : values.data() + i;
}

}  // namespace

template <typename T>
void multiply_picked(const Picks<T>& picks, const Tensor<const T>& W, T* v, const T* bias) {
  const Index K = W.columns();
  const auto begin = [&](Index r) { return picks.begin(r); };
  for_picks(picks.rows, K, begin, [&](Index r) {
    const Index first = begin(r);
    if (first + kAhead < static_cast<Index>(picks.columns.size()))
      prefetch(W.data + picks.columns[static_cast<std::size_t>(first + kAhead)] * K, K);
    sum<T>({W.data, K, picks.columns.data() + first, at(picks.values, first), begin(r + 1) - first}, bias, v + r * K);
  });
}

template <typename T>
void multiply_picked_backward(const Picks<T>& picks, const T* dz, const Gradient<T>& dW) {
  const Index K = dW.to.columns();
  if (dW.write == Write::kAssign) std::fill(dW.to.begin(), dW.to.end(), T(0));
  const auto begin = [&](Index g) { return picks.group_begins[static_cast<std::size_t>(g)]; };
  for_picks(static_cast<Index>(picks.picked.size()), K, begin, [&](Index g) {
    const Index first = begin(g);
    if (const auto next = static_cast<std::size_t>(g + kAhead); next < picks.picked.size())
      prefetch(dW.to.data + picks.picked[next] * K, K);
    T* const to = dW.to.data + picks.picked[static_cast<std::size_t>(g)] * K;
    sum<T>({dz, K, picks.group_rows.data() + first, at(picks.group_values, first), begin(g + 1) - first}, to, to);
  });
}

#define NNCPP_INSTANTIATE(T)                                                               \
  template void multiply_picked<T>(const Picks<T>&, const Tensor<const T>&, T*, const T*); \
  template void multiply_picked_backward<T>(const Picks<T>&, const T*, const Gradient<T>&);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
