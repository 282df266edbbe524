#include <doctest/doctest.h>

#include "allocations.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/plan.hpp"
#include "numerical.hpp"
#include "samples.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
std::shared_ptr<const Layer<T>> dense(Index units, Activation activation) {
  return std::make_shared<Dense<T>>(typename Dense<T>::Options{.units = units, .activation = activation});
}

// A graph, its vectors and one plan on it.
template <typename T>
struct Planned {
  Planned(Graph<T> graph_, typename Plan<T>::Options options)
      : graph(std::move(graph_)),
        theta(graph.theta_size()),
        dtheta(graph.theta_size()),
        plan(graph, options, {theta.data(), nullptr, nullptr, options.has_backward ? dtheta.data() : nullptr}) {
    for (const Segment& segment : graph.segments()) fill_random<T>(parameters(segment), 1, 0.5);
  }
  std::span<T> parameters(const Segment& segment) {
    return {theta.data() + segment.offset, static_cast<std::size_t>(numel(segment.shape))};
  }
  std::span<T> gradient(const Segment& segment) {
    return {dtheta.data() + segment.offset, static_cast<std::size_t>(numel(segment.shape))};
  }

  Graph<T> graph;
  Buffer<T> theta, dtheta;
  Plan<T> plan;
};

template <typename T>
std::span<T> values(const Tensor<T>& tensor) {
  return {tensor.begin(), tensor.end()};
}

//   x (6) -> h (5, tanh) -> a (4, sigmoid) -> the shared layer -> c (4)
//             |     \                                            \.
//             |      -> b (4, softmax) ---> the shared layer ----> d (4)
// outputs a, c, d, h: h and a are outputs that also feed other nodes, h has two consumers, one layer stands twice
template <typename T>
Graph<T> branching() {
  Graph<T> graph;
  const auto shared = dense<T>(4, Activation::kTanh);
  graph.input({6}, "x");
  graph.add(dense<T>(5, Activation::kTanh), {0}, "h");
  graph.add(dense<T>(4, Activation::kSigmoid), {1}, "a");
  graph.add(dense<T>(4, Activation::kSoftmax), {1}, "b");
  graph.add(shared, {2}, "c");
  graph.add(shared, {3}, "d");
  return graph;
}

template <typename T>
typename Plan<T>::Options all_outputs(Index capacity) {
  return {.capacity = capacity,
          .has_backward = true,
          .has_input_gradients = true,
          .outputs = {2, 4, 5, 1},
          .is_linear = {false, false, false, false}};
}

// one pass with inputs and output gradients of that seed; what came out, one after another
template <typename T>
std::vector<T> results(Planned<T>& planned, Index n, std::uint64_t seed) {
  Plan<T>& plan = planned.plan;
  const Pass pass{n, Mode::kTraining, seed, 0};
  plan.set_batch(n);
  fill_random<T>(values(plan.input(0)), seed);
  plan.forward(pass);
  std::vector<T> all;
  for (int k = 0; k < 4; ++k) all.insert(all.end(), plan.output(k).begin(), plan.output(k).end());
  for (int k = 0; k < 4; ++k) fill_random<T>(values(plan.output_gradient(k)), seed + static_cast<std::uint64_t>(k) + 1);
  plan.backward(pass);
  all.insert(all.end(), plan.input_gradient(0).begin(), plan.input_gradient(0).end());
  for (const Segment& segment : planned.graph.segments()) {
    const auto gradient = planned.gradient(segment);
    all.insert(all.end(), gradient.begin(), gradient.end());
  }
  return all;
}

TEST_CASE("plan: with fan-out, shared weights and outputs inside the graph, gradients are what differences give") {
  constexpr Index kBatch = 3;
  Planned<double> planned(branching<double>(), all_outputs<double>(kBatch));
  Plan<double>& plan = planned.plan;
  const Pass pass{kBatch, Mode::kTraining, 0, 0};
  const auto x = random_values<double>(kBatch * 6, 1);
  std::vector<double> input = x;
  std::vector<std::vector<double>> c;
  for (int k = 0; k < 4; ++k)
    c.push_back(random_values<double>(plan.output(k).size(), 10 + static_cast<std::uint64_t>(k)));
  const auto loss = [&] {
    std::copy(input.begin(), input.end(), plan.input(0).begin());
    plan.forward(pass);
    long double sum = 0;
    for (int k = 0; k < 4; ++k) sum += weighted_sum(values(plan.output(k)), c[static_cast<std::size_t>(k)]);
    return sum;
  };
  const auto backward = [&] {
    std::fill_n(planned.dtheta.data(), planned.dtheta.size(), std::numeric_limits<double>::quiet_NaN());
    loss();
    for (int k = 0; k < 4; ++k)
      std::copy(c[static_cast<std::size_t>(k)].begin(), c[static_cast<std::size_t>(k)].end(),
                plan.output_gradient(k).begin());
    plan.backward(pass);
  };
  backward();
  for (const Segment& segment : planned.graph.segments()) {
    const auto got = planned.gradient(segment);
    const std::vector<double> analytic(got.begin(), got.end());
    CAPTURE(segment.name);
    CHECK(largest_error(analytic, numerical_gradient(planned.parameters(segment), loss), kGradientFloor) <= kGradient);
    CHECK(std::any_of(analytic.begin(), analytic.end(), [](double g) { return g != 0; }));
  }
  backward();
  const std::vector<double> dx(plan.input_gradient(0).begin(), plan.input_gradient(0).end());
  CHECK(largest_error(dx, numerical_gradient(input, loss), kGradientFloor) <= kGradient);
}

