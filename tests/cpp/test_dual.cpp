#include "nncpp/dual.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "activations.hpp"
#include "loss_cases.hpp"
#include "nncpp/error.hpp"
#include "nncpp/linalg.hpp"
#include "nncpp/regularizer.hpp"
#include "numerical.hpp"

namespace nncpp::testing {
namespace {

constexpr double kExact = 1e-12;

std::vector<Dual> along(const std::vector<double>& values, const std::vector<double>& slopes) {
  std::vector<Dual> result;
  for (std::size_t i = 0; i < values.size(); ++i) result.emplace_back(values[i], slopes[i]);
  return result;
}
std::vector<double> values_of(const std::vector<Dual>& x) {
  std::vector<double> result;
  for (const Dual& each : x) result.push_back(each.value);
  return result;
}
std::vector<double> slopes_of(const std::vector<Dual>& x) {
  std::vector<double> result;
  for (const Dual& each : x) result.push_back(each.slope);
  return result;
}

TEST_CASE("dual: arithmetic has the slopes of sum, product and quotient") {
  const Dual x(3, 2), y(4, -1);
  const auto check = [](const Dual& got, double value, double slope) {
    CHECK(got.value == value);
    CHECK(got.slope == slope);
  };
  check(x + y, 7, 1);
  check(x - y, -1, 3);
  check(-x, -3, -2);
  check(x * y, 12, 5);           // 3 (-1) + 2 4
  check(x / y, 0.75, 2.75 / 4);  // (2 + 0.75) / 4
  check(2 * x + 1.0, 7, 4);      // numbers stand still
  check(1 / Dual(2, 1), 0.5, -0.25);
  Dual z = x;
  z += y, z *= y, z -= 1, z /= 2;  // ((x + y) y - 1) / 2
  check(z, 13.5, -1.5);            // (1 4 - 7) / 2
  CHECK(Dual(1, 5) == Dual(1, 6));
  CHECK(Dual(1, 5) < Dual(2, -5));
  CHECK(!(Dual(std::numeric_limits<double>::quiet_NaN()) < 1.0));
}

TEST_CASE("dual: functions have the slopes that differences give") {
  const auto check = [](const char* name, auto f, std::initializer_list<double> points) {
    for (double x : points) {
      CAPTURE(name);
      CAPTURE(x);
      const double difference = central_difference(x, [&] { return f(Dual(x)).value; });
      CHECK(relative_error(f(Dual(x, 3)).slope, 3 * difference, 1e-3) <= 1e-6);
    }
  };
  const auto both = {-2.0, -0.3, 0.4, 1.5};
  const auto positive = {0.1, 0.9, 2.5};
  check("abs", [](Dual x) { return abs(x); }, both);
  check("exp", [](Dual x) { return exp(x); }, both);
  check("expm1", [](Dual x) { return expm1(x); }, both);
  check("log", [](Dual x) { return log(x); }, positive);
  check("log1p", [](Dual x) { return log1p(x); }, {-0.5, 0.3, 4.0});
  check("sqrt", [](Dual x) { return sqrt(x); }, positive);
  check("tanh", [](Dual x) { return tanh(x); }, both);
  check("erfc", [](Dual x) { return erfc(x); }, both);
  check("x^2.5", [](Dual x) { return pow(x, 2.5); }, positive);
  check("x^3", [](Dual x) { return pow(x, 3); }, both);
  check("1.7^x", [](Dual x) { return pow(1.7, x); }, both);
  check("x^x", [](Dual x) { return pow(x, x); }, positive);
  CHECK(abs(Dual(0, 2)).slope == 0);
  CHECK(sqrt(Dual(0, 0)).slope == 0);  // what stands still has no slope, though 0.5 / sqrt(0) is infinite
  CHECK(pow(Dual(0, 1), 1).slope == 1);
  CHECK(pow(Dual(0, 1), 0).slope == 0);
  CHECK(pow(Dual(0, 1), Dual(2, 1)).slope == 0);
}

TEST_CASE("dual: products have the values of double, bit for bit, and the slopes of the product rule") {
  for (const auto& [M, K, N] : {std::array<Index, 3>{1, 1, 1}, {5, 7, 3}, {33, 400, 21}}) {
    const auto a = random_values<double>(M * K, 1), da = random_values<double>(M * K, 2);
    const auto b = random_values<double>(K * N, 3), db = random_values<double>(K * N, 4);
    const auto bias = random_values<double>(N, 5), dbias = random_values<double>(N, 6);
    std::vector<Dual> c(static_cast<std::size_t>(M * N));
    const auto A = along(a, da), B = along(b, db), offset = along(bias, dbias);
    multiply(matrix(A.data(), M, K), matrix(B.data(), K, N), c.data(), Write::kAssign, offset.data());

    std::vector<double> value(c.size()), slope(c.size());
    multiply(matrix(a.data(), M, K), matrix(b.data(), K, N), value.data(), Write::kAssign, bias.data());
    multiply(matrix(a.data(), M, K), matrix(db.data(), K, N), slope.data(), Write::kAssign, dbias.data());
    multiply(matrix(da.data(), M, K), matrix(b.data(), K, N), slope.data(), Write::kAdd);
    CHECK(same_bits(values_of(c), value));
    CHECK(largest_error(slopes_of(c), slope) <= kExact);

    // the transpose of A', and added: twice as much
    std::vector<Dual> turned(A.size());
    for (Index i = 0; i < M; ++i)
      for (Index k = 0; k < K; ++k)
        turned[static_cast<std::size_t>(k * M + i)] = A[static_cast<std::size_t>(i * K + k)];
    auto twice = c;
    multiply(transposed(turned.data(), K, M), matrix(B.data(), K, N), twice.data(), Write::kAdd);
    for (std::size_t i = 0; i < c.size(); ++i)
      CHECK(relative_error(twice[i].slope, 2 * c[i].slope - dbias[i % static_cast<std::size_t>(N)], 1) <= kExact);

    std::vector<Dual> sums(static_cast<std::size_t>(N));
    std::vector<double> sum(sums.size());
    sum_rows(B.data(), K, N, sums.data(), Write::kAssign);
    sum_rows(db.data(), K, N, sum.data(), Write::kAssign);
    CHECK(largest_error(slopes_of(sums), sum) <= kExact);
  }
}

TEST_CASE("dual: every activation's slope is that of backward, and backward's is that of its differences") {
  for (const Activation activation : trainable_activations()) {
    CAPTURE(to_string(activation));
    const Index rows = 4, columns = 9;
    auto z = random_values<double>(rows * columns, 1, 2.0);
    for (double& x : z)
      for (const double kink : kinks(activation))
        if (std::abs(x - kink) < kKinkDistance) x += 4 * kKinkDistance;
    const auto dz = random_values<double>(rows * columns, 2), dv = random_values<double>(rows * columns, 3);
    const auto n = z.size();

    // d(sum dv v) along dz, forward and backward
    const auto in = along(z, dz);
    std::vector<Dual> v(n);
    activate(activation, in.data(), v.data(), rows, columns);
    std::vector<double> plain(n), gradient(n);
    activate(activation, z.data(), plain.data(), rows, columns);
    activate_backward(activation, z.data(), plain.data(), dv.data(), gradient.data(), rows, columns);
    CHECK(largest_error(values_of(v), plain) <= Tolerance<double>::kElement);
    const auto slope = static_cast<double>(weighted_sum(slopes_of(v), dv));
    CHECK(relative_error(slope, static_cast<double>(weighted_sum(gradient, dz)), 1) <= kExact);

    std::vector<Dual> backward(n);
    const auto incoming = along(dv, std::vector<double>(n));
    activate_backward(activation, in.data(), v.data(), incoming.data(), backward.data(), rows, columns);
    CHECK(largest_error(values_of(backward), gradient) <= kExact);
    double step = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double expected = central_difference(step, [&] {
        std::vector<double> moved = z, at(n), g(n);
        for (std::size_t k = 0; k < n; ++k) moved[k] += step * dz[k];
        activate(activation, moved.data(), at.data(), rows, columns);
        activate_backward(activation, moved.data(), at.data(), dv.data(), g.data(), rows, columns);
        return g[i];
      });
      CHECK(relative_error(backward[i].slope, expected, 1) <= 1e-6);
    }
  }
}

TEST_CASE("dual: every loss's slope is its gradient along the direction, and its gradient's that of differences") {
  for (const Case& c : cases()) {
    CAPTURE(c.loss);
    CAPTURE(c.rows);
    CAPTURE(c.columns);
    const auto dz = random_values<double>(c.rows * c.columns, 1);
    const auto z = along(c.z, dz), y = along(c.y, Vector(c.y.size()));
    const auto plain = evaluate<double>(c);
    Target<Dual> target;
    if (c.labels.empty()) {
      target.values = y.data();
    } else {
      target.labels = c.labels.data();
    }
    std::vector<Dual> gradient(z.size());
    const LossSums sums =
        make_loss<Dual>(c.loss, c.options)
            ->evaluate(Tensor<const Dual>{z.data(), {c.rows, c.columns}}, target, nullptr, gradient.data());
    CHECK(relative_error(sums.loss, plain.sums.loss, 1) <= kExact);
    CHECK(sums.correct == plain.sums.correct);
    const auto along_gradient = static_cast<double>(weighted_sum(plain.gradient, dz));
    CHECK(relative_error(sums.slope / sums.weight, along_gradient, 1) <= kExact);
    CHECK(largest_error(values_of(gradient), plain.gradient) <= kExact);
    double step = 0;
    const auto pick = static_cast<std::size_t>(c.rows * c.columns / 2);
    const double expected = central_difference(step, [&] {
      Case moved = c;
      for (std::size_t i = 0; i < dz.size(); ++i) moved.z[i] += step * dz[i];
      return evaluate<double>(moved).gradient[pick];
    });
    CHECK(relative_error(gradient[pick].slope, expected, 1) <= 1e-6);
  }
}

TEST_CASE("dual: penalties have slopes") {
  const auto theta = random_values<double>(5000, 1), dtheta = random_values<double>(5000, 2);
  const std::vector<Penalty> penalties{{3, 4000, 0.3, 0}, {4100, 700, 0.2, 0.7}};
  const auto both = along(theta, dtheta);
  std::vector<double> gradient(theta.size());
  std::vector<Dual> gradients(theta.size());
  const double value = add_penalties<double>(penalties, theta.data(), gradient.data());
  const Dual dual = add_penalties<Dual>(penalties, both.data(), gradients.data());
  CHECK(relative_error(dual.value, value, 1) <= kExact);
  CHECK(relative_error(dual.slope, static_cast<double>(weighted_sum(gradient, dtheta)), 1) <= kExact);
  for (std::size_t i = 0; i < theta.size(); i += 97)
    CHECK(gradients[i].slope == (i >= 4100 && i < 4800 ? 0.7 * dtheta[i] : 0));
}

TEST_CASE("dual: sources may have slopes; numbers without them stand still, and dual numbers are no others") {
  const std::vector<Dual> dual{{1, 2}, {3, 4}};
  const std::vector<float> plain{5, 6};
  const auto source = [](const auto& values, ElementType type) {
    Source s;
    s.data = reinterpret_cast<const std::byte*>(values.data());
    s.type = type;
    s.rows = 2;
    s.row_stride = sizeof(values[0]);
    return s;
  };
  const std::vector<Index> rows{1, 0};
  std::vector<Dual> got(2);
  gather(source(dual, ElementType::kDual), rows, got.data());
  CHECK(same_bits(got, std::vector<Dual>{{3, 4}, {1, 2}}));
  gather(source(plain, ElementType::kFloat32), rows, got.data());
  CHECK(same_bits(got, std::vector<Dual>{{6, 0}, {5, 0}}));
  std::vector<double> numbers(2);
  CHECK_THROWS_AS(gather(source(dual, ElementType::kDual), rows, numbers.data()), TypeError);
}

}  // namespace
}  // namespace nncpp::testing
