// Products of picks with a matrix W (C, K): x is a sparse matrix (rows, C), tokens are rows with a single 1.
#pragma once

#include "nncpp/layer.hpp"
#include "simd.hpp"

namespace nncpp {

// v (rows, K) = x W [+ bias (K) on every row]
template <typename T>
void multiply_picked(const Picks<T>& picks, const Tensor<const T>& W, T* v, const T* bias = nullptr);

// dW = x^T dz, or dW += it: then only the rows picked are read and written. dz (rows, K)
// requires: picks are grouped
template <typename T>
void multiply_picked_backward(const Picks<T>& picks, const T* dz, const Gradient<T>& dW);

// sum_k x_k y_k of a row of the batch and a row of W
template <typename T>
T dot(const T* x, const T* y, Index size) {
  auto sum = simd::set<T>(T(0));
  simd::for_lanes<T>(size, [&](const auto& at) { sum = simd::ei::pmadd(at.load(x), at.load(y), sum); });
  return simd::ei::predux(sum);
}

}  // namespace nncpp
