// A model with lengths: what the graph refuses, plans of packed batches, J and its gradient, divergence.
#include <doctest/doctest.h>

#include "allocations.hpp"
#include "messages.hpp"
#include "nncpp/divergence.hpp"
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/batch_norm.hpp"
#include "nncpp/layers/pool2d.hpp"
#include "nncpp/layers/rearrangement.hpp"
#include "numerical.hpp"
#include "sequence_data.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

constexpr Index T = SequenceData::T, D = SequenceData::D, K = SequenceData::K;
constexpr double kScale = 0.5;  // of inputs

template <typename N>
std::shared_ptr<const Layer<N>> dense(Index units, Activation activation = Activation::kIdentity) {
  return std::make_shared<Dense<N>>(typename Dense<N>::Options{.units = units, .activation = activation});
}

template <typename N>
std::shared_ptr<const Layer<N>> mean_over_time() {
  typename Pool2D<N>::Options options;
  options.is_global = options.window.is_sequence = true;
  return std::make_shared<AveragePool2D<N>>(options);
}

TEST_CASE("lengths: a model takes those of inputs whose steps it keeps apart") {
  Graph<float> graph;
  graph.input({5, 3}, "x");
  graph.input({2}, "z");
  graph.add(dense<float>(4), {0}, "dense");
  graph.add(mean_over_time<float>(), {2}, "mean");
  graph.add(std::make_shared<Concatenate<float>>(0), {1, 3}, "both");
  CHECK(graph.require_lengths() == 5);
  for (const auto& [node, has_steps] : {std::pair{0, true}, {1, false}, {2, true}, {3, false}, {4, false}})
    CHECK(graph.nodes()[static_cast<std::size_t>(node)].has_steps == has_steps);
  graph.input({5, 1}, "more");
  CHECK(graph.require_lengths() == 5);
  graph.input({6, 1}, "longer");
  CHECK(message_of([&] { graph.require_lengths(); }) ==
        "lengths: expected inputs of as many steps each, got x (N, 5, 3) and longer (N, 6, 1)");
}

TEST_CASE("lengths: the first layer that takes steps for one sample's numbers is named") {
  using Axes = std::vector<Slice<float>::Axis>;
  const std::shared_ptr<const Layer<float>> layers[] = {
      std::make_shared<Reshape<float>>(std::vector<Index>{-1}),
      std::make_shared<Transpose<float>>(std::vector<Index>{1, 0}),
      std::make_shared<Slice<float>>(Axes{{0, 4, 1}, {0, 3, 1}}),
      std::make_shared<Slice<float>>(Axes{{1, 4, 1}, {0, 3, 1}}),
      std::make_shared<Slice<float>>(Axes{{4, 5, -1}, {0, 3, 1}}),
  };
  for (const auto& layer : layers) {
    Graph<float> graph;
    graph.input({5, 3}, "x");
    graph.add(layer, {0}, "culprit");
    graph.add(std::make_shared<Reshape<float>>(std::vector<Index>{-1}), {1}, "later");
    CHECK(
        message_of([&] { graph.require_lengths(); }) ==
        "lengths: culprit takes the steps of a sequence for one sample's numbers, so padding would count; use a layer "
        "that reads sequences, or leave lengths out");
  }
}

TEST_CASE("lengths: a model without steps has none") {
  Graph<float> graph;
  graph.input({5}, "x");
  CHECK(message_of([&] { graph.require_lengths(); }) ==
        "lengths: expected an input with steps, (N, T, ...), got none; leave it out");
}

// x (T, D) -> h (T, 4, tanh) -> scores (T, K); mean of h -> one (2)
template <typename N>
Graph<N> two_outputs() {
  Graph<N> graph;
  graph.input({T, D}, "x");
  graph.add(dense<N>(4, Activation::kTanh), {0}, "h");
  graph.add(dense<N>(K, Activation::kSoftmax), {1}, "scores");
  graph.add(mean_over_time<N>(), {1}, "mean");
  graph.add(dense<N>(2), {3}, "one");
  return graph;
}

