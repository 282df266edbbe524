#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/embedding.hpp"
#include "nncpp/module.hpp"
#include "nncpp/plan.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

// tokens as a hash of their place chooses them
template <typename T>
void fill_tokens(std::span<T> values, Index vocabulary) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(static_cast<Index>(i * 7919) % vocabulary);
}

TEST_CASE_TEMPLATE("embedding: numbers by hand", T, float, double) {
  const Embedding<T> layer({.vocabulary = 4, .dimensions = 2});
  LayerRun<T> run(layer, {{3}}, 2, 1, {}, InputKind::kTokens);
  const T tokens[] = {2, 0, 2, 3, 2, 0}, W[] = {1, 2, 3, 4, 5, 6, 7, 8};
  const T dv[] = {1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60};
  std::copy_n(tokens, 6, run.inputs[0].data());
  std::copy_n(W, 8, run.weights[0].data());
  std::copy_n(dv, 12, run.doutput.data());
  run.forward(Mode::kTraining);
  run.backward(Mode::kTraining);
  CHECK(run.output.shape() == Shape{2, 3, 2});
  CHECK(run.output.copy() == std::vector<T>{5, 6, 1, 2, 5, 6, 7, 8, 5, 6, 1, 2});
  CHECK(run.dweights[0].copy() == std::vector<T>{8, 80, 0, 0, 9, 90, 4, 40});
}

TEST_CASE_TEMPLATE("embedding: dW is the sum in plain loops, for narrow and wide rows and many of one token", T, float,
                   double) {
  for (const Index D : {1, 2, 3, 4, 15, 16, 17, 64, 65, 200}) {
    CAPTURE(D);
    constexpr Index kVocabulary = 3, kRows = 2000;
    const Embedding<T> layer({.vocabulary = kVocabulary, .dimensions = D});
    LayerRun<T> run(layer, {{1}}, kRows, 1, {}, InputKind::kTokens);
    fill_tokens(run.inputs[0].values(), kVocabulary);
    run.forward(Mode::kTraining);
    run.backward(Mode::kTraining);
    const auto u = run.inputs[0].values(), dv = run.doutput.values();
    std::vector<double> expected(static_cast<std::size_t>(kVocabulary * D)), size(expected.size());
    for (std::size_t i = 0; i < dv.size(); ++i) {
      const auto columns = static_cast<std::size_t>(D);
      const std::size_t to = static_cast<std::size_t>(u[i / columns]) * columns + i % columns;
      expected[to] += static_cast<double>(dv[i]);
      size[to] += std::abs(static_cast<double>(dv[i]));
    }
    for (std::size_t i = 0; i < expected.size(); ++i)
      REQUIRE(std::abs(run.dweights[0].values()[i] - expected[i]) <= Tolerance<T>::kSum * size[i]);
  }
}

TEST_CASE_TEMPLATE("sparse rows: dense gives what it gives for the same rows with their zeros", T, float, double) {
  for (const Index units : {1, 2, 3, 7, 16, 40, 130}) {
    CAPTURE(units);
    const Dense<T> layer({.units = units, .activation = Activation::kTanh});
    LayerRun<T> dense(layer, {{50}}, 33, 1), sparse(layer, {{50}}, 33, 1, {}, InputKind::kSparse);
    for (auto* run : {&dense, &sparse}) {
      for (T& x : run->inputs[0].values())
        if (x < T(0.5)) x = 0;
      std::fill_n(run->inputs[0].data() + 50, 50, T(0));  // a row without entries
      run->forward(Mode::kTraining);
      run->backward(Mode::kTraining);
    }
    CHECK(largest_error(sparse.output.values(), dense.output.values()) <= Tolerance<T>::kPass);
    for (std::size_t i = 0; i < 2; ++i)
      CHECK(largest_error(sparse.dweights[i].values(), dense.dweights[i].values()) <= Tolerance<T>::kPass);
  }
}

