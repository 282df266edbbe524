#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/batch_norm.hpp"
#include "reference.hpp"

namespace nncpp::testing {
namespace {

using reference::Vector, reference::at;

template <typename T>
void set(Block<T>& block, const std::vector<T>& values) {
  std::copy(values.begin(), values.end(), block.data());
}

// What the layer gives in training, from the formulas in plain loops.
struct Expected {
  Vector v = {}, du = {}, dgamma = {}, dbeta = {}, running_mean = {}, running_var = {};
};

template <typename T>
Expected batch_norm(const LayerRun<T>& run, const typename BatchNorm<T>::Options& options) {
  using Wide = long double;
  const Index D = run.inputs[0].shape().back(), M = numel(run.inputs[0].shape()) / D;
  // exact differences from a whole number: a large mean would hide digits
  const auto origin = [&](Index d) { return std::round(static_cast<Wide>(run.inputs[0].data()[d])); };
  const auto u = [&](Index i, Index d) { return static_cast<Wide>(run.inputs[0].data()[i * D + d]) - origin(d); };
  const auto dv = [&](Index i, Index d) -> Wide { return run.doutput.data()[i * D + d]; };
  const auto m = static_cast<Wide>(M), keep = static_cast<Wide>(options.momentum);
  const auto push = [](Vector& to, Wide value) { to.push_back(static_cast<double>(value)); };
  Expected e;
  e.v = e.du = Vector(run.output.values().size());
  for (Index d = 0; d < D; ++d) {
    Wide mean = 0, squares = 0, dgamma = 0, dbeta = 0;
    for (Index i = 0; i < M; ++i) mean += u(i, d) / m;
    for (Index i = 0; i < M; ++i) squares += (u(i, d) - mean) * (u(i, d) - mean);
    const Wide deviation = std::sqrt(squares / m + static_cast<Wide>(options.epsilon));
    const Wide gamma = run.weights[0].data()[d], beta = run.weights[1].data()[d];
    const auto x = [&](Index i) { return (u(i, d) - mean) / deviation; };
    for (Index i = 0; i < M; ++i) dbeta += dv(i, d), dgamma += x(i) * dv(i, d);
    for (Index i = 0; i < M; ++i) {
      e.v[at(i, d, D)] = static_cast<double>(gamma * x(i) + beta);
      e.du[at(i, d, D)] = static_cast<double>(gamma / deviation * (dv(i, d) - dbeta / m - x(i) * dgamma / m));
    }
    push(e.dgamma, dgamma);
    push(e.dbeta, dbeta);
    push(e.running_mean, keep * run.state[0].data()[d] + (1 - keep) * (origin(d) + mean));
    push(e.running_var, keep * run.state[1].data()[d] + (1 - keep) * squares / (m - 1));
  }
  return e;
}

template <typename T>
void check_training(LayerRun<T>& run, const typename BatchNorm<T>::Options& options) {
  run.forward(Mode::kTraining);
  run.backward(Mode::kTraining);
  const Expected e = batch_norm(run, options);
  const auto rows = static_cast<double>(run.output.values().size() / e.dgamma.size());
  CHECK(largest_error(run.output.values(), e.v) <= Tolerance<T>::kPass);
  CHECK(largest_error(run.dinputs[0].values(), e.du) <= Tolerance<T>::kPass);
  CHECK(largest_error(run.next_state[0].values(), e.running_mean) <= Tolerance<T>::kPass);
  CHECK(largest_error(run.next_state[1].values(), e.running_var) <= Tolerance<T>::kPass);
  // sums of so many products near 1
  CHECK(largest_error(run.dweights[0].values(), e.dgamma, rows) <= Tolerance<T>::kSum);
  CHECK(largest_error(run.dweights[1].values(), e.dbeta, rows) <= Tolerance<T>::kSum);
}

TEST_CASE_TEMPLATE("batch norm: numbers by hand", T, float, double) {
  // mean 2, variance 1, sqrt(1 + 3) = 2; the unbiased variance is 2
  const BatchNorm<T> layer({.momentum = 0.75, .epsilon = 3});
  LayerRun<T> run(layer, {{1}}, 2, 1);
  set(run.inputs[0], {1, 3}), set(run.weights[0], {2}), set(run.weights[1], {1});
  set(run.state[0], {4}), set(run.state[1], {8}), set(run.doutput, {1, 3});
  run.forward(Mode::kTraining);
  run.backward(Mode::kTraining);
  CHECK(run.output.copy() == std::vector<T>{0, 2});
  CHECK(run.next_state[0].copy() == std::vector<T>{T(3.5)});
  CHECK(run.next_state[1].copy() == std::vector<T>{T(6.5)});
  // x = -1/2, 1/2; dgamma = -1/2 + 3/2; du = (dv - 2 - x / 2), times gamma / 2
  CHECK(run.dweights[0].copy() == std::vector<T>{1});
  CHECK(run.dweights[1].copy() == std::vector<T>{4});
  CHECK(run.dinputs[0].copy() == std::vector<T>{T(-0.75), T(0.75)});

  set(run.state[0], {1}), set(run.state[1], {13});  // sqrt(13 + 3) = 4
  run.forward(Mode::kInference);
  run.backward(Mode::kInference);
  CHECK(run.output.copy() == std::vector<T>{1, 2});
  CHECK(run.dinputs[0].copy() == std::vector<T>{T(0.5), T(1.5)});
  CHECK(run.dweights[0].copy() == std::vector<T>{T(1.5)});
}

TEST_CASE_TEMPLATE("batch norm: training is the formula in plain loops, for few and for many rows and columns", T,
                   float, double) {
  const typename BatchNorm<T>::Options options{.momentum = 0.8, .epsilon = 1e-3};
  const BatchNorm<T> layer(options);
  for (const auto& [n, sample] : std::vector<std::pair<Index, Shape>>{
           {2, {5}}, {7, {3}}, {300, {1}}, {9001, {3}}, {5003, {64}}, {40, {65}}, {33, {300}}, {21, {4, 5, 6}}}) {
    LayerRun<T> run(layer, {sample}, n, 1);
    CAPTURE(n);
    CAPTURE(sample);
    check_training(run, options);
  }
}

TEST_CASE_TEMPLATE("batch norm: a mean a million times the deviation costs no digits", T, float, double) {
  const BatchNorm<T> layer({});
  LayerRun<T> run(layer, {{70}}, 1000, 1);
  for (T& u : run.inputs[0].values()) u += T(1e6);
  check_training(run, {});
}

TEST_CASE_TEMPLATE("batch norm: a constant column becomes beta exactly, and its gradient is finite", T, float, double) {
  const BatchNorm<T> layer({});
  for (const T value : {T(0), T(0.1), T(-1e30), T(1e8) / 3}) {
    LayerRun<T> run(layer, {{5}}, 333, 1);
    for (Index i = 0; i < 333; ++i) run.inputs[0].data()[i * 5 + 2] = value;
    run.forward(Mode::kTraining);
    run.backward(Mode::kTraining);
    for (Index i = 0; i < 333; ++i) REQUIRE(run.output.data()[i * 5 + 2] == run.weights[1].data()[2]);
    CHECK(run.dweights[0].data()[2] == 0);
    for (const T du : run.dinputs[0].values()) REQUIRE(std::isfinite(du));
  }
}

TEST_CASE_TEMPLATE("batch norm: a single row takes the running statistics and leaves them", T, float, double) {
  const BatchNorm<T> layer({});
  LayerRun<T> one(layer, {{6}}, 1, 1);
  one.forward(Mode::kInference), one.backward(Mode::kInference);
  const auto v = one.output.copy(), du = one.dinputs[0].copy(), dgamma = one.dweights[0].copy();
  one.forward(Mode::kTraining), one.backward(Mode::kTraining);
  CHECK(same_bits(one.output.copy(), v));
  CHECK(same_bits(one.dinputs[0].copy(), du));
  CHECK(same_bits(one.dweights[0].copy(), dgamma));
  for (std::size_t i = 0; i < 2; ++i) CHECK(same_bits(one.next_state[i].copy(), one.state[i].copy()));

  LayerRun<T> image(layer, {{2, 6}}, 1, 1);  // one sample, but two rows
  image.forward(Mode::kTraining);
  CHECK(!same_bits(image.next_state[0].copy(), image.state[0].copy()));
}

TEST_CASE("batch norm: a variance that overflows is told by NaN") {
  const BatchNorm<float> layer({});
  LayerRun<float> run(layer, {{2}}, 4, 1);
  run.inputs[0].data()[0] = 1e30f;
  run.forward(Mode::kTraining);
  CHECK(std::isnan(run.output.data()[0]));
  CHECK(std::isfinite(run.output.data()[1]));
}

TEST_CASE("batch norm: gamma and beta are not weights to be penalized; the state begins as 0 and 1") {
  const BatchNorm<double> layer({});
  const Shape inputs[] = {{4, 3}};
  const auto specs = layer.parameters(inputs), state = layer.state(inputs);
  REQUIRE(specs.size() == 2);
  REQUIRE(state.size() == 2);
  for (const auto& spec : specs) CHECK(spec.kind == SegmentKind::kBias);
  CHECK(specs[0].name == "gamma");
  CHECK(specs[0].initializer.a == 1);
  CHECK(specs[1].name == "beta");
  CHECK(specs[1].initializer.a == 0);
  for (const auto& entry : state) CHECK(entry.kind == SegmentKind::kState);
  CHECK(state[0].name == "running_mean");
  CHECK(state[0].initializer.a == 0);
  CHECK(state[1].name == "running_var");
  CHECK(state[1].initializer.a == 1);
  for (const auto* entries : {&specs, &state})
    for (const auto& entry : *entries) CHECK(entry.shape == Shape{3});
}

TEST_CASE("batch norm: a momentum or an epsilon that cannot be used is an error") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double momentum : {-0.1, 1.0, nan}) CHECK_THROWS_AS(BatchNorm<float>({.momentum = momentum}), DataError);
  for (const double epsilon : {0.0, -1.0, 1e-50, 1e39, nan})
    CHECK_THROWS_AS(BatchNorm<float>({.epsilon = epsilon}), DataError);
  CHECK_NOTHROW(BatchNorm<double>({.epsilon = 1e-50}));
}

TEST_CASE("batch norm: samples without a column are refused") {
  const Shape inputs[] = {{}};
  CHECK_THROWS_WITH_AS(BatchNorm<float>({}).output_shape(inputs), "expected input (N, ..., D), got (N)", ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
