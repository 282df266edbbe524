#include "nncpp/layers/maxout.hpp"

#include <algorithm>
#include <cmath>

#include "last_axis.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {

template <typename T>
Maxout<T>::Maxout(const Options& options) : options_(options) {
  if (options.units < 1) throw DataError(text("units: expected 1 or more, got ", options.units));
  if (options.pieces < 1 || options.pieces > kMostPieces)
    throw DataError(text("pieces: expected 1 ... ", kMostPieces, ", got ", options.pieces));
}

template <typename T>
Shape Maxout<T>::output_shape(std::span<const Shape> inputs) const {
  return with_last_axis(inputs, options_.units);
}

template <typename T>
std::vector<SegmentSpec> Maxout<T>::parameters(std::span<const Shape> inputs) const {
  const Index D = inputs[0].back(), K = options_.units, m = options_.pieces;
  std::vector<SegmentSpec> specs{{"weight", {D, K, m}, SegmentKind::kWeight, options_.weight_initializer, D, K}};
  if (options_.use_bias) specs.push_back({"bias", {K, m}, SegmentKind::kBias, options_.bias_initializer, D, K});
  return specs;
}

template <typename T>
LayerMemory Maxout<T>::memory(std::span<const Shape> inputs, Index n) const {
  const Index size = numel(output_shape(inputs).batch(n));
  return {.saved = size, .forward = size * options_.pieces, .backward = size * options_.pieces};
}

template <typename T>
void Maxout<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];                                   // (N, D)
  const auto& W = pass.weights[0];                                  // (D, K m)
  const T* b = options_.use_bias ? pass.weights[1].data : nullptr;  // (K m)
  const Index N = u.rows(), D = u.columns(), K = options_.units, m = options_.pieces;

  T* const v = pass.output.data;  // (N, K)
  T* const largest = pass.saved;  // (N, K), which piece
  T* const z = pass.scratch;      // (N, K m)
  multiply(matrix(u.data, N, D), matrix(W.data, D, K * m), z, Write::kAssign, b);
  parallel_blocks(N * K, static_cast<double>(m), [&](Index begin, Index end) {
    constexpr Index kRun = 64;  // outputs that take one piece after another, in vectors and from the cache
    for (Index first = begin; first < end; first += kRun) {
      const Index last = std::min(first + kRun, end);
      for (Index i = first; i < last; ++i) v[i] = z[i * m], largest[i] = T(0);
      for (Index j = 1; j < m; ++j)
        for (Index i = first; i < last; ++i) {
          const T value = z[i * m + j];
          const bool is_larger = value > v[i] || std::isnan(value_of(value));  // NaN comes through
          v[i] = is_larger ? value : v[i];
          largest[i] = is_larger ? static_cast<T>(j) : largest[i];
        }
    }
  });
}

template <typename T>
void Maxout<T>::backward(const Backward<T>& pass) const {
  const auto& u = pass.inputs[0];         // (N, D)
  const auto& W = pass.weights[0];        // (D, K m)
  const T* const dv = pass.doutput.data;  // (N, K)
  const T* const largest = pass.saved;    // (N, K)
  const Index N = u.rows(), D = u.columns(), K = options_.units, m = options_.pieces;

  T* const dz = pass.scratch;  // (N, K m)
  parallel_blocks(N * K, static_cast<double>(m), [&](Index begin, Index end) {
    std::fill(dz + begin * m, dz + end * m, T(0));
    for (Index i = begin; i < end; ++i) dz[i * m + static_cast<Index>(value_of(largest[i]))] = dv[i];
  });
  const auto& [du, dW] = std::pair{pass.dinputs[0], pass.dweights[0]};
  if (du.is_wanted()) multiply(matrix(dz, N, K * m), transposed(W.data, D, K * m), du.to.data, du.write);
  if (dW.is_wanted()) multiply(transposed(u.data, N, D), matrix(dz, N, K * m), dW.to.data, dW.write);
  if (options_.use_bias && pass.dweights[1].is_wanted())
    sum_rows(dz, N, K * m, pass.dweights[1].to.data, pass.dweights[1].write);
}

template class Maxout<float>;
template class Maxout<double>;
template class Maxout<Dual>;

}  // namespace nncpp
