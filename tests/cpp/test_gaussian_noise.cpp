#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/gaussian_noise.hpp"

namespace nncpp::testing {
namespace {

constexpr RandomKey kKey{.seed = 3, .stream = kLayerStreams, .step = 1};

TEST_CASE_TEMPLATE("noise: in training each number has a normal number of its row and place added", T, float, double) {
  const GaussianNoise<T> layer(0.5);
  for (const auto& sample : {Shape{1237}, Shape{3, 5}, Shape{8}, Shape{1}, Shape{}}) {
    LayerRun<T> run(layer, {sample}, 21, 1);
    for (Index i = 0; i < 21; ++i) run.rows.push_back(i * i + 7);
    run.forward(Mode::kTraining, kKey);
    run.backward(Mode::kTraining, kKey);
    const auto u = run.inputs[0].values(), v = run.output.values();
    const auto columns = static_cast<std::size_t>(numel(sample)), even = (columns + 1) / 2 * 2;
    for (std::size_t i = 0; i < v.size(); ++i) {
      const std::uint64_t number = static_cast<std::uint64_t>(run.rows[i / columns]) * even + i % columns;
      REQUIRE(relative_error(v[i], u[i] + 0.5 * kKey.normal(number), 1) <= Tolerance<T>::kElement);
    }
    CHECK(same_bits(run.dinputs[0].values(), run.doutput.values()));
  }
}

TEST_CASE("noise: in inference, and with deviation 0, nothing is added") {
  for (const auto& [deviation, mode] : {std::pair{0.5, Mode::kInference}, std::pair{0.0, Mode::kTraining}}) {
    const GaussianNoise<float> layer(deviation);
    LayerRun<float> run(layer, {{100}}, 3, 1);
    run.forward(mode, kKey);
    CHECK(same_bits(run.output.values(), run.inputs[0].values()));
  }
}

TEST_CASE("noise: a longer batch keeps the noise of its first numbers") {
  const GaussianNoise<double> layer(1.0);
  LayerRun<double> few(layer, {{77}}, 2, 1), many(layer, {{77}}, 400, 1);
  for (auto* run : {&few, &many}) {
    std::fill(run->inputs[0].values().begin(), run->inputs[0].values().end(), 0.0);
    run->forward(Mode::kTraining, kKey);
  }
  CHECK(same_bits(few.output.values(), many.output.values().first(few.output.values().size())));
}

TEST_CASE("noise: a deviation below 0 or without end is an error") {
  for (const double deviation : {-0.1, 1e39, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(GaussianNoise<float>{deviation}, DataError);
  CHECK_NOTHROW(GaussianNoise<double>{1e39});
}

}  // namespace
}  // namespace nncpp::testing
