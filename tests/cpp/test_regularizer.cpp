#include <doctest/doctest.h>

#include <vector>

#include "nncpp/regularizer.hpp"
#include "numerical.hpp"
#include "samples.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("regularizer: hand-computed values and gradients of l1, l2 and both, with sign(0) = 0", T, float,
                   double) {
  const T theta[] = {1, -2, 0, 4};
  const auto check = [&](const Penalty& penalty, double value, const std::vector<T>& gradient) {
    std::vector<T> dtheta(4, T(10));
    CHECK(add_penalties<T>(std::span(&penalty, 1), theta, dtheta.data()) == value);
    for (std::size_t i = 0; i < 4; ++i) CHECK(dtheta[i] == 10 + gradient[i]);
  };
  check({0, 4, 0.5, 0}, 3.5, {T(0.5), T(-0.5), 0, T(0.5)});
  check({0, 4, 0, 0.5}, 5.25, {T(0.5), -1, 0, 2});  // 0.5 / 2 (1 + 4 + 16)
  check({0, 4, 1, 2}, 28, {3, -5, 0, 9});
  check({1, 2, 0, 2}, 4, {0, -4, 0, 0});
}

TEST_CASE("regularizer: the gradient is what differences give, and its sum over long segments is right") {
  auto theta = random_values<double>(5000, 1);  // none close to the kink of |w|
  const std::vector<Penalty> penalties{{3, 4000, 0.3, 0}, {4100, 700, 0.2, 0.7}};
  std::vector<double> dtheta(theta.size());
  add_penalties<double>(penalties, theta.data(), dtheta.data());
  for (std::size_t i = 0; i < theta.size(); i += 97) {
    const double expected =
        central_difference(theta[i], [&] { return add_penalties<double>(penalties, theta.data(), nullptr); });
    CHECK(relative_error(dtheta[i], expected, 1) <= kGradient);
  }
  double value = 0;
  for (const Penalty& penalty : penalties) {
    for (Index i = penalty.offset; i < penalty.offset + penalty.size; ++i) {
      const double w = theta[static_cast<std::size_t>(i)];
      value += penalty.l1 * std::abs(w) + penalty.l2 / 2 * w * w;
    }
  }
  CHECK(relative_error(add_penalties<double>(penalties, theta.data(), nullptr), value, 1) <= Tolerance<double>::kSum);
}

}  // namespace
}  // namespace nncpp::testing
