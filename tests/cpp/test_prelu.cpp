#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/prelu.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("prelu: numbers by hand, a slope for each column", T, float, double) {
  const PReLU<T> layer({});
  LayerRun<T> run(layer, {{2}}, 3, 1);
  const T u[] = {1, -2, -4, 3, -8, 0}, dv[] = {1, 2, 3, 4, 5, 6}, slope[] = {T(0.5), T(0.25)};
  std::copy_n(u, 6, run.inputs[0].data());
  std::copy_n(dv, 6, run.doutput.data());
  std::copy_n(slope, 2, run.weights[0].data());
  run.forward(Mode::kTraining);
  run.backward(Mode::kTraining);
  CHECK(run.output.copy() == std::vector<T>{1, T(-0.5), -2, 3, -4, 0});
  CHECK(run.dinputs[0].copy() == std::vector<T>{1, T(0.5), T(1.5), 4, T(2.5), T(1.5)});
  CHECK(run.dweights[0].copy() == std::vector<T>{-4 * 3 - 8 * 5, -2 * 2});
}

TEST_CASE_TEMPLATE("prelu: numbers by hand, one slope", T, float, double) {
  const PReLU<T> layer({.is_shared = true});
  LayerRun<T> run(layer, {{2}}, 3, 1);
  const T u[] = {1, -2, -4, 3, -8, 0}, dv[] = {1, 2, 3, 4, 5, 6};
  std::copy_n(u, 6, run.inputs[0].data());
  std::copy_n(dv, 6, run.doutput.data());
  run.weights[0].data()[0] = T(0.5);
  run.forward(Mode::kTraining);
  run.backward(Mode::kTraining);
  CHECK(run.output.copy() == std::vector<T>{1, -1, -2, 3, -4, 0});
  CHECK(run.dinputs[0].copy() == std::vector<T>{1, 1, T(1.5), 4, T(2.5), 3});
  CHECK(run.dweights[0].copy() == std::vector<T>{-4 * 3 - 8 * 5 - 2 * 2});
}

TEST_CASE_TEMPLATE("prelu: the slope's gradient is its sum in plain loops, for narrow and wide rows", T, float,
                   double) {
  for (const bool is_shared : {false, true}) {
    const PReLU<T> layer({.is_shared = is_shared});
    for (const Shape& sample : {Shape{1}, Shape{3}, Shape{64}, Shape{65}, Shape{7, 130}}) {
      const Index N = 999;
      LayerRun<T> run(layer, {sample}, N, 1);
      run.forward(Mode::kTraining);
      run.backward(Mode::kTraining);
      const auto u = run.inputs[0].values(), dv = run.doutput.values();
      const std::size_t columns = run.weights[0].values().size();
      std::vector<double> expected(columns), size(columns);
      for (std::size_t i = 0; i < u.size(); ++i) {
        const double term = u[i] > 0 ? 0 : static_cast<double>(u[i]) * static_cast<double>(dv[i]);
        expected[i % columns] += term;
        size[i % columns] += std::abs(term);
      }
      for (std::size_t d = 0; d < columns; ++d)
        REQUIRE(std::abs(run.dweights[0].values()[d] - expected[d]) <= Tolerance<T>::kSum * size[d]);
    }
  }
}

TEST_CASE("prelu: NaN comes through") {
  const PReLU<float> layer({});
  LayerRun<float> run(layer, {{3}}, 1, 1);
  run.inputs[0].data()[1] = std::numeric_limits<float>::quiet_NaN();
  run.forward(Mode::kInference);
  CHECK(std::isnan(run.output.data()[1]));
}

TEST_CASE("prelu: the slopes start at 0.25 and are not weights to be penalized") {
  const Shape inputs[] = {{4, 3}};
  for (const bool is_shared : {false, true}) {
    const auto specs = PReLU<double>({.is_shared = is_shared}).parameters(inputs);
    REQUIRE(specs.size() == 1);
    CHECK(specs[0].name == "slope");
    CHECK(specs[0].shape == Shape{is_shared ? 1 : 3});
    CHECK(specs[0].initializer.a == 0.25);
    CHECK(specs[0].kind == SegmentKind::kBias);
  }
}

TEST_CASE("prelu: samples without a column are refused") {
  const Shape inputs[] = {{}};
  CHECK_THROWS_WITH_AS(PReLU<float>({}).output_shape(inputs), "expected input (N, ..., D), got (N)", ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
