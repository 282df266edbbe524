#include <doctest/doctest.h>

#include "activations.hpp"
#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/dense.hpp"
#include "reference.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("dense: v = f(u W + b) as the plain loops have it, and z where the loss takes f over", T, float,
                   double) {
  for (const Activation activation : all_activations()) {
    for (const bool use_bias : {true, false}) {
      CAPTURE(to_string(activation));
      CAPTURE(use_bias);
      const Dense<T> layer({.units = 19, .activation = activation, .use_bias = use_bias});
      const Index N = 6, rows = 2 * N;
      LayerRun<T> run(layer, {{2, 33}}, N, 1);
      const auto z = reference::product(matrix(run.inputs[0].data(), rows, 33), matrix(run.weights[0].data(), 33, 19),
                                        use_bias ? run.weights[1].data() : nullptr);
      run.forward(Mode::kTraining, {}, true);
      CHECK(largest_error(run.output.values(), z.values) <= Tolerance<T>::kPass);
      run.forward(Mode::kTraining);
      CHECK(largest_error(run.output.values(), reference::activate(activation, z.values, rows, 19)) <=
            Tolerance<T>::kPass);
    }
  }
}

TEST_CASE("dense: the weight is (in, out), the bias comes after it and is told apart") {
  const Dense<float> layer({.units = 5});
  const Shape inputs[] = {{3, 4}};
  CHECK(layer.output_shape(inputs) == Shape{3, 5});
  const auto specs = layer.parameters(inputs);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].name == "weight");
  CHECK(specs[0].shape == Shape{4, 5});
  CHECK(specs[0].kind == SegmentKind::kWeight);
  CHECK(specs[0].fan_in == 4);
  CHECK(specs[0].fan_out == 5);
  CHECK(specs[1].name == "bias");
  CHECK(specs[1].shape == Shape{5});
  CHECK(specs[1].kind == SegmentKind::kBias);
  CHECK(Dense<float>({.units = 5, .use_bias = false}).parameters(inputs).size() == 1);
}

TEST_CASE("dense: fewer than one unit is an error, as is a sample without axes") {
  CHECK_THROWS_AS(Dense<float>({.units = 0}), DataError);
  CHECK_THROWS_AS(Dense<float>({.units = -3}), DataError);
  const Shape scalar[] = {Shape()};
  CHECK_THROWS_AS(Dense<float>({.units = 2}).output_shape(scalar), ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