TEST_CASE("plan: what no output needs has gradient zero, whatever was there before") {
  Graph<double> graph;
  graph.input({3}, "x");
  graph.add(dense<double>(4, Activation::kTanh), {0}, "used");
  graph.add(dense<double>(2, Activation::kTanh), {1}, "unused");
  Planned<double> planned(std::move(graph),
                          {.capacity = 2, .has_backward = true, .outputs = {1}, .is_linear = {false}});
  std::fill_n(planned.dtheta.data(), planned.dtheta.size(), 7.0);
  const Pass pass{2, Mode::kTraining, 0, 0};
  fill_random<double>(values(planned.plan.input(0)), 1);
  planned.plan.forward(pass);
  fill_random<double>(values(planned.plan.output_gradient(0)), 2);
  planned.plan.backward(pass);
  for (const Segment& segment : planned.graph.segments()) {
    const bool is_unused = segment.name.starts_with("unused");
    CAPTURE(segment.name);
    for (const double g : planned.gradient(segment)) CHECK((g == 0) == is_unused);
  }
}

TEST_CASE("plan: an input that no output needs has gradient zero, whatever shares its memory") {
  Graph<double> graph;
  graph.input({40}, "used");
  graph.input({40}, "unused");
  for (int i = 0; i < 4; ++i) graph.add(dense<double>(40, Activation::kTanh), {i == 0 ? 0 : i + 1}, text("dense_", i));
  graph.add(std::make_shared<Dropout<double>>(0.5), {1}, "no_output");  // backward reads neither u nor v: they may go
  Planned<double> planned(
      std::move(graph),
      {.capacity = 3, .has_backward = true, .has_input_gradients = true, .outputs = {5}, .is_linear = {false}});
  for (const Index n : {3, 2}) {
    const Pass pass{n, Mode::kTraining, 0, 0};
    planned.plan.set_batch(n);
    for (int i : {0, 1}) fill_random<double>(values(planned.plan.input(i)), 1);
    planned.plan.forward(pass);
    fill_random<double>(values(planned.plan.output_gradient(0)), 2);
    planned.plan.backward(pass);
    for (const double g : values(planned.plan.input_gradient(0))) CHECK(g != 0);
    for (const double g : values(planned.plan.input_gradient(1))) CHECK(g == 0);
  }
}

TEST_CASE_TEMPLATE("plan: a smaller batch has the bits of a plan made for it", T, float, double) {
  Planned<T> large(branching<T>(), all_outputs<T>(8)), exact(branching<T>(), all_outputs<T>(3));
  results(large, 8, 1);
  CHECK(same_bits(results(large, 3, 2), results(exact, 3, 2)));
  CHECK(same_bits(results(large, 1, 3), results(exact, 1, 3)));
  CHECK(large.plan.output(0).shape == Shape{1, 4});
  CHECK(large.plan.input(0).shape == Shape{1, 6});
}

TEST_CASE("plan: a batch beyond the capacity is an error") {
  Planned<float> planned(branching<float>(), all_outputs<float>(4));
  for (const Index n : {0, -1, 5}) CHECK_THROWS_AS(planned.plan.set_batch(n), ShapeError);
  CHECK_NOTHROW(planned.plan.set_batch(4));
}

TEST_CASE_TEMPLATE("plan: inference gives the bits of training's forward, without gradients and in less memory", T,
                   float, double) {
  Graph<T> deep;
  deep.input({32}, "x");
  for (int i = 0; i < 8; ++i) deep.add(dense<T>(32, Activation::kTanh), {i}, text("dense_", i));
  const typename Plan<T>::Options inference{.capacity = 16, .outputs = {8}, .is_linear = {false}};
  auto training = inference;
  training.has_backward = true;
  Planned<T> light(deep, inference), heavy(deep, training);
  for (auto* planned : {&light, &heavy}) {
    fill_random<T>(values(planned->plan.input(0)), 1);
    planned->plan.forward({16, Mode::kInference, 0, 0});
  }
  CHECK(same_bits(values(light.plan.output(0)), values(heavy.plan.output(0))));
  CHECK(light.plan.arena_size() <= 3 * 16 * 32);  // two slots taken in turn, and the input
  CHECK(heavy.plan.arena_size() >= 8 * 16 * 32);
}