TEST_CASE_TEMPLATE("embedding: alone it takes tokens as numbers, whole ones in range", T, float, double) {
  using Options = typename Embedding<T>::Options;
  Module<T> alone(std::make_shared<Embedding<T>>(Options{.vocabulary = 3, .dimensions = 2}), {{2}}, "words", 1);
  Block<T> u({2, 2}), v({2, 2, 2}), dv({2, 2, 2}), du({2, 2}), dW({3, 2});
  const T tokens[] = {2, 0, 2, 2};
  std::copy_n(tokens, 4, u.data());
  const Tensor<const T> inputs[] = {u.tensor()};
  const typename Module<T>::Call call{.inputs = inputs};
  alone.forward(call, v.tensor());
  const Tensor<T> W = view(alone.segments()[0], alone.theta());
  for (Index i = 0; i < 4; ++i)
    for (Index d = 0; d < 2; ++d) CHECK(v.data()[2 * i + d] == W.data[2 * static_cast<Index>(tokens[i]) + d]);
  for (std::size_t i = 0; i < 8; ++i) dv.values()[i] = static_cast<T>(i + 1);
  const Gradient<T> dinputs[] = {{du.tensor()}}, dweights[] = {{dW.tensor()}};
  alone.backward(call, v.tensor(), dv.tensor(), dinputs, dweights);
  CHECK(du.copy() == std::vector<T>(4));
  CHECK(dW.copy() == std::vector<T>{3, 4, 0, 0, 1 + 5 + 7, 2 + 6 + 8});
  for (const T bad : {T(-1), T(3), T(0.5), std::numeric_limits<T>::quiet_NaN()}) {
    u.data()[1] = bad;
    CHECK_THROWS_AS(alone.forward(call, v.tensor()), DataError);
  }
}

TEST_CASE("embedding: one array of parameters, which may stay as it is") {
  const Shape inputs[] = {{5}};
  for (const bool is_trainable : {true, false}) {
    const Embedding<float> layer({.vocabulary = 9, .dimensions = 4, .is_trainable = is_trainable});
    CHECK(layer.output_shape(inputs) == Shape{5, 4});
    const auto specs = layer.parameters(inputs);
    REQUIRE(specs.size() == 1);
    CHECK(specs[0].name == "weight");
    CHECK(specs[0].shape == Shape{9, 4});
    CHECK(specs[0].fan_in == 9);
    CHECK(specs[0].fan_out == 4);
    CHECK(specs[0].is_trainable == is_trainable);
  }
}

TEST_CASE("embedding: a plan touches rows of one that is trained, none of one that stays as it is") {
  for (const bool is_trainable : {true, false}) {
    Graph<float> graph;
    const int tokens = graph.input({5}, "tokens", 1, InputKind::kTokens);
    const int output = graph.add(
        std::make_shared<Embedding<float>>(Embedding<float>::Options{.vocabulary = 9, .is_trainable = is_trainable}),
        {tokens}, "embedding");
    Buffer<float> theta(graph.theta_size()), dtheta(graph.theta_size());
    Plan<float> plan(graph, {.capacity = 1, .has_backward = true, .outputs = {output}, .is_linear = {false}},
                     {.theta = theta.data(), .dtheta = dtheta.data()});
    plan.picks(0)->columns = {7, 2, 2, 8, 7};
    const auto& touched = plan.touch();
    REQUIRE(touched.size() == (is_trainable ? 1 : 0));
    if (is_trainable) CHECK(touched[0].rows == std::vector<Index>{2, 7, 8});
  }
}

TEST_CASE("embedding: a plan touches rows that two places pick once, and none of the batch before") {
  const auto embedding = std::make_shared<Embedding<float>>(Embedding<float>::Options{.vocabulary = 9});
  Graph<float> graph;
  const int a = graph.input({2}, "a", 1, InputKind::kTokens), b = graph.input({2}, "b", 1, InputKind::kTokens);
  const std::vector<int> outputs{graph.add(embedding, {a}, "of_a"), graph.add(embedding, {b}, "of_b")};
  Buffer<float> theta(graph.theta_size()), dtheta(graph.theta_size());
  Plan<float> plan(graph, {.capacity = 1, .has_backward = true, .outputs = outputs, .is_linear = {false, false}},
                   {.theta = theta.data(), .dtheta = dtheta.data()});
  const auto touched_by = [&](std::vector<Index> of_a, std::vector<Index> of_b) {
    plan.picks(0)->columns = std::move(of_a);
    plan.picks(1)->columns = std::move(of_b);
    return plan.touch().at(0).rows;
  };
  CHECK(touched_by({7, 2}, {8, 2}) == std::vector<Index>{2, 7, 8});
  CHECK(touched_by({4, 1}, {4, 0}) == std::vector<Index>{0, 1, 4});
}

