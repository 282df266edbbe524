// Numerical derivatives of a function of a few numbers in double.
#pragma once

#include <span>
#include <vector>

#include "tolerances.hpp"

namespace nncpp::testing {

// df/dx at x, where f reads x itself: (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12 h.
// f may return long double, so that adding many outputs up does not drown the difference.
template <typename F>
double central_difference(double& x, F&& f) {
  const double x0 = x;
  const auto value_at = [&](double step) {
    x = x0 + step;
    return f();
  };
  const auto near = value_at(kStep) - value_at(-kStep), far = value_at(2 * kStep) - value_at(-2 * kStep);
  x = x0;
  return static_cast<double>((8 * near - far) / (12 * kStep));
}

template <typename F>
std::vector<double> numerical_gradient(std::span<double> x, F&& f) {
  std::vector<double> gradient;
  for (double& entry : x) gradient.push_back(central_difference(entry, f));
  return gradient;
}

// sum of c v: turns many outputs into one number whose gradient is c
template <typename V, typename C>
long double weighted_sum(const V& v, const C& c) {
  long double sum = 0;
  auto weight = std::begin(c);
  for (const auto x : v) sum += static_cast<long double>(x) * static_cast<long double>(*weight++);
  return sum;
}

}  // namespace nncpp::testing