TEST_CASE("plan: a linear output is what the activation was to be applied to") {
  Graph<double> graph;
  graph.input({3}, "x");
  graph.add(dense<double>(4, Activation::kSoftmax), {0}, "p");
  Planned<double> linear(graph, {.capacity = 2, .outputs = {1}, .is_linear = {true}}),
      activated(graph, {.capacity = 2, .outputs = {1}, .is_linear = {false}});
  for (auto* planned : {&linear, &activated}) {
    fill_random<double>(values(planned->plan.input(0)), 1);
    planned->plan.forward({2, Mode::kInference, 0, 0});
  }
  std::vector<double> p(8);
  activate(Activation::kSoftmax, linear.plan.output(0).data, p.data(), 2, 4);
  CHECK(same_bits(p, values(activated.plan.output(0))));
}

TEST_CASE("plan: a pass stops where it is told to, and the next one is as if nothing had been") {
  Planned<double> planned(branching<double>(), all_outputs<double>(4));
  const auto expected = results(planned, 4, 1);
  for (const int last : {1, 3, 5}) {
    int asked = 0;
    const Poll poll = [&] { return ++asked == last; };
    CHECK_THROWS_AS(planned.plan.forward({4, Mode::kTraining, 1, 0}, poll), Interrupted);
    CHECK(asked == last);
    asked = 0;
    planned.plan.forward({4, Mode::kTraining, 1, 0});
    CHECK_THROWS_AS(planned.plan.backward({4, Mode::kTraining, 1, 0}, poll), Interrupted);
    CHECK(same_bits(results(planned, 4, 1), expected));
  }
}

TEST_CASE("plan: an output asked for twice is an error") {
  CHECK_THROWS_AS(Planned<float>(branching<float>(), {.outputs = {2, 2}, .is_linear = {false, false}}), DataError);
}

TEST_CASE("plan: a pass asks for no memory, once it has run, on one thread and on several") {
  Graph<float> graph;
  graph.input({100}, "x");
  graph.add(dense<float>(300, Activation::kRelu), {0}, "dense");
  graph.add(std::make_shared<Dropout<float>>(0.5), {1}, "dropout");
  graph.add(dense<float>(10, Activation::kSoftmax), {2}, "dense_1");
  for (const int count : {1, 2}) {
    const Threads threads(count);
    Planned<float> planned(graph, {.capacity = 128, .has_backward = true, .outputs = {3}, .is_linear = {true}});
    const auto step = [&](Index n, std::uint32_t t) {
      planned.plan.set_batch(n);
      planned.plan.forward({n, Mode::kTraining, 0, t});
      planned.plan.backward({n, Mode::kTraining, 0, t});
    };
    step(128, 0);
    const long before = num_allocations();
    for (std::uint32_t t = 1; t < 5; ++t) step(t == 3 ? 77 : 128, t);
    CHECK(num_allocations() == before);
  }
  const long before = num_allocations();
  const std::vector<int> counted(100);
  CHECK(num_allocations() > before);
}

TEST_CASE("plan: one that keeps the values computes the same bits, and they are still there after backward") {
  auto options = all_outputs<float>(7);
  Planned<float> usual(branching<float>(), options);
  options.keeps_values = true;
  Planned<float> keeping(branching<float>(), options);
  CHECK(same_bits(results(usual, 7, 3), results(keeping, 7, 3)));
  // b (4, softmax) is no output: its value is that of a plan where it is one
  options.keeps_values = false;
  options.outputs = {2, 4, 5, 3};
  Planned<float> showing(branching<float>(), options);
  results(showing, 7, 3);
  Plan<float>& plan = showing.plan;
  plan.forward({7, Mode::kTraining, 3, 0});
  const Tensor<const float> b = keeping.plan.value(3);
  CHECK(same_bits(std::vector<float>(b.begin(), b.end()),
                  std::vector<float>(plan.output(3).begin(), plan.output(3).end())));
  // the gradient of what fans out is the sum over its consumers: here that of x, which the plan gives twice
  const Tensor<const float> dx = keeping.plan.gradient(0);
  const Tensor<float> input_gradient = keeping.plan.input_gradient(0);
  CHECK(dx.data == input_gradient.data);
  CHECK(keeping.plan.gradient(3).data != nullptr);
}

}  // namespace
}  // namespace nncpp::testing
