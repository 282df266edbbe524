// One register of T, as wide as the level this file is compiled for. Eigen's packets underneath: they know every
// processor, and their exp and tanh give a lane the same bits wherever it stands. A register of Dual is a single one.
#pragma once

#include <Eigen/Core>
#include <cstring>
#include <limits>
#include <type_traits>

#include "nncpp/dual.hpp"
#include "nncpp/shape.hpp"

namespace Eigen {

template <>
struct NumTraits<nncpp::Dual> : GenericNumTraits<nncpp::Dual> {
  enum { RequireInitialization = 0 };  // masks work on its bytes
};

namespace internal {

template <>
struct ptrue_impl<nncpp::Dual, void> {
  static nncpp::Dual run(const nncpp::Dual& x) {
    nncpp::Dual mask = x;
    std::memset(static_cast<void*>(&mask), 0xff, sizeof mask);
    return mask;
  }
};
// Eigen's own divide out what was rounded off, which has no slope.
template <>
inline nncpp::Dual generic_log1p(const nncpp::Dual& x) {
  return log1p(x);
}
template <>
inline nncpp::Dual generic_expm1(const nncpp::Dual& x) {
  return expm1(x);
}

}  // namespace internal
}  // namespace Eigen

namespace nncpp::simd {

namespace ei = Eigen::internal;

template <typename T>
using Packet = typename ei::packet_traits<T>::type;
template <typename T>
inline constexpr int kLanes = ei::unpacket_traits<Packet<T>>::size;

template <typename T>
Packet<T> load(const T* from) {
  return ei::ploadu<Packet<T>>(from);
}
template <typename T>
void store(T* to, const Packet<T>& p) {
  ei::pstoreu(to, p);
}
template <typename T>
Packet<T> set(T value) {
  return ei::pset1<Packet<T>>(value);
}

// the first `count` elements, then `fill`
template <typename T>
Packet<T> load_front(const T* from, Index count, T fill = T(0)) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>)
    return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), static_cast<__mmask16>((1u << count) - 1u), from);
  else if constexpr (std::is_same_v<T, double>)
    return _mm512_mask_loadu_pd(_mm512_set1_pd(fill), static_cast<__mmask8>((1u << count) - 1u), from);
#endif
  alignas(64) T lanes[kLanes<T>];
  for (Index i = 0; i < kLanes<T>; ++i) lanes[i] = i < count ? from[i] : fill;
  return load<T>(lanes);
}
template <typename T>
void store_front(T* to, const Packet<T>& p, Index count) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>)
    return _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1u), p);
  else if constexpr (std::is_same_v<T, double>)
    return _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1u), p);
#endif
  alignas(64) T lanes[kLanes<T>];
  store<T>(lanes, p);
  for (Index i = 0; i < count; ++i) to[i] = lanes[i];
}

// Whole numbers >= 0 that a lane and a Whole hold exactly. The compiler takes the lanes out one by one.
template <typename T, typename Whole>
Packet<T> load_whole(const Whole* from) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float> && sizeof(Whole) == 1)
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#endif
  alignas(64) T lanes[kLanes<T>];
  for (Index i = 0; i < kLanes<T>; ++i) lanes[i] = static_cast<T>(from[i]);
  return load<T>(lanes);
}
template <typename T, typename Whole>
void store_whole(Whole* to, const Packet<T>& p) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float> && sizeof(Whole) == 1)
    return _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(p)));
#endif
  alignas(64) T lanes[kLanes<T>];
  store<T>(lanes, p);
  for (Index i = 0; i < kLanes<T>; ++i) to[i] = static_cast<Whole>(value_of(lanes[i]));
}

// sqrt(x) for x >= 0 and x / y for normal or infinite y. In AVX-512 the divider takes 16 and more cycles for a register
// of floats; an estimate with one Newton step takes 4 and is right to about one unit in the last place. Doubles stay
// exact.
template <typename T>
Packet<T> sqrt(const Packet<T>& x) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) {
    // r = 1 / sqrt(x) is raised by r (1 - x r^2) / 2; where x is 0 or infinite, that is put back
    const __m512 r = _mm512_rsqrt14_ps(x);
    const __m512 root = _mm512_mul_ps(x, r);
    const __m512 error = _mm512_fnmadd_ps(root, root, x);
    const __m512 better = _mm512_fmadd_ps(_mm512_mul_ps(error, _mm512_set1_ps(0.5f)), r, root);
    const __m512 finite = _mm512_maskz_mov_ps(
        _mm512_cmp_ps_mask(x, _mm512_set1_ps(std::numeric_limits<float>::min()), _CMP_GE_OQ), better);
    const __m512 infinity = _mm512_set1_ps(std::numeric_limits<float>::infinity());
    return _mm512_mask_mov_ps(finite, _mm512_cmp_ps_mask(x, infinity, _CMP_EQ_OQ), infinity);
  }
#endif
  return ei::psqrt(x);
}
template <typename T>
Packet<T> divide(const Packet<T>& x, const Packet<T>& y) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) {
    // by the largest number where y is infinite: 0 too, but for 0 times infinity; NaN stays
    const __m512 finite = _mm512_min_ps(_mm512_set1_ps(std::numeric_limits<float>::max()), y);
    const __m512 r = _mm512_rcp14_ps(finite);
    const __m512 quotient = _mm512_mul_ps(x, r);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(quotient, finite, x), r, quotient);
  }
#endif
  return ei::pdiv(x, y);
}

// y_i = f(x_i): the last lanes go through the same packet code, so an element's bits do not depend on its place
template <typename T, typename F>
void map(const T* x, T* y, Index size, F f) {
  constexpr Index L = kLanes<T>;
  Index i = 0;
  for (; i + L <= size; i += L) store<T>(y + i, f(load<T>(x + i)));
  if (i < size) store_front<T>(y + i, f(load_front<T>(x + i, size - i)), size - i);
}

// The elements that one register holds of arrays walked side by side: all of its lanes, or the first `count`.
template <typename T, bool kIsWhole>
struct Lanes {
  Index begin, count;
  Packet<T> load(const T* x) const {
    if constexpr (kIsWhole)
      return simd::load<T>(x + begin);
    else
      return load_front<T>(x + begin, count);
  }
  void store(T* y, const Packet<T>& p) const {
    if constexpr (kIsWhole)
      simd::store<T>(y + begin, p);
    else
      store_front<T>(y + begin, p, count);
  }
};

// f(lanes) for `size` elements, a register at a time
template <typename T, typename F>
void for_lanes(Index size, F f) {
  constexpr Index L = kLanes<T>;
  Index i = 0;
  for (; i + L <= size; i += L) f(Lanes<T, true>{i, L});
  if (i < size) f(Lanes<T, false>{i, size - i});
}

// sum of f(x_i), in an order that depends on size only; f(fill) must be 0
template <typename T, typename F>
T sum(const T* x, Index size, T fill, F f) {
  constexpr Index L = kLanes<T>;
  Packet<T> total = set<T>(T(0));
  Index i = 0;
  for (; i + L <= size; i += L) total = ei::padd(total, f(load<T>(x + i)));
  if (i < size) total = ei::padd(total, f(load_front<T>(x + i, size - i, fill)));
  return ei::predux(total);
}

}  // namespace nncpp::simd
