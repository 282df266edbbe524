#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/layers/standardize.hpp"
#include "nncpp/module.hpp"
#include "nncpp/network.hpp"

namespace nncpp::testing {
namespace {

constexpr Index kBatch = 4;

template <typename T>
std::shared_ptr<const Layer<T>> dense(Activation activation = Activation::kTanh) {
  return std::make_shared<Dense<T>>(typename Dense<T>::Options{.units = 3, .activation = activation});
}

template <typename T>
Module<T> module(std::shared_ptr<const Layer<T>> layer, const Shape& input) {
  return Module<T>(std::move(layer), {input}, "layer", 5);
}

TEST_CASE_TEMPLATE("module: forward and backward are those of the layer", T, float, double) {
  const std::pair<std::shared_ptr<const Layer<T>>, Shape> layers[] = {{dense<T>(), {6}},
                                                                      {dense<T>(Activation::kGelu), {6}},  // keeps z
                                                                      {std::make_shared<Dropout<T>>(0.5), {9}},
                                                                      {std::make_shared<Standardize<T>>(), {4}}};
  for (const auto& [layer, shape] : layers) {
    CAPTURE(layer->kind());
    Module<T> alone = module<T>(layer, shape);
    LayerRun<T> run(*layer, {shape}, kBatch, 1);
    for (std::size_t i = 0; i < run.weights.size(); ++i)
      std::copy_n(run.weights[i].data(), run.weights[i].values().size(), view(alone.segments()[i], alone.theta()).data);
    for (std::size_t i = 0; i < run.state.size(); ++i)
      std::copy_n(run.state[i].data(), run.state[i].values().size(), view(alone.states()[i], alone.state()).data);
    const RandomKey key{.seed = 5, .stream = alone.node().stream, .step = 2};
    run.forward(Mode::kTraining, key);
    run.backward(Mode::kTraining, key);

    const Tensor<const T> inputs[] = {run.inputs[0].tensor()};
    const typename Module<T>::Call call{.inputs = inputs, .mode = Mode::kTraining, .step = 2};
    Block<T> output(run.output.shape()), du(run.inputs[0].shape());
    alone.forward(call, output.tensor());
    CHECK(same_bits(output.values(), run.output.values()));
    std::vector<Block<T>> dw;
    std::vector<Gradient<T>> dweights;
    for (const auto& weight : run.weights) dw.emplace_back(weight.shape());
    for (auto& gradient : dw) dweights.push_back({gradient.tensor()});
    const Gradient<T> dinputs[] = {{du.tensor()}};
    alone.backward(call, output.tensor(), run.doutput.tensor(), dinputs, dweights);
    CHECK(same_bits(du.values(), run.dinputs[0].values()));
    for (std::size_t i = 0; i < dw.size(); ++i) CHECK(same_bits(dw[i].values(), run.dweights[i].values()));
  }
}

TEST_CASE_TEMPLATE("module: it starts with the parameters a network of the same seed has", T, float, double) {
  Graph<T> graph;
  graph.input({6}, "x");
  graph.add(dense<T>(), {0}, "dense");
  Network<T> network(std::move(graph), {1}, 5);
  Module<T> alone = module<T>(dense<T>(), {6});
  CHECK(same_bits(std::span(alone.theta(), network.theta().end() - network.theta().begin()), network.theta()));
}

TEST_CASE("module: shapes that do not fit are refused by name") {
  Module<float> alone = module<float>(dense<float>(), {6});
  Block<float> u({2, 6}), wide({2, 7}), none({0, 6}), v({2, 3}), other({3, 3});
  const Tensor<const float> good[] = {u.tensor()}, bad[] = {wide.tensor()}, empty[] = {none.tensor()};
  const Gradient<float> unwanted[2];
  CHECK_THROWS_WITH_AS(alone.forward({.inputs = bad}, v.tensor()), "layer: expected input (N, 6), got (2, 7)",
                       ShapeError);
  CHECK_THROWS_AS(alone.forward({.inputs = empty}, v.tensor()), ShapeError);
  CHECK_THROWS_AS(alone.forward({}, v.tensor()), ShapeError);
  CHECK_THROWS_AS(alone.forward({.inputs = good}, other.tensor()), ShapeError);
  CHECK_THROWS_AS(alone.backward({.inputs = good}, v.tensor(), other.tensor(), std::span(unwanted, 1), unwanted),
                  ShapeError);
  CHECK_THROWS_WITH_AS(Module<float>(dense<float>(), {{6}, {6}}, "twice", 0), "twice: expected 1 input, got 2",
                       ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
