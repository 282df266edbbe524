// The row kernels that activations and losses share.
#pragma once

#include <algorithm>
#include <limits>

#include "simd.hpp"

namespace nncpp {

// v_i = 1 / (1 + exp(-z_i)); z and v may be the same
template <typename T>
void sigmoid(const T* z, T* v, Index size) {
  const simd::ei::scalar_logistic_op<T> logistic;
  simd::map(z, v, size, [&](const auto& x) { return logistic.packetOp(x); });
}

template <typename T>
T largest(const T* z, Index size) {
  constexpr Index L = simd::kLanes<T>;
  constexpr T kLeast = -std::numeric_limits<T>::infinity();
  auto most = simd::load_front<T>(z, std::min(L, size), kLeast);
  for (Index k = L; k < size; k += L)
    most = simd::ei::pmax(most, simd::load_front<T>(z + k, std::min(L, size - k), kLeast));
  return simd::ei::predux_max(most);
}

// e_k = exp(z_k - shift), unless e is null; returns their sum
template <typename T>
T exp_sum(const T* z, T shift, T* e, Index size) {
  constexpr Index L = simd::kLanes<T>;
  const auto minus = simd::set<T>(-shift);
  auto total = simd::set<T>(T(0));
  for (Index k = 0; k < size; k += L) {
    const Index n = std::min(L, size - k);
    // lanes past the end: exp(-inf) = 0
    const auto x =
        simd::ei::pexp(simd::ei::padd(simd::load_front<T>(z + k, n, -std::numeric_limits<T>::infinity()), minus));
    if (e != nullptr) simd::store_front<T>(e + k, x, n);
    total = simd::ei::padd(total, x);
  }
  return simd::ei::predux(total);
}

// A row that fits one register: its exponentials, shifted by the largest, stay there. Short rows are what classifiers
// have, and a masked store that is read again at once would stall each of them.
template <typename T>
struct ShortRow {
  simd::Packet<T> e;  // exp(z_k - most)
  T most, total;

  ShortRow(const T* z, Index size) {
    const auto x = simd::load_front<T>(z, size, -std::numeric_limits<T>::infinity());
    most = simd::ei::predux_max(x);
    e = simd::ei::pexp(simd::ei::psub(x, simd::set<T>(most)));
    total = simd::ei::predux(e);
  }
};

// v_k = exp(z_k) / sum_j exp(z_j), shifted by the largest z so that nothing overflows; z and v may be the same
template <typename T>
void softmax(const T* z, T* v, Index size) {
  if (size <= simd::kLanes<T>) {
    const ShortRow<T> row(z, size);
    simd::store_front<T>(v, simd::ei::pmul(row.e, simd::set<T>(T(1) / row.total)), size);
    return;
  }
  const T total = exp_sum(z, largest(z, size), v, size);
  const auto scale = simd::set<T>(T(1) / total);
  simd::map(v, v, size, [&](const auto& x) { return simd::ei::pmul(x, scale); });
}

}  // namespace nncpp
