// Dual: a number and its slope along one direction, v + s e with e^2 = 0, so that f(v + s e) = f(v) + f'(v) s e. The
// core is a template of its numbers; in dual numbers a pass forward gives the derivative of the loss along a direction
// of parameters and inputs, and backward the derivative of the gradient: the Hessian times that direction. Both are
// exact to rounding. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6, 1994; Griewank,
// Walther, Evaluating Derivatives, 2008, 3.1. Comparisons are those of values. At 0 the slope of abs is 0.
#pragma once

#include <cmath>
#include <compare>
#include <concepts>
#include <limits>
#include <numbers>
#include <ostream>
#include <type_traits>

namespace nncpp {

struct Dual {
  double value, slope;

  constexpr Dual(double value_ = 0, double slope_ = 0) : value(value_), slope(slope_) {}
  template <std::integral Whole>
  explicit constexpr Dual(Whole number) : Dual(static_cast<double>(number)) {}

  friend constexpr Dual operator-(const Dual& x) { return {-x.value, -x.slope}; }
  friend constexpr Dual operator+(const Dual& x, const Dual& y) { return {x.value + y.value, x.slope + y.slope}; }
  friend constexpr Dual operator-(const Dual& x, const Dual& y) { return {x.value - y.value, x.slope - y.slope}; }
  friend constexpr Dual operator*(const Dual& x, const Dual& y) {
    return {x.value * y.value, x.value * y.slope + x.slope * y.value};
  }
  friend constexpr Dual operator/(const Dual& x, const Dual& y) {
    const double quotient = x.value / y.value;
    return {quotient, (x.slope - quotient * y.slope) / y.value};
  }
  constexpr Dual& operator+=(const Dual& x) { return *this = *this + x; }
  constexpr Dual& operator-=(const Dual& x) { return *this = *this - x; }
  constexpr Dual& operator*=(const Dual& x) { return *this = *this * x; }
  constexpr Dual& operator/=(const Dual& x) { return *this = *this / x; }

  friend constexpr bool operator==(const Dual& x, const Dual& y) { return x.value == y.value; }
  friend constexpr auto operator<=>(const Dual& x, const Dual& y) { return x.value <=> y.value; }
  friend std::ostream& operator<<(std::ostream& out, const Dual& x) { return out << x.value; }

  // f(x), from f and f' at its value; what does not move has slope 0, also where f' is infinite
  constexpr Dual through(double f, double derivative) const { return {f, slope == 0 ? 0.0 : derivative * slope}; }
};

inline Dual abs(const Dual& x) { return x.through(std::abs(x.value), (x.value > 0) - (x.value < 0)); }
inline Dual exp(const Dual& x) {
  const double power = std::exp(x.value);
  return x.through(power, power);
}
inline Dual expm1(const Dual& x) { return x.through(std::expm1(x.value), std::exp(x.value)); }
inline Dual log(const Dual& x) { return x.through(std::log(x.value), 1 / x.value); }
inline Dual log1p(const Dual& x) { return x.through(std::log1p(x.value), 1 / (1 + x.value)); }
inline Dual sqrt(const Dual& x) { return x.through(std::sqrt(x.value), 0.5 / std::sqrt(x.value)); }
inline Dual tanh(const Dual& x) {
  const double cosh = std::cosh(x.value);
  return x.through(std::tanh(x.value), 1 / cosh / cosh);
}
inline Dual erfc(const Dual& x) {
  return x.through(std::erfc(x.value), -2 * std::numbers::inv_sqrtpi * std::exp(-x.value * x.value));
}
inline Dual pow(const Dual& x, const Dual& y) {
  const double power = std::pow(x.value, y.value);
  const double by_x = y.value == 0 ? 0 : y.value * std::pow(x.value, y.value - 1);
  const double by_y = x.value > 0 ? power * std::log(x.value) : 0;  // as Power has it
  return {power, x.through(0, by_x).slope + y.through(0, by_y).slope};
}

// What a T is measured in: a T itself, the value of a Dual.
constexpr float value_of(float x) { return x; }
constexpr double value_of(double x) { return x; }
constexpr double value_of(const Dual& x) { return x.value; }
template <typename T>
using Real = decltype(value_of(T()));

constexpr double slope_of(double) { return 0; }
constexpr double slope_of(const Dual& x) { return x.slope; }

// What many T are added up in: double, or Dual, which loses no slope.
template <typename T>
using Wide = std::conditional_t<std::is_same_v<T, Dual>, Dual, double>;

}  // namespace nncpp

template <>
struct std::numeric_limits<nncpp::Dual> : std::numeric_limits<double> {};
