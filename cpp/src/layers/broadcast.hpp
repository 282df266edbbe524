// What operators of one element each have in common: NumPy's broadcasting on samples, beside rows that repeat.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "nncpp/error.hpp"
#include "nncpp/layer.hpp"
#include "require_inputs.hpp"
#include "strided.hpp"

namespace nncpp {

// The shape that all samples broadcast to: axes are aligned at the last, and an axis of 1 repeats.
inline Shape broadcast(std::span<const Shape> samples) {
  std::size_t rank = 0;
  for (const Shape& sample : samples) rank = std::max(rank, sample.rank());
  std::array<Index, Shape::kMaxRank> axes;
  axes.fill(1);
  for (const Shape& sample : samples) {
    for (std::size_t i = 0; i < sample.rank(); ++i) {
      Index& axis = axes[rank - sample.rank() + i];
      if (axis != 1 && sample[i] != 1 && axis != sample[i]) {
        std::string shapes;
        for (const Shape& other : samples) shapes += (shapes.empty() ? "" : " and ") + to_string(other);
        throw ShapeError(text("expected shapes that broadcast, got ", shapes));
      }
      axis = std::max(axis, sample[i]);
    }
  }
  return Shape(std::span<const Index>(axes.data(), rank));
}

// (n, D) -> (n, 1, ..., 1, D): batches are aligned at the first axis, samples at the last
inline Shape aligned(const Shape& batch, std::size_t rank) {
  std::array<Index, Shape::kMaxRank> axes;
  axes.fill(1);
  axes[0] = batch[0];
  std::copy(batch.begin() + 1, batch.end(), axes.begin() + static_cast<std::ptrdiff_t>(rank - batch.rank() + 1));
  return Shape(std::span<const Index>(axes.data(), rank));
}

// an array read in a shape that it broadcasts to
inline Strides broadcast_strides(const Shape& batch, const Shape& whole) {
  const Shape own = aligned(batch, whole.rank());
  Strides strides = strides_of(own);
  for (std::size_t i = 0; i < own.rank(); ++i)
    if (own[i] == 1) strides[i] = 0;
  return strides;
}

template <std::size_t K, typename T>
Walk<K> walk_of(std::span<const Tensor<const T>> inputs, const Shape& whole) {
  std::array<Strides, K> strides;
  for (std::size_t k = 0; k < K; ++k) strides[k] = broadcast_strides(inputs[k].shape, whole);
  return {whole, strides};
}

template <typename T, std::size_t K, typename F, typename... Steps>
void run_loop(const std::array<const T*, K>& x, Index length, F f, Steps... steps) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    for (Index i = 0; i < length; ++i) f(i, x[I][i * steps]...);
  }(std::make_index_sequence<K>());
}

// f(i, x_0, ..., x_(K - 1)) for i < length, with element i of each array. A step is 0 or 1, and not all are 0 where
// length is more than 1: each combination is a loop of its own, which the compiler can make vectors of. For Dual, which
// it cannot, one loop is enough.
template <typename T, std::size_t K, typename F, typename... Known>
void for_elements(const std::array<const T*, K>& x, const std::array<Index, K>& steps, Index length, F f,
                  Known... known) {
  constexpr std::size_t k = sizeof...(Known);
  if constexpr (std::is_same_v<T, Dual>) {
    std::apply([&](auto... step) { run_loop(x, length, f, step...); }, steps);
  } else if constexpr (k == K) {
    run_loop(x, length, f, known...);
  } else {
    if constexpr (k + 1 < K || (Known::value + ... + 0) > 0)
      if (steps[k] == 0) return for_elements(x, steps, length, f, known..., std::integral_constant<Index, 0>());
    for_elements(x, steps, length, f, known..., std::integral_constant<Index, 1>());
  }
}

// f(at, i, x...) for each element at + i of the whole shape
template <std::size_t K, typename T, typename F>
void for_broadcast(std::span<const Tensor<const T>> inputs, const Shape& whole, double work, F f) {
  const Walk<K> walk = walk_of<K>(inputs, whole);
  parallel_blocks(walk.size(), work, [&](Index begin, Index end) {
    walk.for_runs(begin, end, [&](Index at, Index length, const std::array<Index, K>& offsets) {
      std::array<const T*, K> x;
      for (std::size_t k = 0; k < K; ++k) x[k] = inputs[k].data + offsets[k];
      f(at, [&](auto each) { for_elements(x, walk.steps(), length, each); });
    });
  });
}

// v = f(u_0, ..., u_(K - 1)); work: multiply-adds that an element takes as long as
template <std::size_t K, typename T, typename F>
void broadcast_forward(const Forward<T>& pass, double work, F f) {
  for_broadcast<K>(pass.inputs, pass.output.shape, work, [&](Index at, auto&& for_each) {
    T* const v = pass.output.data + at;
    for_each([=](Index i, auto... u) { v[i] = f(u...); });
  });
}

// du_k = f(dv, v, u_0, ..., u_(K - 1)), summed over what u_k repeats along. requires: scratch of the output's size,
// unless K is 1
template <std::size_t K, typename T, typename F>
void broadcast_backward(const Backward<T>& pass, std::size_t k, double work, F f) {
  const auto& [to, write] = pass.dinputs[k];
  if (to.data == nullptr) return;
  const Shape& whole = pass.doutput.shape;
  const bool is_whole = to.size() == pass.doutput.size(), adds = is_whole && write == Write::kAdd;
  T* const gradient = is_whole ? to.data : pass.scratch;
  for_broadcast<K>(pass.inputs, whole, work, [&](Index at, auto&& for_each) {
    const T *dv = pass.doutput.data + at, *v = pass.output.data + at;
    T* const d = gradient + at;
    if (adds)
      for_each([=](Index i, auto... u) { d[i] += f(dv[i], v[i], u...); });
    else
      for_each([=](Index i, auto... u) { d[i] = f(dv[i], v[i], u...); });
  });
  if (!is_whole) sum_to(pass.scratch, whole, to.data, aligned(to.shape, whole.rank()), write);
}

// of an input that v does not change with
template <typename T>
void zero_gradient(const Gradient<T>& gradient) {
  if (gradient.is_wanted() && gradient.write == Write::kAssign) std::fill(gradient.to.begin(), gradient.to.end(), T(0));
}

// the operation of that kind; Operation counts the names
template <typename Operation, std::size_t N>
Operation operation_of(const std::array<std::string_view, N>& kinds, std::string_view kind) {
  const auto found = std::find(kinds.begin(), kinds.end(), kind);
  if (found == kinds.end()) throw DataError(text("operator: unknown kind '", kind, "'"));
  return static_cast<Operation>(found - kinds.begin());
}

}  // namespace nncpp
