#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/dropout.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("dropout: in training a number is dropped with the given probability, else scaled up", T, float,
                   double) {
  for (const double rate : {0.1, 0.5, 0.9}) {
    const Dropout<T> layer(rate);
    constexpr Index kColumns = 20000;
    LayerRun<T> run(layer, {{kColumns}}, 2, 1);
    run.forward(Mode::kTraining, {.seed = 3, .stream = kLayerStreams, .step = 1});
    run.backward(Mode::kTraining, {.seed = 3, .stream = kLayerStreams, .step = 1});
    double dropped = 0;
    const auto u = run.inputs[0].values(), v = run.output.values(), dv = run.doutput.values(),
               du = run.dinputs[0].values();
    for (std::size_t i = 0; i < v.size(); ++i) {
      const bool is_dropped = v[i] == 0;
      dropped += is_dropped;
      const double scale = is_dropped ? 0 : 1 / (1 - rate);
      REQUIRE(relative_error(v[i], scale * u[i], 1) <= Tolerance<T>::kElement);
      REQUIRE(relative_error(du[i], scale * dv[i], 1) <= Tolerance<T>::kElement);
    }
    const auto count = static_cast<double>(v.size());
    CAPTURE(rate);
    CHECK(std::abs(dropped / count - rate) < 5 * std::sqrt(rate * (1 - rate) / count));
  }
}

TEST_CASE("dropout: in inference nothing is dropped or scaled") {
  const Dropout<float> layer(0.7);
  LayerRun<float> run(layer, {{100}}, 3, 1);
  run.forward(Mode::kInference, {.seed = 3});
  CHECK(same_bits(run.output.values(), run.inputs[0].values()));
}

TEST_CASE("dropout: a longer batch keeps the masks of its first numbers") {
  const Dropout<double> layer(0.5);
  LayerRun<double> few(layer, {{77}}, 2, 1), many(layer, {{77}}, 400, 1);
  for (auto* run : {&few, &many}) {
    std::fill(run->inputs[0].values().begin(), run->inputs[0].values().end(), 1.0);
    run->forward(Mode::kTraining, {.seed = 3});
  }
  CHECK(same_bits(few.output.values(), many.output.values().first(few.output.values().size())));
}

TEST_CASE("dropout: a rate that is no probability below 1 is an error") {
  for (const double rate : {-0.1, 1.0, 2.0, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(Dropout<float>{rate}, DataError);
}

}  // namespace
}  // namespace nncpp::testing
