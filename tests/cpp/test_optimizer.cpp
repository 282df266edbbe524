#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/optimizer.hpp"
#include "optimizer_methods.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

// theta and its gradient are padded to whole cache lines, as a network's are
template <typename T>
std::vector<T> random_vector(Index size, std::uint64_t seed) {
  auto values = random_values<T>(size, seed);
  values.resize(static_cast<std::size_t>(padded<T>(size)));
  return values;
}

// theta after each of the steps with the gradients g, by one element
template <typename T>
std::vector<double> path(const Optimizer<T>& optimizer, double rate, T first, const std::vector<T>& gradients) {
  auto state = optimizer.start(1);
  Buffer<T> theta(1), g(1);
  *theta.data() = first;
  std::vector<double> result;
  for (const T gradient : gradients) {
    *g.data() = gradient;
    optimizer.step(state, rate, g.data(), theta.data(), 1);
    result.push_back(*theta.data());
  }
  return result;
}

TEST_CASE_TEMPLATE("optimizer: steps computed by hand", T, float, double) {
  const auto check = [](const std::vector<double>& got, const std::vector<double>& expected) {
    CHECK(largest_error(got, expected) <= Tolerance<T>::kSteps);
  };
  check(path<T>(SGD<T>(), 0.1, 1, {2, 2}), {0.8, 0.6});
  // v = -0.2, -0.38
  check(path<T>(SGD<T>(0.9), 0.1, 1, {2, 2}), {0.8, 0.42});
  // theta += 0.9 v - 0.2 with the same v
  check(path<T>(SGD<T>(0.9, true), 0.1, 1, {2, 2}), {0.62, 0.078});
  // m / (1 - beta1) = g and v / (1 - beta2) = g^2: the first step is nearly the rate, whatever the gradient
  check(path<T>(Adam<T>({}), 0.1, 1, {2}), {1 - 0.2 / (2 + 1e-8)});
  check(path<T>(Adam<T>({}), 0.1, 1, {T(-0.25)}), {1 + 0.025 / (0.25 + 1e-8)});
  // m = 1, v = 2, uncorrected
  check(path<T>(Adam<T>({.beta1 = 0.5, .beta2 = 0.5, .bias_correction = false}), 0.1, 1, {2}),
        {1 - 0.1 / (std::sqrt(2.0) + 1e-8)});
  // epsilon stands outside the root: 0.1 * 2 / (2 + 2)
  check(path<T>(Adam<T>({.damping = {.epsilon = 2}}), 0.1, 1, {2}), {0.95});
  // or inside: 0.1 * 2 / sqrt(4 + 12)
  check(path<T>(Adam<T>({.damping = {12, true}}), 0.1, 1, {2}), {0.95});
  // theta shrinks by 0.1 * 0.5 of itself, also where the gradient is 0
  check(path<T>(Adam<T>({.weight_decay = 0.5}), 0.1, 1, {0, 0}), {0.95, 0.9025});
  check(path<T>(Adam<T>({.weight_decay = 0.5}), 0.1, 1, {2}), {0.95 - 0.2 / (2 + 1e-8)});
  // r = 9, 25; with r + 5 inside the root: 4 + 5, 20 + 5
  check(path<T>(AdaGrad<T>({.epsilon = 1}), 0.1, 1, {3, 4}), {1 - 0.3 / 4, 1 - 0.3 / 4 - 0.4 / 6});
  check(path<T>(AdaGrad<T>({.epsilon = 5, .is_inside_root = true}), 0.1, 1, {2, 4}),
        {1 - 0.2 / 3, 1 - 0.2 / 3 - 0.4 / 5});
  // r = 4, 3, 2.25 + 4; with r + 9 inside the root: 16 + 9
  check(path<T>(RMSProp<T>(0.75, {.epsilon = 1}), 0.1, 1, {4, 0, 4}),
        {1 - 0.4 / 3, 1 - 0.4 / 3, 1 - 0.4 / 3 - 0.4 / 3.5});
  check(path<T>(RMSProp<T>(0.75, {.epsilon = 9, .is_inside_root = true}), 0.1, 1, {8}), {0.84});
  // r = 4, 7; s = 0, 3
  const double first = 1 - 0.4 * std::sqrt(12.0 / 16);
  check(path<T>(Adadelta<T>(0.75, 12), 0.1, 1, {4, 4}), {first, first - 0.4 * std::sqrt(15.0 / 19)});
}

