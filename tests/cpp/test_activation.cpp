#include <doctest/doctest.h>

#include <string>

#include "activations.hpp"
#include "nncpp/error.hpp"
#include "reference.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
reference::Vector widened(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

TEST_CASE("activation: names lead to activations and back, unknown ones list them all") {
  CHECK(activation_names().size() == static_cast<std::size_t>(Activation::kLogSoftmax) + 1);
  for (const auto name : activation_names()) CHECK(to_string(activation_from_name(name)) == name);
  try {
    activation_from_name("rellu");
    FAIL("an unknown name was taken");
  } catch (const DataError& error) {
    const std::string message = error.what();
    CHECK(message.find("'rellu'") != std::string::npos);
    for (const auto name : activation_names()) CHECK(message.find(name) != std::string::npos);
  }
}

TEST_CASE_TEMPLATE("activation: values are those of the formulas, for rows of every length", T, float, double) {
  for (const Activation activation : all_activations()) {
    for (Index columns = 1; columns <= 70; ++columns) {
      CAPTURE(to_string(activation));
      CAPTURE(columns);
      const Index rows = 3;
      const auto z = random_values<T>(rows * columns, 1, 4.0);
      std::vector<T> v(z.size());
      activate(activation, z.data(), v.data(), rows, columns);
      const auto expected = reference::activate(activation, widened(z), rows, columns);
      REQUIRE(largest_error(v, expected) <= Tolerance<T>::kElement);

      std::vector<T> in_place = z;
      activate(activation, in_place.data(), in_place.data(), rows, columns);
      REQUIRE(same_bits(in_place, v));
    }
  }
}

TEST_CASE_TEMPLATE("activation: small values are exact to a few units in the last place", T, float, double) {
  for (const Activation activation :
       {Activation::kSigmoid, Activation::kTanh, Activation::kSoftsign, Activation::kSoftplus, Activation::kExponential,
        Activation::kElu, Activation::kSelu, Activation::kSilu}) {
    std::vector<T> z;
    for (double x = -16; x <= 16; x += 0.03125) z.push_back(static_cast<T>(x * std::abs(x) / 16));
    std::vector<T> v(z.size());
    activate(activation, z.data(), v.data(), 1, static_cast<Index>(z.size()));
    const auto expected = reference::activate(activation, widened(z), 1, static_cast<Index>(z.size()));
    CAPTURE(to_string(activation));
    CHECK(largest_error(v, expected, std::numeric_limits<T>::min()) <= Tolerance<T>::kElement);
  }
}

TEST_CASE_TEMPLATE("activation: gradients are those of the Jacobian, assigned or added, also in place", T, float,
                   double) {
  for (const Activation activation : trainable_activations()) {
    for (const Index columns : {1, 2, 7, 16, 33, 64, 65}) {
      CAPTURE(to_string(activation));
      CAPTURE(columns);
      const Index rows = 4;
      const auto z = random_values<T>(rows * columns, 1, 2.0), dv = random_values<T>(rows * columns, 2);
      std::vector<T> v(z.size()), dz(z.size(), std::numeric_limits<T>::quiet_NaN());
      activate(activation, z.data(), v.data(), rows, columns);
      activate_backward(activation, z.data(), v.data(), dv.data(), dz.data(), rows, columns);
      auto expected = reference::activate_backward(activation, widened(z), widened(dv), rows, columns);
      CHECK(largest_error(dz, expected) <= Tolerance<T>::kElement);

      auto in_place = dv;
      activate_backward(activation, z.data(), v.data(), in_place.data(), in_place.data(), rows, columns);
      CHECK(same_bits(in_place, dz));

      auto sum = random_values<T>(rows * columns, 3);
      for (std::size_t i = 0; i < sum.size(); ++i) expected[i] += sum[i];
      activate_backward(activation, z.data(), v.data(), dv.data(), sum.data(), rows, columns, Write::kAdd);
      CHECK(largest_error(sum, expected) <= Tolerance<T>::kElement);
    }
  }
}

TEST_CASE_TEMPLATE("activation: extreme numbers give limits, never NaN", T, float, double) {
  const std::vector<T> z{T(-1e4), T(1e4), T(-100), T(100), T(0), T(1e4), T(-1e30), T(1e30)};
  const Index size = static_cast<Index>(z.size());
  for (const Activation activation : trainable_activations()) {
    CAPTURE(to_string(activation));
    std::vector<T> v(z.size()), dz(z.size());
    const std::vector<T> dv(z.size(), T(1));
    activate(activation, z.data(), v.data(), 1, size);
    activate_backward(activation, z.data(), v.data(), dv.data(), dz.data(), 1, size);
    const auto is_limit = [&](T x) { return std::isfinite(x) || (activation == Activation::kExponential && x > 0); };
    for (const T x : v) CHECK(is_limit(x));
    for (const T x : dz) CHECK(is_limit(x));
  }
  std::vector<T> v(z.size());
  activate(Activation::kSigmoid, z.data(), v.data(), 1, size);
  CHECK(v[0] >= 0);
  CHECK(v[0] < std::numeric_limits<T>::epsilon());
  CHECK(v[1] == 1);
  CHECK(v[4] == T(0.5));
  activate(Activation::kTanh, z.data(), v.data(), 1, size);
  CHECK(v[0] == -1);
  CHECK(v[1] == 1);
  CHECK(v[4] == 0);
  activate(Activation::kSoftmax, z.data(), v.data(), 1, size - 1);
  CHECK(v[1] == T(0.5));
  CHECK(v[5] == T(0.5));
  CHECK(v[0] == 0);
}

TEST_CASE_TEMPLATE("activation: at a kink the gradient is the one from below, and 0 at both of hard_tanh's", T, float,
                   double) {
  const auto slopes = [](Activation activation, const std::vector<T>& z) {
    const Index size = static_cast<Index>(z.size());
    std::vector<T> v(z.size()), dz(z.size());
    const std::vector<T> dv(z.size(), T(1));
    activate(activation, z.data(), v.data(), 1, size);
    activate_backward(activation, z.data(), v.data(), dv.data(), dz.data(), 1, size);
    return dz;
  };
  CHECK(slopes(Activation::kRelu, {T(0), -T(0), -2, 2}) == std::vector<T>{0, 0, 0, 1});
  CHECK(slopes(Activation::kLeakyRelu, {T(0), -T(0), -2, 2}) == std::vector<T>{T(0.01), T(0.01), T(0.01), 1});
  CHECK(slopes(Activation::kHardTanh, {-1, 1, T(-0.5), 2}) == std::vector<T>{0, 0, 1, 0});
  CHECK(slopes(Activation::kElu, {T(0), -T(0), 2}) == std::vector<T>{1, 1, 1});
  CHECK(slopes(Activation::kSoftsign, {T(0), -T(0)}) == std::vector<T>{1, 1});
  CHECK(largest_error(slopes(Activation::kSelu, {T(0)}), std::vector{reference::kSeluScale * reference::kSeluAlpha}) <=
        Tolerance<T>::kElement);
}

TEST_CASE_TEMPLATE("activation: step is 0 up to 0 and 1 beyond, and has no gradient", T, float, double) {
  const std::vector<T> z{-2, -T(0), 0, std::numeric_limits<T>::min(), 3};
  std::vector<T> v(z.size());
  activate(Activation::kStep, z.data(), v.data(), 1, 5);
  CHECK(v == std::vector<T>{0, 0, 0, 1, 1});
  CHECK_THROWS_AS(activate_backward(Activation::kStep, z.data(), v.data(), z.data(), v.data(), 1, 5), DataError);
  CHECK_THROWS_AS(require_derivative(Activation::kStep), DataError);
  for (const Activation activation : trainable_activations()) CHECK_NOTHROW(require_derivative(activation));
}

TEST_CASE_TEMPLATE("activation: the derivative takes z only from those that need it", T, float, double) {
  const auto z = random_values<T>(20, 1), dv = random_values<T>(20, 2);
  for (const Activation activation : trainable_activations()) {
    CAPTURE(to_string(activation));
    CHECK(needs_z(activation) == (activation == Activation::kGelu || activation == Activation::kSilu));
    std::vector<T> v(20), dz(20), expected(20);
    activate(activation, z.data(), v.data(), 4, 5);
    activate_backward(activation, z.data(), v.data(), dv.data(), expected.data(), 4, 5);
    const bool needs = needs_z(activation);
    activate_backward(activation, needs ? z.data() : nullptr, needs ? nullptr : v.data(), dv.data(), dz.data(), 4, 5);
    CHECK(same_bits(dz, expected));
  }
}

TEST_CASE_TEMPLATE("activation: softmax rows add up to 1 and do not feel a shift", T, float, double) {
  const Index rows = 5, columns = 37;
  auto z = random_values<T>(rows * columns, 1, 5.0);
  std::vector<T> v(z.size()), shifted(z.size());
  activate(Activation::kSoftmax, z.data(), v.data(), rows, columns);
  for (Index r = 0; r < rows; ++r) {
    double sum = 0;
    for (Index j = 0; j < columns; ++j) sum += v[static_cast<std::size_t>(r * columns + j)];
    CHECK(relative_error(sum, 1, 1) <= Tolerance<T>::kSum);
  }
  for (T& x : z) x += 8;
  activate(Activation::kSoftmax, z.data(), shifted.data(), rows, columns);
  CHECK(largest_error(shifted, v) <= Tolerance<T>::kElement * 8);
}

TEST_CASE_TEMPLATE("activation: not a number comes through", T, float, double) {
  for (const Activation activation : all_activations()) {
    for (const std::size_t at : {0, 3, 20}) {
      auto z = random_values<T>(21, 1);
      z[at] = std::numeric_limits<T>::quiet_NaN();
      std::vector<T> v(z.size());
      activate(activation, z.data(), v.data(), 1, 21);
      CAPTURE(to_string(activation));
      CAPTURE(at);
      CHECK(std::isnan(v[at]));
    }
  }
}

TEST_CASE_TEMPLATE("activation: the bits do not depend on the number of threads", T, float, double) {
  const Index rows = 1001, columns = 67;
  const auto z = random_values<T>(rows * columns, 1), dv = random_values<T>(rows * columns, 2);
  for (const Activation activation : trainable_activations()) {
    std::vector<T> expected;
    for (const int count : kThreadCounts) {
      const Threads threads(count);
      std::vector<T> v(z.size()), dz(z.size());
      activate(activation, z.data(), v.data(), rows, columns);
      activate_backward(activation, z.data(), v.data(), dv.data(), dz.data(), rows, columns);
      v.insert(v.end(), dz.begin(), dz.end());
      if (expected.empty()) expected = v;
      CHECK(same_bits(v, expected));
    }
  }
}

}  // namespace
}  // namespace nncpp::testing