TEST_CASE("embedding: a gradient has rows of its own batch alone, and with a penalty no more than that on others") {
  const std::vector<std::int64_t> first{7, 2, 2, 8, 0, 7}, second{1, 2, 1, 4, 4, 5};
  const auto y = random_values<double>(2 * 3 * 2, 3);
  for (const double l2 : {0.0, 0.1}) {
    const auto training = [&] {
      Graph<double> graph;
      graph.input({3}, "tokens", 1, InputKind::kTokens);
      graph.add(std::make_shared<Embedding<double>>(Embedding<double>::Options{.vocabulary = 9, .dimensions = 2}), {0},
                "words");
      std::vector<Penalty> penalties;
      if (l2 > 0) penalties.push_back({.offset = 0, .size = 18, .l2 = l2});
      return objective<double>(std::make_shared<Network<double>>(std::move(graph), std::vector<int>{1}, 1), "squared",
                               std::move(penalties));
    };
    const auto gradient = [&](Objective<double>& objective, const std::vector<std::int64_t>& tokens) {
      Buffer<double> dtheta(padded<double>(18));
      objective.gradient({{source(tokens.data(), 2, {3})}, {source(y.data(), 2, {3, 2}, "y")}, {}}, {Mode::kTraining},
                         dtheta.data(), {});
      return std::vector<double>(dtheta.data(), dtheta.data() + 18);
    };
    const auto used = training(), fresh = training();
    gradient(*used, first);
    const auto dW = gradient(*used, second);
    CHECK(same_bits(dW, gradient(*fresh, second)));
    for (std::size_t row = 0; row < 9; ++row)
      CHECK((dW[2 * row] != 0) == (l2 > 0 || std::ranges::count(second, static_cast<Index>(row)) > 0));
  }
}

TEST_CASE("embedding: a graph takes it behind tokens, dense behind sparse rows, and nothing else") {
  const auto embedding = [] { return std::make_shared<Embedding<float>>(Embedding<float>::Options{3, 2}); };
  const auto dense = [] { return std::make_shared<Dense<float>>(Dense<float>::Options{.units = 2}); };
  Graph<float> graph;
  const int numbers = graph.input({4}, "numbers"), tokens = graph.input({4}, "tokens", 1, InputKind::kTokens),
            sparse = graph.input({4}, "sparse", 1, InputKind::kSparse);
  CHECK_THROWS_AS(graph.add(embedding(), {numbers}, "e"), ShapeError);
  CHECK_THROWS_AS(graph.add(embedding(), {sparse}, "e"), ShapeError);
  CHECK_THROWS_AS(graph.add(dense(), {tokens}, "d"), ShapeError);
  CHECK(graph.nodes().size() == 3);
  graph.add(embedding(), {tokens}, "e");
  graph.add(dense(), {sparse}, "d");
  graph.add(dense(), {numbers}, "d2");
  CHECK(graph.segments()[0].is_row_sparse);
  CHECK(graph.segments()[1].is_row_sparse);
  CHECK_FALSE(graph.segments()[2].is_row_sparse);  // its bias
  CHECK_FALSE(graph.segments()[3].is_row_sparse);
}

TEST_CASE("embedding: no vocabulary, or no dimensions, is an error") {
  CHECK_THROWS_AS(Embedding<float>({.vocabulary = 0, .dimensions = 2}), DataError);
  CHECK_THROWS_AS(Embedding<float>({.vocabulary = 2, .dimensions = -1}), DataError);
}

}  // namespace
}  // namespace nncpp::testing
