#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/standardize.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("standardize: columns lose their mean and are divided by their deviation", T, float, double) {
  const Standardize<T> layer;
  LayerRun<T> run(layer, {{3}}, 2, 1);
  const T u[] = {1, 2, 3, 4, 5, 6}, mean[] = {1, 0, -1}, deviation[] = {1, 2, 4};
  std::copy_n(u, 6, run.inputs[0].data());
  std::copy_n(mean, 3, run.state[0].data());
  std::copy_n(deviation, 3, run.state[1].data());
  run.forward(Mode::kInference);
  CHECK(run.output.copy() == std::vector<T>{0, 1, 1, 3, T(2.5), T(1.75)});
}

TEST_CASE("standardize: its state is not a parameter and begins as the identity") {
  const Standardize<double> layer;
  const Shape inputs[] = {{4}};
  CHECK(layer.parameters(inputs).empty());
  const auto state = layer.state(inputs);
  REQUIRE(state.size() == 2);
  CHECK(state[0].name == "mean");
  CHECK(state[0].initializer.a == 0);
  CHECK(state[1].name == "deviation");
  CHECK(state[1].initializer.a == 1);
  CHECK(state[1].kind == SegmentKind::kState);
}

TEST_CASE("standardize: samples with several axes are refused") {
  const Shape inputs[] = {{3, 4}};
  CHECK_THROWS_WITH_AS(Standardize<float>().output_shape(inputs), "expected input (N, D), got (N, 3, 4)", ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
