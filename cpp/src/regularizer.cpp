#include "nncpp/regularizer.hpp"

#include "simd.hpp"

namespace nncpp {

template <typename T>
Wide<T> add_penalties(std::span<const Penalty> penalties, const T* theta, T* dtheta) {
  constexpr Index kBlock = 4096;  // sums of T stay short, blocks are added in Wide<T>
  Wide<T> value = 0;
  for (const Penalty& penalty : penalties) {
    Wide<T> absolute = 0, square = 0;
    for (Index first = penalty.offset; first < penalty.offset + penalty.size; first += kBlock) {
      const Index count = std::min(kBlock, penalty.offset + penalty.size - first);
      const T* __restrict w = theta + first;
      if (penalty.l1 != 0) absolute += simd::sum(w, count, T(0), [](const auto& x) { return simd::ei::pabs(x); });
      if (penalty.l2 != 0) square += simd::sum(w, count, T(0), [](const auto& x) { return simd::ei::pmul(x, x); });
      if (dtheta == nullptr) continue;
      T* __restrict dw = dtheta + first;
      const T l1 = static_cast<T>(penalty.l1), l2 = static_cast<T>(penalty.l2);
      for (Index i = 0; i < count; ++i) {
        const T sign = static_cast<T>(w[i] > T(0)) - static_cast<T>(w[i] < T(0));
        dw[i] += l2 * w[i] + l1 * sign;
      }
    }
    value += penalty.l1 * absolute + 0.5 * penalty.l2 * square;
  }
  return value;
}

template double add_penalties<float>(std::span<const Penalty>, const float*, float*);
template double add_penalties<double>(std::span<const Penalty>, const double*, double*);
template Dual add_penalties<Dual>(std::span<const Penalty>, const Dual*, Dual*);

}  // namespace nncpp
