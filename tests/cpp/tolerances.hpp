// How far a computed number may lie from its reference: one table by type, and the one measure it applies to.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <type_traits>

namespace nncpp::testing {

// Relative errors. `Element`: a function of one number. `Sum`: a sum of products, relative to the sum of their
// magnitudes. `Pass`: a layer forward or backward. `Steps`: a few optimizer steps.
template <typename T>
struct Tolerance;

template <>
struct Tolerance<float> {
  static constexpr double kElement = 1e-6, kSum = 2e-6, kPass = 2e-5, kSteps = 5e-6;
};

template <>
struct Tolerance<double> {
  static constexpr double kElement = 2e-15, kSum = 4e-15, kPass = 4e-14, kSteps = 1e-12;
};

// Gradient checks, in double. The four-point difference errs by f'''''(x) h^4 / 30 and by eps |f| / h, both near 1e-13
// at this step; entries smaller than the floor are judged by their absolute error.
inline constexpr double kStep = 1e-3;
inline constexpr double kKinkDistance = 10 * kStep;
inline constexpr double kGradient = 1e-7;
inline constexpr double kGradientFloor = 1e-4;

// |got - expected| / max(|expected|, floor); infinite where one of them is not a number
inline double relative_error(double got, double expected, double floor) {
  if (got == expected) return 0;
  const double error = std::abs(got - expected) / std::max(std::abs(expected), floor);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

// the largest one of two equally long ranges
template <typename Got, typename Expected>
double largest_error(const Got& got, const Expected& expected, double floor = 1.0) {
  if (std::end(got) - std::begin(got) != std::end(expected) - std::begin(expected))
    return std::numeric_limits<double>::infinity();
  double largest = 0;
  auto e = std::begin(expected);
  for (const auto g : got)
    largest = std::max(largest, relative_error(static_cast<double>(g), static_cast<double>(*e++), floor));
  return largest;
}

template <typename A, typename B>
bool same_bits(const A& a, const B& b) {
  const auto size = std::end(a) - std::begin(a);
  static_assert(std::is_same_v<std::decay_t<decltype(*std::begin(a))>, std::decay_t<decltype(*std::begin(b))>>);
  return size == std::end(b) - std::begin(b) &&
         std::memcmp(std::to_address(std::begin(a)), std::to_address(std::begin(b)),
                     static_cast<std::size_t>(size) * sizeof(*std::begin(a))) == 0;
}

}  // namespace nncpp::testing
