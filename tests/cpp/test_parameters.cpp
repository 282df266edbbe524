#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/parameters.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

using Kind = Initializer::Kind;
constexpr RandomKey kKey{.seed = 1, .stream = kWeightStreams};

std::vector<double> initialized(const Initializer& initializer, const Shape& shape, Index fan_in = 1,
                                Index fan_out = 1) {
  std::vector<double> values(static_cast<std::size_t>(numel(shape)));
  initialize<double>({"weight", shape, SegmentKind::kWeight, initializer, fan_in, fan_out}, kKey, values.data());
  return values;
}

TEST_CASE("parameters: each initializer has the mean, variance and range of its formula") {
  constexpr Index kIn = 400, kOut = 200;
  struct Row {
    Initializer initializer;
    double mean, variance;
    bool is_bounded;  // uniform: nothing further than sqrt(3 variance) from the mean
  };
  const Row rows[] = {
      {{Kind::kNormal, 2.0, 0.5}, 2.0, 0.25, false},
      {{Kind::kUniform, -1.0, 3.0}, 1.0, 16.0 / 12, true},
      {{Kind::kGlorotUniform}, 0, 2.0 / (kIn + kOut), true},
      {{Kind::kGlorotNormal}, 0, 2.0 / (kIn + kOut), false},
      {{Kind::kHeUniform}, 0, 2.0 / kIn, true},
      {{Kind::kHeNormal}, 0, 2.0 / kIn, false},
      {{Kind::kLecunNormal}, 0, 1.0 / kIn, false},
  };
  for (const auto& [initializer, mean, variance, is_bounded] : rows) {
    CAPTURE(static_cast<int>(initializer.kind));
    const auto values = initialized(initializer, {kIn, kOut}, kIn, kOut);
    const auto count = static_cast<double>(values.size());
    double sum = 0, squares = 0, furthest = 0;
    for (const double x : values) {
      sum += x - mean, squares += (x - mean) * (x - mean), furthest = std::max(furthest, std::abs(x - mean));
    }
    CHECK(std::abs(sum / count) < 5 * std::sqrt(variance / count));
    CHECK(std::abs(squares / count / variance - 1) < 5 * std::sqrt(2 / count));
    const double bound = std::sqrt(3 * variance);
    CHECK((furthest <= bound) == is_bounded);
  }
}

TEST_CASE("parameters: a constant is that constant") {
  for (const double x : initialized({Kind::kConstant, 0.25}, {3, 5})) CHECK(x == 0.25);
  for (const double x : initialized({}, {4})) CHECK(x == 0);
}

TEST_CASE("parameters: an orthogonal matrix has orthonormal rows or columns, scaled") {
  constexpr double kGain = 1.5;
  for (const Shape& shape : {Shape{6, 6}, Shape{4, 9}, Shape{9, 4}, Shape{1, 5}}) {
    const Index rows = shape[0], columns = shape[1];
    const auto q = initialized({Kind::kOrthogonal, kGain}, shape);
    const bool is_wide = rows <= columns;
    const Index count = is_wide ? rows : columns, length = is_wide ? columns : rows;
    const auto at = [&](Index i, Index j) {
      return q[static_cast<std::size_t>(is_wide ? i * columns + j : j * columns + i)];
    };
    for (Index i = 0; i < count; ++i) {
      for (Index k = 0; k < count; ++k) {
        double dot = 0;
        for (Index j = 0; j < length; ++j) dot += at(i, j) * at(k, j);
        CHECK(relative_error(dot, i == k ? kGain * kGain : 0, 1) <= Tolerance<double>::kPass);
      }
    }
  }
  CHECK_THROWS_AS(initialized({Kind::kOrthogonal, 1.0}, {4}), ShapeError);
}

TEST_CASE("parameters: float has the rounded values of double, another stream has others") {
  const SegmentSpec spec{"weight", {7, 3}, SegmentKind::kWeight, {Kind::kGlorotUniform}, 7, 3};
  std::vector<double> wide(21), other(21);
  std::vector<float> narrow(21);
  initialize(spec, kKey, wide.data());
  initialize(spec, kKey, narrow.data());
  initialize(spec, {.seed = 1, .stream = kWeightStreams + 1}, other.data());
  for (std::size_t i = 0; i < wide.size(); ++i) CHECK(narrow[i] == static_cast<float>(wide[i]));
  CHECK(wide != other);
}

}  // namespace
}  // namespace nncpp::testing
