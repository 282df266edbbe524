// The pointwise activations: value and slope of each, side by side, on registers of T. z is only given where value and
// slope cannot do without (kNeedsZ); elsewhere the slope comes from v.
#pragma once

#include <cmath>
#include <numbers>

#include "nncpp/activation.hpp"
#include "simd.hpp"

namespace nncpp::pointwise {

using namespace simd::ei;

// one T in every lane
template <typename T>
auto all(double value) {
  return simd::set<T>(static_cast<T>(value));
}

template <typename T>
struct Base {
  using P = simd::Packet<T>;
  static constexpr bool kNeedsZ = false;
  static constexpr double kWork = 1;  // multiply-adds that a value takes as long as
  static P positive(const P& x) { return pcmp_lt(all<T>(0), x); }
};

template <typename T>
struct Identity : Base<T> {
  using typename Base<T>::P;
  static P value(const P& z) { return z; }
  static P slope(const P&, const P&) { return all<T>(1); }
};

template <typename T>
struct Step : Base<T> {
  using typename Base<T>::P;
  // NaN comes through
  static P value(const P& z) {
    const P zero = all<T>(0);
    return pselect(Base<T>::positive(z), all<T>(1), pselect(pcmp_le(z, zero), zero, z));
  }
  static P slope(const P&, const P&) { return all<T>(0); }
};

template <typename T>
struct Sigmoid : Base<T> {
  using typename Base<T>::P;
  static constexpr double kWork = 16;
  static P value(const P& z) { return scalar_logistic_op<T>().packetOp(z); }
  static P slope(const P&, const P& v) { return pmul(v, psub(all<T>(1), v)); }
};

template <typename T>
struct Tanh : Base<T> {
  using typename Base<T>::P;
  static constexpr double kWork = 16;
  static P value(const P& z) { return ptanh(z); }
  static P slope(const P&, const P& v) { return psub(all<T>(1), pmul(v, v)); }
};

template <typename T>
struct HardTanh : Base<T> {
  using typename Base<T>::P;
  static P value(const P& z) {
    const P low = pselect(pcmp_le(z, all<T>(-1)), all<T>(-1), z);
    return pselect(pcmp_le(all<T>(1), low), all<T>(1), low);
  }
  static P slope(const P&, const P& v) { return pand(pcmp_lt(pabs(v), all<T>(1)), all<T>(1)); }
};

template <typename T>
struct Softsign : Base<T> {
  using typename Base<T>::P;
  static P value(const P& z) { return pdiv(z, padd(all<T>(1), pabs(z))); }
  static P slope(const P&, const P& v) {
    const P rest = psub(all<T>(1), pabs(v));
    return pmul(rest, rest);
  }
};

template <typename T>
struct Relu : Base<T> {
  using typename Base<T>::P;
  // NaN comes through: pmax would drop it
  static P value(const P& z) { return pselect(pcmp_le(z, all<T>(0)), all<T>(0), z); }
  static P slope(const P&, const P& v) { return pand(Base<T>::positive(v), all<T>(1)); }
};

template <typename T>
struct LeakyRelu : Base<T> {
  using typename Base<T>::P;
  static P value(const P& z) { return pselect(Base<T>::positive(z), z, pmul(z, all<T>(0.01))); }
  static P slope(const P&, const P& v) { return pselect(Base<T>::positive(v), all<T>(1), all<T>(0.01)); }
};

template <typename T>
struct Softplus : Base<T> {
  using typename Base<T>::P;
  static constexpr double kWork = 32;
  // z + log(1 + exp(-z)) where z > 0, else log(1 + exp(z)): nothing overflows
  static P value(const P& z) {
    const P is_positive = Base<T>::positive(z);
    const P tail = generic_log1p(pexp(pselect(is_positive, pnegate(z), z)));
    return padd(pand(is_positive, z), tail);
  }
  static P slope(const P&, const P& v) { return pnegate(generic_expm1(pnegate(v))); }
};

template <typename T>
struct Exponential : Base<T> {
  using typename Base<T>::P;
  static constexpr double kWork = 16;
  static P value(const P& z) { return pexp(z); }
  static P slope(const P&, const P& v) { return v; }
};

template <typename T>
struct Elu : Base<T> {
  using typename Base<T>::P;
  static constexpr double kWork = 16;
  static P value(const P& z) { return pselect(Base<T>::positive(z), z, generic_expm1(z)); }
  static P slope(const P&, const P& v) { return pselect(Base<T>::positive(v), all<T>(1), padd(v, all<T>(1))); }
};

template <typename T>
struct Selu : Base<T> {
  using typename Base<T>::P;
  static constexpr double kWork = 16;
  static constexpr double kScale = 1.0507009873554804934193349852946, kAlpha = 1.6732632423543772848170429916717;
  static P value(const P& z) {
    return pselect(Base<T>::positive(z), pmul(z, all<T>(kScale)), pmul(generic_expm1(z), all<T>(kScale * kAlpha)));
  }
  static P slope(const P&, const P& v) {
    return pselect(Base<T>::positive(v), all<T>(kScale), padd(v, all<T>(kScale * kAlpha)));
  }
};

template <typename T>
struct Gelu : Base<T> {
  using typename Base<T>::P;
  static constexpr bool kNeedsZ = true;
  static constexpr double kWork = 64;
  static P value(const P& z) {
    return by_lane(z, [](T x) { return x * below(x); });
  }
  static P slope(const P& z, const P&) {
    return by_lane(z, [](T x) {
      using std::exp;
      const T density = exp(T(-0.5) * x * x) * static_cast<T>(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
      return below(x) + x * density;
    });
  }

 private:
  // the normal distribution function; erfc keeps its small values exact
  static T below(T x) {
    using std::erfc;
    return T(0.5) * erfc(-x * static_cast<T>(1 / std::numbers::sqrt2));
  }
  template <typename F>
  static P by_lane(const P& z, F f) {
    alignas(64) T lanes[simd::kLanes<T>];
    simd::store<T>(lanes, z);
    for (T& x : lanes) x = f(x);
    return simd::load<T>(lanes);
  }
};

template <typename T>
struct Silu : Base<T> {
  using typename Base<T>::P;
  static constexpr bool kNeedsZ = true;
  static constexpr double kWork = 16;
  static P value(const P& z) { return pmul(z, Sigmoid<T>::value(z)); }
  static P slope(const P& z, const P&) {
    const P s = Sigmoid<T>::value(z);
    return pmul(s, padd(all<T>(1), pmul(z, psub(all<T>(1), s))));
  }
};

// f(Relu<T>()) and so on for the pointwise ones; false for those that go over an axis
template <typename T, typename F>
bool with_activation(Activation activation, F f) {
  switch (activation) {
    case Activation::kIdentity:
      return f(Identity<T>()), true;
    case Activation::kStep:
      return f(Step<T>()), true;
    case Activation::kSigmoid:
      return f(Sigmoid<T>()), true;
    case Activation::kTanh:
      return f(Tanh<T>()), true;
    case Activation::kHardTanh:
      return f(HardTanh<T>()), true;
    case Activation::kSoftsign:
      return f(Softsign<T>()), true;
    case Activation::kRelu:
      return f(Relu<T>()), true;
    case Activation::kLeakyRelu:
      return f(LeakyRelu<T>()), true;
    case Activation::kSoftplus:
      return f(Softplus<T>()), true;
    case Activation::kExponential:
      return f(Exponential<T>()), true;
    case Activation::kElu:
      return f(Elu<T>()), true;
    case Activation::kSelu:
      return f(Selu<T>()), true;
    case Activation::kGelu:
      return f(Gelu<T>()), true;
    case Activation::kSilu:
      return f(Silu<T>()), true;
    case Activation::kSoftmax:
    case Activation::kLogSoftmax:
      break;
  }
  return false;
}

}  // namespace nncpp::pointwise
