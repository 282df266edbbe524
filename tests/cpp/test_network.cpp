#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "nncpp/error.hpp"
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/network.hpp"
#include "samples.hpp"
#include "sources.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
Graph<T> classifier() {
  Graph<T> graph;
  graph.input({7}, "x");
  graph.add(std::make_shared<Dense<T>>(typename Dense<T>::Options{.units = 20, .activation = Activation::kRelu}), {0},
            "dense");
  graph.add(std::make_shared<Dropout<T>>(0.5), {1}, "dropout");
  graph.add(std::make_shared<Dense<T>>(typename Dense<T>::Options{.units = 3, .activation = Activation::kSoftmax}), {2},
            "dense_1");
  return graph;
}

template <typename T>
std::vector<T> predict(Network<T>& network, const Source& x, const Poll& poll = {}) {
  std::vector<T> output(static_cast<std::size_t>(x.rows * numel(network.output_shape(0))),
                        std::numeric_limits<T>::quiet_NaN());
  T* const outputs[] = {output.data()};
  network.predict(std::span(&x, 1), {}, outputs, poll);
  return output;
}

TEST_CASE_TEMPLATE("network: the first parameters depend on the seed and on nothing else", T, float, double) {
  Network<T> a(classifier<T>(), {3}, 1), b(classifier<T>(), {3}, 1), c(classifier<T>(), {3}, 2);
  CHECK(same_bits(a.theta(), b.theta()));
  CHECK_FALSE(same_bits(a.theta(), c.theta()));
  const Segment& bias = a.graph().segments()[1];
  for (const T x : view(bias, a.theta().data)) CHECK(x == 0);
  std::set<T> weights;
  for (const int s : {0, 2}) {
    const auto weight = view(a.graph().segments()[static_cast<std::size_t>(s)], a.theta().data);
    weights.insert(weight.begin(), weight.end());
  }
  CHECK(weights.size() == 7 * 20 + 20 * 3);
}

TEST_CASE_TEMPLATE("network: many rows are predicted as each one alone, and dropout does nothing", T, float, double) {
  constexpr Index kRows = 2 * kInferenceRows + 77;
  const auto x = random_values<T>(kRows * 7, 1);
  Network<T> network(classifier<T>(), {3}, 1);
  const auto all = predict(network, source(x.data(), kRows, {7}));
  for (const Index row : {Index{0}, kInferenceRows - 1, kInferenceRows, kRows - 1}) {
    const auto alone = predict(network, source(x.data() + row * 7, 1, {7}));
    const std::vector<T> in_batch(all.begin() + row * 3, all.begin() + row * 3 + 3);
    CHECK(largest_error(in_batch, alone) <= Tolerance<T>::kPass);
    CHECK(relative_error(alone[0] + alone[1] + alone[2], 1, 1) <= Tolerance<T>::kSum);
  }
  CHECK(predict(network, source(x.data(), 0, {7})).empty());
}

TEST_CASE("network: prediction takes integers as the numbers they are") {
  Network<double> network(classifier<double>(), {3}, 1);
  std::vector<std::int32_t> integers(5 * 7);
  for (std::size_t i = 0; i < integers.size(); ++i) integers[i] = static_cast<std::int32_t>(i % 5) - 2;
  const std::vector<double> reals(integers.begin(), integers.end());
  CHECK(same_bits(predict(network, source(integers.data(), 5, {7})), predict(network, source(reals.data(), 5, {7}))));
}

TEST_CASE("network: several threads predict at once") {
  constexpr Index kRows = 300;
  const auto x = random_values<float>(kRows * 7, 1);
  Network<float> network(classifier<float>(), {3}, 1);
  const auto expected = predict(network, source(x.data(), kRows, {7}));
  std::vector<std::thread> callers;
  std::vector<int> agreed(4);
  for (std::size_t i = 0; i < agreed.size(); ++i) {
    callers.emplace_back([&, i] {
      for (int repeat = 0; repeat < 20; ++repeat)
        agreed[i] += same_bits(predict(network, source(x.data(), kRows, {7})), expected);
    });
  }
  for (auto& caller : callers) caller.join();
  for (const int count : agreed) CHECK(count == 20);
}

TEST_CASE("network: inputs of another shape, number or length are refused by name") {
  Graph<float> graph;
  graph.input({4}, "a");
  graph.input({2}, "b");
  graph.add(std::make_shared<Dense<float>>(Dense<float>::Options{.units = 1}), {0}, "dense");
  graph.add(std::make_shared<Dense<float>>(Dense<float>::Options{.units = 1}), {1}, "dense_1");
  const Network<float> network(std::move(graph), {2, 3}, 0);
  CHECK(network.inputs() == std::vector<int>{0, 1});
  const std::vector<float> values(40);
  const auto a = source(values.data(), 5, {4}, "x[0]"), b = source(values.data(), 5, {2}, "x[1]"),
             short_b = source(values.data(), 3, {2}, "x[1]");
  CHECK_NOTHROW(network.require_inputs(std::vector{a, b}));
  CHECK_THROWS_WITH_AS(network.require_inputs(std::vector{a}), "x: expected 2 arrays, got 1", ShapeError);
  CHECK_THROWS_WITH_AS(network.require_inputs(std::vector{b, b}), doctest::Contains("expected (N, 4)"), ShapeError);
  CHECK_THROWS_WITH_AS(network.require_inputs(std::vector{a, short_b}), doctest::Contains("x[1]: expected 5 rows"),
                       ShapeError);
}

TEST_CASE("network: a number that is not finite is refused with its row") {
  auto x = random_values<float>(600 * 7, 1);
  x[431 * 7 + 2] = std::numeric_limits<float>::quiet_NaN();
  Network<float> network(classifier<float>(), {3}, 1);
  CHECK_THROWS_WITH_AS(predict(network, source(x.data(), 600, {7})), doctest::Contains("row 431"), DataError);
}

TEST_CASE("network: prediction stops when it is told to, and works again afterwards") {
  const auto x = random_values<float>(600 * 7, 1);
  Network<float> network(classifier<float>(), {3}, 1);
  const auto expected = predict(network, source(x.data(), 600, {7}));
  int asked = 0;
  CHECK_THROWS_AS(predict(network, source(x.data(), 600, {7}), [&] { return ++asked == 4; }), Interrupted);
  CHECK(same_bits(predict(network, source(x.data(), 600, {7})), expected));
}

TEST_CASE("network: without outputs, or with one that does not exist, there is none") {
  CHECK_THROWS_AS(Network<float>(classifier<float>(), {}, 0), ShapeError);
  CHECK_THROWS_AS(Network<float>(classifier<float>(), {4}, 0), ShapeError);
}

}  // namespace
}  // namespace nncpp::testing