template <typename N>
struct PackedPlan {
  PackedPlan()
      : graph(two_outputs<N>()),
        theta(graph.theta_size()),
        dtheta(graph.theta_size()),
        plan(graph,
             {.capacity = 6,
              .has_backward = true,
              .has_input_gradients = true,
              .outputs = {2, 4},
              .is_linear = {false, false}},
             {theta.data(), nullptr, nullptr, dtheta.data()}) {
    graph.initialize(1, theta.data(), nullptr);
  }
  // outputs and gradients of a batch, inputs by that seed
  std::vector<N> run(std::uint64_t seed) {
    const Pass pass{plan.rows(), Mode::kTraining, 0, 0};
    fill(plan.input(0), seed);
    plan.forward(pass);
    std::vector<N> all(plan.output(0).begin(), plan.output(0).end());
    all.insert(all.end(), plan.output(1).begin(), plan.output(1).end());
    for (int k = 0; k < 2; ++k) fill(plan.output_gradient(k), seed + 1);
    plan.backward(pass);
    all.insert(all.end(), plan.input_gradient(0).begin(), plan.input_gradient(0).end());
    all.insert(all.end(), dtheta.data(), dtheta.data() + dtheta.size());
    return all;
  }
  static void fill(const Tensor<N>& tensor, std::uint64_t seed) {
    fill_random<N>(std::span(tensor.data, static_cast<std::size_t>(tensor.size())), seed);
  }

  Graph<N> graph;
  Buffer<N> theta, dtheta;
  Plan<N> plan;
};

TEST_CASE("lengths: in a plan what has steps is packed, and nothing else") {
  PackedPlan<double> packed;
  Plan<double>& plan = packed.plan;
  plan.set_batch(std::vector<Index>{2, 5, 1});
  CHECK(plan.rows() == 3);
  CHECK(plan.input(0).shape == Shape{1, 8, D});
  CHECK(plan.input_gradient(0).shape == Shape{1, 8, D});
  CHECK(plan.output(0).shape == Shape{1, 8, K});
  CHECK(plan.output_gradient(0).shape == Shape{1, 8, K});
  CHECK(plan.output(1).shape == Shape{3, 2});
  CHECK(plan.input_sequences(0) == plan.output_sequences(0));
  CHECK(plan.output_sequences(1) == nullptr);
  plan.set_batch(std::vector<Index>{3, 3});
  CHECK(plan.input(0).shape == Shape{1, 6, D});
  plan.set_batch(2);
  CHECK(plan.input(0).shape == Shape{2, T, D});
  CHECK(plan.output(0).shape == Shape{2, T, K});
  CHECK_THROWS_AS(plan.set_batch(std::vector<Index>{}), ShapeError);
  CHECK_THROWS_AS(plan.set_batch(std::vector<Index>(7, 1)), ShapeError);
}

TEST_CASE_TEMPLATE("lengths: a plan goes from batch to batch as if each were its first", N, float, double) {
  const std::vector<Index> first{2, 5, 1}, second{5, 5, 5, 1, 4, 2};
  PackedPlan<N> used, fresh, whole;
  used.plan.set_batch(6);
  used.run(1);
  used.plan.set_batch(second);
  used.run(2);
  used.plan.set_batch(first);
  fresh.plan.set_batch(first);
  CHECK(same_bits(used.run(3), fresh.run(3)));
  used.plan.set_batch(3);
  whole.plan.set_batch(3);
  CHECK(same_bits(used.run(4), whole.run(4)));
}

TEST_CASE("lengths: batches of several lengths ask for no memory") {
  PackedPlan<float> packed;
  const std::vector<Index> first{2, 5, 1}, second{5, 5, 5, 1, 4, 2};
  const auto step = [&] {
    for (const auto* lengths : {&first, &second}) {
      packed.plan.set_batch(*lengths);
      const Pass pass{packed.plan.rows(), Mode::kTraining, 0, 0};
      packed.plan.forward(pass);
      packed.plan.backward(pass);
    }
    packed.plan.set_batch(4);
  };
  step();
  const long before = num_allocations();
  step();
  CHECK(num_allocations() == before);
}

std::shared_ptr<Network<double>> tagger(bool has_norm = false) {
  Graph<double> graph;
  int last = graph.input({T, D}, "x", kScale);
  last = graph.add(dense<double>(6, Activation::kTanh), {last}, "h");
  if (has_norm) last = graph.add(std::make_shared<BatchNorm<double>>(BatchNorm<double>::Options{}), {last}, "norm");
  last = graph.add(dense<double>(K, Activation::kSoftmax), {last}, "scores");
  return std::make_shared<Network<double>>(std::move(graph), std::vector<int>{last}, 1);
}