TEST_CASE_TEMPLATE("optimizer: five steps are those of the plain loops", T, float, double) {
  constexpr Index kSize = 103;
  const double rates[] = {0.1, 0.1, 0.05, 0.2, 0.0};
  for (auto& [name, optimizer, twin, bowl_rate] : methods<T>()) {
    CAPTURE(name);
    auto theta = random_vector<T>(kSize, 1);
    reference::Vector expected(theta.begin(), theta.end());
    auto state = optimizer->start(kSize);
    for (std::uint64_t t = 0; t < std::size(rates); ++t) {
      const auto g = random_vector<T>(kSize, 10 + t);
      optimizer->step(state, rates[t], g.data(), theta.data(), kSize);
      twin(rates[t], {g.begin(), g.end()}, expected);
      CHECK(state.t == static_cast<Index>(t) + 1);
      CHECK(largest_error(theta, expected) <= Tolerance<T>::kSteps);
    }
  }
}

TEST_CASE_TEMPLATE("optimizer: each one finds the bottom of a bowl", T, float, double) {
  // f = sum a_i (x_i - c_i)^2 / 2 with curvatures from 0.1 to 1
  const std::vector<T> curvature{T(0.1), T(0.3), 1}, bottom{1, -2, T(0.5)};
  constexpr double kNear = 1e-3;
  for (auto& [name, optimizer, twin, bowl_rate] : methods<T>()) {
    if (bowl_rate == 0) continue;
    auto x = random_vector<T>(3, 1), g = x;
    auto state = optimizer->start(3);
    for (int t = 0; t < 3000; ++t) {
      for (std::size_t i = 0; i < 3; ++i) g[i] = curvature[i] * (x[i] - bottom[i]);
      optimizer->step(state, bowl_rate * (t < 2000 ? 1 : t < 2500 ? 0.1 : 0.01), g.data(), x.data(), 3);
    }
    x.resize(3);
    CAPTURE(name);
    CHECK(largest_error(x, bottom) <= kNear);
  }
}

TEST_CASE_TEMPLATE("optimizer: cutting theta into pieces changes no bit", T, float, double) {
  constexpr Index kSize = 20000, kCut = 8192 + 16;
  for (auto& [name, optimizer, twin, bowl_rate] : methods<T>()) {
    auto whole = random_vector<T>(kSize, 1), pieces = whole;
    auto state = optimizer->start(kSize), first = optimizer->start(kCut), second = optimizer->start(kSize - kCut);
    for (std::uint64_t t = 0; t < 3; ++t) {
      const auto g = random_vector<T>(kSize, 10 + t);
      optimizer->step(state, 0.1, g.data(), whole.data(), kSize);
      optimizer->step(first, 0.1, g.data(), pieces.data(), kCut);
      optimizer->step(second, 0.1, g.data() + kCut, pieces.data() + kCut, kSize - kCut);
    }
    CAPTURE(name);
    CHECK(same_bits(whole, pieces));
  }
}

TEST_CASE_TEMPLATE("optimizer: each range moves at its own rate, what lies between them stays", T, float, double) {
  constexpr Index kFirst = 64, kGap = 128, kSize = 20000;
  const std::vector<RateRange> ranges{{0, kFirst, 0.5}, {kGap, kSize, 2}};
  for (auto& [name, optimizer, twin, bowl_rate] : methods<T>()) {
    const auto start = random_vector<T>(kSize, 1);
    auto theta = start, slow = start, fast = start;
    auto state = optimizer->start(kSize), slow_state = optimizer->start(kSize), fast_state = optimizer->start(kSize);
    for (std::uint64_t t = 0; t < 3; ++t) {
      const auto g = random_vector<T>(kSize, 10 + t);
      optimizer->step(state, 0.1, g.data(), theta.data(), ranges);
      optimizer->step(slow_state, 0.05, g.data(), slow.data(), kSize);
      optimizer->step(fast_state, 0.2, g.data(), fast.data(), kSize);
    }
    CAPTURE(name);
    CHECK(state.t == 3);
    auto expected = fast;
    std::copy_n(slow.begin(), kFirst, expected.begin());
    std::copy_n(start.begin() + kFirst, kGap - kFirst, expected.begin() + kFirst);
    CHECK(same_bits(theta, expected));

    const std::vector<RateRange> beyond{{0, kFirst, 1}, {kGap, kSize, 1e300}};
    CHECK_THROWS_AS(optimizer->step(state, 1e300, theta.data(), theta.data(), beyond), DataError);
    CHECK(state.t == 3);
    CHECK(same_bits(theta, expected));
  }
}

TEST_CASE_TEMPLATE("optimizer: a sum of squares that overflows stops its weight and leaves a number", T, float,
                   double) {
  const AdaGrad<T> optimizer({});
  auto theta = random_vector<T>(16, 1), g = theta;
  auto state = optimizer.start(16);
  g[3] = std::sqrt(std::numeric_limits<T>::max() / 2);
  for (int t = 0; t < 3; ++t) optimizer.step(state, 0.1, g.data(), theta.data(), 16);
  CHECK(std::isinf(state.moments[0].data()[3]));
  const auto before = theta;
  optimizer.step(state, 0.1, g.data(), theta.data(), 16);
  CHECK(theta[3] == before[3]);
  CHECK(theta[2] != before[2]);
  for (const T value : theta) CHECK(std::isfinite(value));
}

