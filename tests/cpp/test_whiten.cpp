#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/whiten.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("whiten: columns lose their mean and are multiplied by the matrix, the gradient by its transpose", T,
                   float, double) {
  const Whiten<T> layer;
  LayerRun<T> run(layer, {{2}}, 2, 1);
  const T u[] = {3, 2, 1, 5}, mean[] = {1, 2}, matrix[] = {2, 1, 0, -1}, dv[] = {1, 10, 2, 0};
  std::copy_n(u, 4, run.inputs[0].data());
  std::copy_n(mean, 2, run.state[0].data());
  std::copy_n(matrix, 4, run.state[1].data());
  std::copy_n(dv, 4, run.doutput.data());
  run.forward(Mode::kInference);
  CHECK(run.output.copy() == std::vector<T>{4, 2, 0, -3});
  run.backward(Mode::kInference);
  CHECK(run.dinputs[0].copy() == std::vector<T>{12, -10, 4, 0});
}

TEST_CASE("whiten: a large mean costs no digits of the output") {
  const Whiten<float> layer;
  LayerRun<float> run(layer, {{1}}, 1, 1);
  *run.inputs[0].data() = 16000001;
  *run.state[0].data() = 16000000;
  *run.state[1].data() = 0.1f;
  run.forward(Mode::kInference);
  CHECK(*run.output.data() == 0.1f);
}

TEST_CASE("whiten: its state is not a parameter and begins as the identity") {
  const Whiten<double> layer;
  const Shape inputs[] = {{3}};
  CHECK(layer.parameters(inputs).empty());
  const auto state = layer.state(inputs);
  REQUIRE(state.size() == 2);
  CHECK(state[0].name == "mean");
  CHECK(state[1].name == "matrix");
  std::vector<double> mean(3, -1), matrix(9, -1);
  initialize(state[0], {}, mean.data());
  initialize(state[1], {}, matrix.data());
  CHECK(mean == std::vector<double>{0, 0, 0});
  CHECK(matrix == std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1});
  CHECK(state[0].kind == SegmentKind::kState);
  CHECK(state[1].kind == SegmentKind::kState);
}

TEST_CASE("whiten: samples with several axes are refused") {
  const Shape inputs[] = {{3, 4}};
  CHECK_THROWS_WITH_AS(Whiten<float>().output_shape(inputs), "expected input (N, D), got (N, 3, 4)", ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