Examples examples_of(const SequenceData& data) { return {{data.inputs()}, {data.targets()}, {}, data.of_lengths()}; }

TEST_CASE("lengths: J is the mean over the steps that count, as of these steps alone") {
  const SequenceData data;
  std::vector<double> x, weights_of_steps;
  std::vector<std::int64_t> y;
  const std::vector<double> weights{1, 0.5, 3, 0, 2};
  for (std::size_t r = 0; r < data.lengths.size(); ++r)
    for (std::size_t t = 0; t < static_cast<std::size_t>(data.lengths[r]); ++t) {
      const auto at = r * T + t;
      x.insert(x.end(), data.x.begin() + static_cast<std::ptrdiff_t>(at * D),
               data.x.begin() + static_cast<std::ptrdiff_t>((at + 1) * D));
      y.push_back(data.y[at]);
      weights_of_steps.push_back(weights[r]);
    }
  const auto P = static_cast<Index>(y.size());
  for (const bool has_norm : {false, true})
    for (const bool is_weighted : {false, true}) {
      auto network = tagger(has_norm);
      Graph<double> steps;
      int last = steps.input({D}, "x", kScale);
      for (const auto& node : network->graph().nodes())
        if (node.layer != nullptr) last = steps.add(node.layer, {last}, node.name);
      auto alone =
          objective<double>(std::make_shared<Network<double>>(std::move(steps), std::vector<int>{last}, 1), "nllm");
      auto packed = objective<double>(network, "nllm");
      Examples all = examples_of(data), each{{source(x.data(), P, {D})}, {source(y.data(), P, {}, "y")}, {}};
      if (is_weighted) {
        all.weights = source(weights.data(), data.rows(), {}, "sample_weight");
        each.weights = source(weights_of_steps.data(), P, {}, "sample_weight");
      }
      CHECK_NOTHROW(packed->require_valid(all));
      std::vector<double> got(static_cast<std::size_t>(network->theta().size())), expected(got.size()),
          dx(data.x.size(), -1), dx_alone(x.size());
      double* const dinputs[] = {dx.data()};
      double* const dinputs_alone[] = {dx_alone.data()};
      const auto value = packed->gradient(all, {Mode::kTraining}, got.data(), dinputs);
      const auto value_alone = alone->gradient(each, {Mode::kTraining}, expected.data(), dinputs_alone);
      CHECK(value.value == doctest::Approx(value_alone.value).epsilon(1e-14));
      CHECK(value.sums[0].weight == doctest::Approx(value_alone.sums[0].weight));
      CHECK(value.sums[0].correct == doctest::Approx(value_alone.sums[0].correct));
      CHECK(largest_error(got, expected, 1e-3) <= Tolerance<double>::kPass);
      if (!has_norm) CHECK(packed->evaluate(all).value == doctest::Approx(alone->evaluate(each).value).epsilon(1e-14));
      std::size_t step = 0;
      for (std::size_t at = 0; at < data.y.size(); ++at) {
        const bool counts = static_cast<Index>(at % T) < data.lengths[at / T];
        for (std::size_t d = 0; d < D; ++d) {
          const double own = counts ? dx_alone[step * D + d] : 0.0;
          REQUIRE(relative_error(dx[at * D + d], own, 1e-3) <= Tolerance<double>::kPass);
        }
        step += counts;
      }
    }
}

TEST_CASE("lengths: of full length they change no more than the order of sums") {
  SequenceData data({T, T, T});
  auto network = tagger();
  auto training = objective<double>(network, "nllm");
  Examples packed = examples_of(data), plain = packed;
  plain.lengths = {};
  std::vector<double> a(static_cast<std::size_t>(network->theta().size())), b(a.size());
  CHECK(training->gradient(packed, {Mode::kTraining}, a.data(), {}).value ==
        doctest::Approx(training->gradient(plain, {Mode::kTraining}, b.data(), {}).value).epsilon(1e-14));
  CHECK(largest_error(a, b, 1e-3) <= Tolerance<double>::kPass);
  CHECK(training->evaluate(packed).value == doctest::Approx(training->evaluate(plain).value).epsilon(1e-14));
}

