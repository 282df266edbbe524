#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/maxout.hpp"
#include "reference.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("maxout: v is the largest of the pieces u W + b as the plain loops have them", T, float, double) {
  for (const Index m : {1, 2, 5}) {
    for (const bool use_bias : {true, false}) {
      CAPTURE(m);
      CAPTURE(use_bias);
      const Index N = 6, rows = 2 * N, D = 33, K = 7;
      const Maxout<T> layer({.units = K, .pieces = m, .use_bias = use_bias});
      LayerRun<T> run(layer, {{2, D}}, N, 1);
      const auto z = reference::product(matrix(run.inputs[0].data(), rows, D), matrix(run.weights[0].data(), D, K * m),
                                        use_bias ? run.weights[1].data() : nullptr)
                         .values;
      std::vector<double> v;
      for (auto unit = z.begin(); unit != z.end(); unit += m) v.push_back(*std::max_element(unit, unit + m));
      run.forward(Mode::kTraining);
      CHECK(largest_error(run.output.values(), v) <= Tolerance<T>::kPass);
    }
  }
}

// one input, one unit, three pieces of weights w
struct Unit {
  Unit(double u, const std::vector<double>& w) : layer({.units = 1, .pieces = 3, .use_bias = false}) {
    run = std::make_unique<LayerRun<double>>(layer, std::vector<Shape>{{1}}, 1, 1);
    *run->inputs[0].data() = u;
    std::copy_n(w.begin(), 3, run->weights[0].data());
    *run->doutput.data() = 1;
    run->forward(Mode::kTraining);
    run->backward(Mode::kTraining);
  }
  Maxout<double> layer;
  std::unique_ptr<LayerRun<double>> run;
};

TEST_CASE("maxout: only the largest piece learns, of several equal ones the first") {
  CHECK(Unit(2, {1, 3, 2}).run->dweights[0].copy() == std::vector<double>{0, 2, 0});
  CHECK(Unit(-2, {1, 3, 2}).run->dweights[0].copy() == std::vector<double>{-2, 0, 0});
  CHECK(Unit(2, {1, 3, 3}).run->dweights[0].copy() == std::vector<double>{0, 2, 0});
  CHECK(Unit(2, {1, 1, 1}).run->dinputs[0].copy() == std::vector<double>{1});
}

TEST_CASE("maxout: a piece that is not a number comes through") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& w : {std::vector{nan, 1.0, 2.0}, {1.0, nan, 2.0}, {1.0, 2.0, nan}})
    CHECK(std::isnan(*Unit(1, w).run->output.data()));
}

TEST_CASE("maxout: the weight is (in, out, pieces), and its fan is that of one piece") {
  const Maxout<float> layer({.units = 5, .pieces = 3});
  const Shape inputs[] = {{7, 4}};
  CHECK(layer.output_shape(inputs) == Shape{7, 5});
  const auto specs = layer.parameters(inputs);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].name == "weight");
  CHECK(specs[0].shape == Shape{4, 5, 3});
  CHECK(specs[0].kind == SegmentKind::kWeight);
  CHECK(specs[0].fan_in == 4);
  CHECK(specs[0].fan_out == 5);
  CHECK(specs[1].name == "bias");
  CHECK(specs[1].shape == Shape{5, 3});
  CHECK(specs[1].kind == SegmentKind::kBias);
  CHECK(Maxout<float>({.units = 5, .use_bias = false}).parameters(inputs).size() == 1);
}

TEST_CASE("maxout: fewer than one unit or piece is an error, as is a sample without axes") {
  CHECK_THROWS_AS(Maxout<float>({.units = 0}), DataError);
  CHECK_THROWS_AS(Maxout<float>({.units = 1, .pieces = 0}), DataError);
  CHECK_THROWS_AS(Maxout<float>({.units = 1, .pieces = Maxout<float>::kMostPieces + 1}), DataError);
  const Shape scalar[] = {Shape()};
  CHECK_THROWS_AS(Maxout<float>({.units = 2}).output_shape(scalar), ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
