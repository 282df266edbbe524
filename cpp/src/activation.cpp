#include "nncpp/activation.hpp"

#include <algorithm>
#include <array>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "softmax.hpp"

namespace nncpp {
namespace {

constexpr std::array<std::string_view, 5> kNames{"identity", "sigmoid", "tanh", "relu", "softmax"};

constexpr double kCheap = 1.0, kTranscendental = 16.0;  // multiply-adds that an element takes as long as

// f(begin, size) over blocks of all elements
template <typename F>
void by_blocks(Index size, double work, F f) {
  parallel_blocks(size, work, [&](Index begin, Index end) { f(begin, end - begin); });
}

// f(begin, end) over blocks of rows
constexpr Index kRowBlock = 16;
template <typename F>
void by_row_blocks(Index rows, Index columns, F f) {
  const double work = kTranscendental * static_cast<double>(rows) * static_cast<double>(columns);
  parallel_for((rows + kRowBlock - 1) / kRowBlock, work,
               [&](Index task) { f(task * kRowBlock, std::min(rows, (task + 1) * kRowBlock)); });
}

// dz = or += f(v, dv)
template <typename T, typename F>
void pointwise_backward(const T* v, const T* dv, T* dz, Index size, Write write, F f) {
  by_blocks(size, kCheap, [&](Index begin, Index count) {
    if (write == Write::kAssign) return simd::map(v + begin, dv + begin, dz + begin, count, f);
    constexpr Index L = simd::kLanes<T>;
    for (Index i = begin; i < begin + count; i += L) {
      const Index n = std::min(L, begin + count - i);
      const auto d = f(simd::load_front<T>(v + i, n), simd::load_front<T>(dv + i, n));
      simd::store_front<T>(dz + i, simd::ei::padd(simd::load_front<T>(dz + i, n), d), n);
    }
  });
}

template <typename T>
void softmax_backward_row(const T* v, const T* dv, T* dz, Index columns, Write write) {
  double dot = 0;
  for (Index k = 0; k < columns; ++k) dot += static_cast<double>(v[k]) * static_cast<double>(dv[k]);
  const T mean = static_cast<T>(dot);
  if (write == Write::kAssign)
    for (Index k = 0; k < columns; ++k) dz[k] = v[k] * (dv[k] - mean);
  else
    for (Index k = 0; k < columns; ++k) dz[k] += v[k] * (dv[k] - mean);
}

}  // namespace

std::string_view to_string(Activation activation) { return kNames[static_cast<std::size_t>(activation)]; }

std::span<const std::string_view> activation_names() { return kNames; }

Activation activation_from_name(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<Activation>(found - kNames.begin());
  std::string list;
  for (const auto known : kNames) list += (list.empty() ? "" : ", ") + std::string(known);
  throw DataError(text("activation: expected one of ", list, "; got '", name, "'"));
}

template <typename T>
void activate(Activation activation, const T* z, T* v, Index rows, Index columns) {
  const Index size = rows * columns;
  switch (activation) {
    case Activation::kIdentity:
      if (z != v) by_blocks(size, kCheap, [&](Index i, Index count) { std::copy(z + i, z + i + count, v + i); });
      return;
    case Activation::kRelu: {
      const auto zero = simd::set<T>(T(0));
      return by_blocks(size, kCheap, [&](Index i, Index count) {
        // NaN must come through: pmax would drop it
        simd::map(z + i, v + i, count,
                  [&](const auto& x) { return simd::ei::pselect(simd::ei::pcmp_lt(x, zero), zero, x); });
      });
    }
    case Activation::kSigmoid:
      return by_blocks(size, kTranscendental, [&](Index i, Index count) { sigmoid(z + i, v + i, count); });
    case Activation::kTanh:
      return by_blocks(size, kTranscendental, [&](Index i, Index count) {
        simd::map(z + i, v + i, count, [](const auto& x) { return simd::ei::ptanh(x); });
      });
    case Activation::kSoftmax:
      return by_row_blocks(rows, columns, [&](Index begin, Index end) {
        // Short rows go through a block of their own: the load of a row would wait for the masked store before it.
        constexpr Index L = simd::kLanes<T>;
        std::array<T, kRowBlock * L> block;
        for (Index r = begin; r < end; ++r)
          softmax(z + r * columns, columns <= L ? block.data() + (r - begin) * columns : v + r * columns, columns);
        if (columns <= L) std::copy_n(block.data(), (end - begin) * columns, v + begin * columns);
      });
  }
}

template <typename T>
void activate_backward(Activation activation, const T* v, const T* dv, T* dz, Index rows, Index columns, Write write) {
  using namespace simd::ei;
  const Index size = rows * columns;
  const auto zero = simd::set<T>(T(0)), one = simd::set<T>(T(1));
  switch (activation) {
    case Activation::kIdentity:
      return pointwise_backward(v, dv, dz, size, write, [](const auto&, const auto& d) { return d; });
    case Activation::kRelu:
      return pointwise_backward(v, dv, dz, size, write,
                                [&](const auto& y, const auto& d) { return pselect(pcmp_lt(zero, y), d, zero); });
    case Activation::kSigmoid:
      return pointwise_backward(v, dv, dz, size, write,
                                [&](const auto& y, const auto& d) { return pmul(pmul(y, psub(one, y)), d); });
    case Activation::kTanh:
      return pointwise_backward(v, dv, dz, size, write,
                                [&](const auto& y, const auto& d) { return pmul(psub(one, pmul(y, y)), d); });
    case Activation::kSoftmax:
      return by_row_blocks(rows, columns, [&](Index begin, Index end) {
        for (Index i = begin * columns; i < end * columns; i += columns)
          softmax_backward_row(v + i, dv + i, dz + i, columns, write);
      });
  }
}

#define NNCPP_INSTANTIATE(T)                                                  \
  template void activate<T>(Activation, const T*, T*, Index, Index);          \
  template void activate_backward<T>(Activation, const T*, const T*, T*, Index, Index, Write);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