TEST_CASE("lengths: predictions are those of each sequence alone, and 0 behind its end") {
  constexpr Index kRows = kInferenceRows + 30;  // more than a batch
  std::vector<Index> lengths;
  for (Index r = 0; r < kRows; ++r) lengths.push_back(1 + r * r % T);
  const SequenceData data(lengths);
  auto network = tagger();
  std::vector<double> all(kRows * T * K, -1), alone(T * K);
  double* const outputs[] = {all.data()};
  double* const own[] = {alone.data()};
  const Source x = data.inputs();
  network->predict({&x, 1}, data.of_lengths(), outputs);
  for (const Index r : {Index{0}, Index{1}, Index{2}, kRows - 2, kRows - 1}) {
    Source one = x;
    one.data += r * x.row_stride;
    one.rows = 1;
    network->predict({&one, 1}, source(&lengths[static_cast<std::size_t>(r)], 1, {}, "lengths"), own);
    const std::vector<double> found(all.begin() + r * T * K, all.begin() + (r + 1) * T * K);
    CHECK(same_bits(found, alone));
    for (Index at = 0; at < T * K; ++at)
      CHECK((found[static_cast<std::size_t>(at)] == 0) == (at >= lengths[static_cast<std::size_t>(r)] * K));
  }
}

TEST_CASE("lengths: what counts is looked at, and what is wrong is told by its row") {
  SequenceData data;
  auto network = tagger();
  auto training = objective<double>(network, "nllm");
  const auto message = [&](const Examples& examples) { return message_of([&] { training->require_valid(examples); }); };
  std::vector<double> all(data.y.size() * K);
  double* const outputs[] = {all.data()};
  CHECK(message(examples_of(data)).empty());
  data.x[3 * T * D + 4 * D + 1] = SequenceData::kNaN;  // the last step of the last long one
  const std::string expected =
      "x[3]: expected finite numbers, got NaN in row 4 (as float64); drop or fill such rows first";
  CHECK(message(examples_of(data)) == expected);
  const Source x = data.inputs();
  CHECK(message_of([&] { network->predict({&x, 1}, data.of_lengths(), outputs); }) == expected);
  data = SequenceData();
  data.y[4 * T + 2] = K;
  CHECK(message(examples_of(data)).starts_with("y[4]: expected labels 0 ... 3, got 4"));
  data = SequenceData();
  for (const Index wrong : {Index{0}, T + 1, Index{-1}}) {
    data.lengths[2] = wrong;
    const std::string told = text("lengths: expected lengths 1 ... 5, got ", wrong);
    CHECK(message(examples_of(data)) == told + " in row 2");
    CHECK(message_of([&] { network->predict({&x, 1}, data.of_lengths(), outputs); }) == told);
  }
  Examples examples = examples_of(data);
  examples.lengths = source(data.lengths.data(), 4, {}, "lengths");
  CHECK(message(examples) == "lengths: expected one length for each row, (5,), got (4,)");
  examples.lengths = source(data.lengths.data(), 5, {1}, "lengths");
  CHECK(message(examples) == "lengths: expected one length for each row, (5,), got (5, 1)");
}

TEST_CASE("lengths: a divergence names rows of the examples, not of the packed batch") {
  SequenceData data;
  data.y.assign(data.y.size(), 0);
  Graph<double> graph;
  graph.input({T, D}, "x");
  graph.add(dense<double>(1, Activation::kExponential), {0}, "exp");
  auto network = std::make_shared<Network<double>>(std::move(graph), std::vector<int>{1}, 1);
  set<double>(*network, 0, {1, 1, 1});
  auto training = trainer<double>(network, "squared", std::make_shared<SGD<double>>());
  for (const Index r : {Index{4}, Index{0}}) data.x[static_cast<std::size_t>(r * T * D + D)] = 1e4;  // second steps
  const std::vector<double> y(data.y.size());
  const Examples examples{{data.inputs()}, {source(y.data(), data.rows(), {T, 1}, "y")}, {}, data.of_lengths()};
  const std::vector<Index> order{2, 4, 1, 3, 0};
  CHECK(run(training, examples, order, 5, 0.1).has_diverged);
  REQUIRE(training.divergence());
  CHECK(training.divergence()->layer == "exp");
  auto rows = training.divergence()->rows;
  std::sort(rows.begin(), rows.end());
  CHECK(rows == std::vector<Index>{0, 4});
}

}  // namespace
}  // namespace nncpp::testing