TEST_CASE_TEMPLATE("optimizer: the bits do not depend on the number of threads", T, float, double) {
  constexpr Index kSize = 100003;
  for (auto& [name, optimizer, twin, bowl_rate] : methods<T>()) {
    std::vector<T> expected;
    for (const int count : kThreadCounts) {
      const Threads threads(count);
      auto theta = random_vector<T>(kSize, 1);
      const auto g = random_vector<T>(kSize, 2);
      auto state = optimizer->start(kSize);
      for (int t = 0; t < 2; ++t) optimizer->step(state, 0.1, g.data(), theta.data(), kSize);
      if (expected.empty()) expected = theta;
      CAPTURE(name);
      CHECK(same_bits(theta, expected));
    }
  }
}

TEST_CASE("optimizer: moments are named, begin at zero and are as long as theta") {
  CHECK(SGD<float>().moment_names().empty());
  CHECK(SGD<float>(0.9).moment_names() == std::vector<std::string>{"velocity"});
  CHECK(AdaGrad<float>({}).moment_names() == std::vector<std::string>{"r"});
  CHECK(RMSProp<float>(0.9, {}).moment_names() == std::vector<std::string>{"r"});
  CHECK(Adadelta<float>(0.9, 1e-6).moment_names() == std::vector<std::string>{"r", "s"});
  CHECK(Adam<float>({}).moment_names() == std::vector<std::string>{"m", "v"});
  const auto state = Adam<float>({}).start(37);
  CHECK(state.t == 0);
  REQUIRE(state.moments.size() == 2);
  for (const auto& moment : state.moments) {
    CHECK(moment.size() == 37);
    for (Index i = 0; i < moment.size(); ++i) CHECK(moment.data()[i] == 0);
  }
}

TEST_CASE("optimizer: hyper-parameters outside their intervals are errors that name them") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double momentum : {-0.1, 1.0, nan}) CHECK_THROWS_AS(SGD<float>{momentum}, DataError);
  CHECK_THROWS_AS(SGD<float>(0.0, true), DataError);
  // what float rounds to 1, and what it flushes to 0
  CHECK_THROWS_AS(SGD<float>{1 - 1e-12}, DataError);
  CHECK_THROWS_AS(Adam<float>({.damping = {1e-38}}), DataError);
  CHECK_NOTHROW(Adam<double>({.damping = {1e-38}}));
  for (const double beta : {-0.1, 1.0, nan}) {
    CHECK_THROWS_AS(Adam<float>({.beta1 = beta}), DataError);
    CHECK_THROWS_AS(Adam<float>({.beta2 = beta}), DataError);
    CHECK_THROWS_AS(RMSProp<float>(beta, {}), DataError);
    CHECK_THROWS_AS(Adadelta<float>(beta, 1e-6), DataError);
  }
  for (const double epsilon : {0.0, -1.0, nan, 1e-50, 1e50}) {
    const Damping damping{epsilon};
    CHECK_THROWS_AS(AdaGrad<float>{damping}, DataError);
    CHECK_THROWS_AS(RMSProp<float>(0.9, damping), DataError);
    CHECK_THROWS_AS(Adadelta<float>(0.9, epsilon), DataError);
    CHECK_THROWS_AS(Adam<float>({.damping = damping}), DataError);
  }
  CHECK_NOTHROW(Adam<double>({.damping = {1e-50}}));
  for (const double decay : {-0.1, std::numeric_limits<double>::infinity(), nan})
    CHECK_THROWS_AS(Adam<float>({.weight_decay = decay}), DataError);
  CHECK_THROWS_WITH_AS(Adam<float>({.beta1 = 1.5}), "beta1: expected 0 <= beta1 < 1 in float32, got 1.5", DataError);
}

TEST_CASE("optimizer: a learning rate that is no number >= 0 is an error and no step") {
  const SGD<double> optimizer(0.5);
  auto state = optimizer.start(1);
  const auto g = random_vector<double>(1, 1), before = random_vector<double>(1, 2);
  auto theta = before;
  CHECK_NOTHROW(require_rate<double>(1e300));
  CHECK_THROWS_AS(require_rate<float>(1e300), DataError);
  for (const double rate : {-0.1, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(optimizer.step(state, rate, g.data(), theta.data(), 1), DataError);
    CHECK(theta == before);
    CHECK(state.t == 0);
  }
}

}  // namespace
}  // namespace nncpp::testing
