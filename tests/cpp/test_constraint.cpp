#include <doctest/doctest.h>

#include <vector>

#include "nncpp/constraint.hpp"
#include "samples.hpp"
#include "tolerances.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
double column_norm(const T* w, Index rows, Index columns, Index j) {
  double sum = 0;
  for (Index r = 0; r < rows; ++r)
    sum += static_cast<double>(w[r * columns + j]) * static_cast<double>(w[r * columns + j]);
  return std::sqrt(sum);
}

TEST_CASE_TEMPLATE("constraint: units beyond the limit come back onto it, the others keep their bits", T, float,
                   double) {
  constexpr Index kRows = 7, kColumns = 150, kOffset = 16;
  auto theta = random_values<T>(kOffset + kRows * kColumns + 5, 1);
  const auto before = theta;
  const T* const w = before.data() + kOffset;
  const double limit = column_norm(w, kRows, kColumns, 70);  // about half of them are beyond
  const MaxNorm constraint{kOffset, kRows, kColumns, limit};
  project<T>(std::span(&constraint, 1), theta.data());
  Index beyond = 0;
  for (Index j = 0; j < kColumns; ++j) {
    const double norm = column_norm(w, kRows, kColumns, j), scale = norm > limit ? limit / norm : 1.0;
    beyond += norm > limit;
    for (Index r = 0; r < kRows; ++r) {
      const auto i = static_cast<std::size_t>(kOffset + r * kColumns + j);
      if (norm <= limit) REQUIRE(theta[i] == before[i]);
      REQUIRE(relative_error(theta[i], scale * before[i], 1) <= Tolerance<T>::kElement);
    }
  }
  CHECK(beyond > 10);
  CHECK(beyond < kColumns - 10);
  for (std::size_t i = 0; i < kOffset; ++i) CHECK(theta[i] == before[i]);
  for (std::size_t i = theta.size() - 5; i < theta.size(); ++i) CHECK(theta[i] == before[i]);
}

TEST_CASE_TEMPLATE("constraint: the bits do not depend on the number of threads", T, float, double) {
  constexpr Index kRows = 700, kColumns = 901;
  std::vector<T> expected;
  for (const int count : kThreadCounts) {
    const Threads threads(count);
    auto theta = random_values<T>(kRows * kColumns, 1);
    const MaxNorm constraint{0, kRows, kColumns, 25};
    project<T>(std::span(&constraint, 1), theta.data());
    if (expected.empty()) expected = theta;
    CHECK(same_bits(theta, expected));
  }
}

TEST_CASE("constraint: it holds after every step of a training") {
  const Classes data(64);
  auto network = sequential<double>({64}, {{16, Activation::kTanh}, {10, Activation::kSoftmax}});
  const Segment& weight = network->graph().segments()[0];
  Trainer<double> training(objective<double>(network, "nllm"), {.optimizer = std::make_shared<SGD<double>>(),
                                                                .constraints = {{weight.offset, 64, 16, 0.5}}});
  const auto order = in_order(data.rows);
  for (Index first = 0; first < data.rows; first += 16) {
    run(training, data.examples(), order, 16, 5.0, first, 1);
    for (Index j = 0; j < 16; ++j) CHECK(column_norm(network->theta().data + weight.offset, 64, 16, j) <= 0.5 + 1e-12);
  }
}

}  // namespace
}  // namespace nncpp::testing
