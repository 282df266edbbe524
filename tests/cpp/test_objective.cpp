// J and its gradient: what training minimizes, and what it refuses to begin with.
#include <doctest/doctest.h>

#include "messages.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/augmentation.hpp"
#include "numerical.hpp"
#include "reference.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE("objective: a step is what the gradient of its rows and the optimizer say, penalties included") {
  const Classes data(40);
  auto network = sequential<double>({64}, {{8, Activation::kTanh}, {10, Activation::kSoftmax}});
  const std::vector<Penalty> penalties{{0, 64 * 8, 0.001, 0.01}};
  auto training = trainer<double>(network, "nllm", std::make_shared<SGD<double>>(), penalties);
  const Examples examples = data.examples();
  auto theta = copy(network->theta());
  std::vector<double> gradient(theta.size());
  const ObjectiveValue before = training.objective().gradient(examples, {Mode::kTraining}, gradient.data(), {});
  CHECK(same_bits(copy(network->theta()), theta));
  CHECK(relative_error(before.value, before.sums[0].loss / before.sums[0].weight + before.penalty, 0) <=
        Tolerance<double>::kSum);
  const RunResult result = run(training, examples, in_order(40), 40, 0.5);
  CHECK(result.sums[0].loss == before.sums[0].loss);
  CHECK(result.penalty == before.penalty);
  reference::Sgd().step(0.5, gradient, theta);
  CHECK(largest_error(copy(network->theta()), theta) <= Tolerance<double>::kElement);
}

TEST_CASE("objective: the gradient of a whole network with penalties and weights is what differences give") {
  const Classes data(6);
  auto network = sequential<double>({64}, {{5, Activation::kTanh}, {10, Activation::kSoftmax}}, 0.3);
  std::vector<Penalty> penalties;
  for (const Segment& segment : network->graph().segments())
    penalties.push_back({segment.offset, numel(segment.shape), 0, 0.1});
  auto training = trainer<double>(network, "nllm", std::make_shared<SGD<double>>(), penalties);
  const double weights[] = {1, 0, 2, 0.5, 1, 3};
  Examples examples = data.examples();
  examples.weights = source(weights, 6, {}, "sample_weight");
  std::vector<double> gradient(static_cast<std::size_t>(network->theta().size())), ignored(gradient.size()), dx(6 * 64);
  double* const dinputs[] = {dx.data()};
  training.objective().gradient(examples, {Mode::kTraining}, gradient.data(), dinputs);
  const auto objective = [&] {
    return training.objective().gradient(examples, {Mode::kTraining}, ignored.data(), {}).value;
  };
  for (const Segment& segment : network->graph().segments()) {
    for (Index i = segment.offset; i < segment.offset + numel(segment.shape); ++i) {
      const double expected = central_difference(network->theta().data[i], objective);
      REQUIRE(relative_error(gradient[static_cast<std::size_t>(i)], expected, 1) <= kGradient);
    }
  }
  // inputs belong to the caller: perturb a copy
  std::vector<double> x(data.x.begin(), data.x.end());
  examples.inputs = {source(x.data(), 6, {64})};
  for (std::size_t i = 0; i < x.size(); ++i)
    CHECK(relative_error(dx[i], central_difference(x[i], objective), 1) <= kGradient);
  CHECK(std::all_of(dx.begin() + 64, dx.begin() + 128, [](double d) { return d == 0; }));  // the row of weight 0
}

TEST_CASE(
    "objective: a weight of two is the row twice, a weight of zero is no row, also where a sample has several rows") {
  const auto x = random_values<double>(4 * 3 * 5, 1), y = random_values<double>(4 * 3 * 2, 2);
  const auto gradient_of = [&](const std::vector<Index>& rows, const std::vector<double>& weights) {
    auto network = sequential<double>({3, 5}, {{2, Activation::kIdentity}});
    auto training = trainer<double>(network, "squared", std::make_shared<SGD<double>>());
    std::vector<double> chosen_x(rows.size() * 15), chosen_y(rows.size() * 6),
        gradient(static_cast<std::size_t>(network->theta().size()));
    gather<double>(source(x.data(), 4, {3, 5}), rows, chosen_x.data());
    gather<double>(source(y.data(), 4, {3, 2}), rows, chosen_y.data());
    const auto n = static_cast<Index>(rows.size());
    Examples examples{{source(chosen_x.data(), n, {3, 5})}, {source(chosen_y.data(), n, {3, 2}, "y")}, {}};
    if (!weights.empty()) examples.weights = source(weights.data(), n, {}, "sample_weight");
    gradient.push_back(training.objective().gradient(examples, {Mode::kTraining}, gradient.data(), {}).value);
    gradient.push_back(training.objective().evaluate(examples).value);
    return gradient;
  };
  CHECK(largest_error(gradient_of({0, 1, 2, 3}, {1, 2, 0, 1}), gradient_of({0, 1, 1, 3}, {})) <=
        Tolerance<double>::kPass);
  CHECK(largest_error(gradient_of({0, 1, 2, 3}, {1, 1, 1, 1}), gradient_of({0, 1, 2, 3}, {})) <=
        Tolerance<double>::kPass);
}

TEST_CASE("objective: loss weights scale the losses of several outputs") {
  const auto make = [](double first, double second) {
    Graph<double> graph;
    graph.input({3}, "x");
    graph.add(std::make_shared<Dense<double>>(Dense<double>::Options{.units = 2}), {0}, "a");
    graph.add(std::make_shared<Dense<double>>(Dense<double>::Options{.units = 2, .activation = Activation::kSigmoid}),
              {0}, "b");
    auto network = std::make_shared<Network<double>>(std::move(graph), std::vector<int>{1, 2}, 1);
    Objective<double>::Options options{{make_loss<double>("squared"), make_loss<double>("nll")}, {first, second}};
    return std::make_unique<Objective<double>>(network, std::move(options));
  };
  const auto x = random_values<double>(12, 1), y = random_values<double>(8, 2);
  const double z[] = {0, 1, 1, 0, 0, 0, 1, 1};
  const Examples examples{
      {source(x.data(), 4, {3})}, {source(y.data(), 4, {2}, "y[0]"), source(z, 4, {2}, "y[1]")}, {}};
  const auto evaluate = [&](double first, double second) {
    const auto sum = make(first, second);
    std::vector<double> gradient(static_cast<std::size_t>(sum->network().theta().size()));
    gradient.push_back(sum->gradient(examples, {Mode::kTraining}, gradient.data(), {}).value);
    return gradient;
  };
  const auto a = evaluate(1, 0), b = evaluate(0, 1);
  auto both = a;
  for (std::size_t i = 0; i < both.size(); ++i) both[i] = 2 * a[i] + 0.5 * b[i];
  CHECK(largest_error(evaluate(2, 0.5), both) <= Tolerance<double>::kSum);
  const auto bias = static_cast<std::size_t>(make(1, 1)->network().graph().segments().back().offset);  // of b
  CHECK(a[bias] == 0);
  CHECK(b[bias] != 0);
}

TEST_CASE("objective: with a scaled input and augmentation the gradient by what came in is what differences give") {
  Graph<double> graph;
  graph.input({2, 3, 1}, "x", 0.25);
  graph.add(std::make_shared<RandomFlip<double>>(true, true), {0}, "flip");
  graph.add(std::make_shared<RandomShift<double>>(1, 1), {1}, "shift");
  graph.add(std::make_shared<ActivationLayer<double>>(Activation::kTanh), {2}, "tanh");
  auto network = std::make_shared<Network<double>>(std::move(graph), std::vector<int>{3}, 1);
  Objective<double> squared(network, {{make_loss<double>("squared")}, {1.0}});
  constexpr Index kCount = 20;
  auto x = random_values<double>(kCount * 6, 1), y = random_values<double>(kCount * 6, 2);
  const Examples examples{{source(x.data(), kCount, {2, 3, 1})}, {source(y.data(), kCount, {2, 3, 1}, "y")}, {}};
  std::vector<double> dx(x.size());
  double* const dinputs[] = {dx.data()};
  const Objective<double>::Draw draw{Mode::kTraining, 3, 5};
  squared.gradient(examples, draw, nullptr, dinputs);
  const auto expected = numerical_gradient(x, [&] { return squared.gradient(examples, draw, nullptr, {}).value; });
  CHECK(largest_error(dx, expected, kGradientFloor) <= kGradient);
  Objective<double>::Draw another = draw;
  another.step = 4;
  CHECK(squared.gradient(examples, another, nullptr, {}).value == squared.gradient(examples, draw, nullptr, {}).value);
  another.epoch = 6;
  CHECK(squared.gradient(examples, another, nullptr, {}).value != squared.gradient(examples, draw, nullptr, {}).value);
}

TEST_CASE("objective: a row is augmented the same in any batch") {
  Graph<double> graph;
  graph.input({1, 4, 1}, "x");
  graph.add(std::make_shared<RandomShift<double>>(0, 3), {0}, "shift");
  auto network = std::make_shared<Network<double>>(std::move(graph), std::vector<int>{1}, 1);
  using O = Objective<double>;
  O squared(network, {{make_loss<double>("squared")}, {1.0}});
  auto x = random_values<double>(40, 1);
  const Examples examples{{source(x.data(), 10, {1, 4, 1})}, {source(x.data(), 10, {1, 4, 1}, "y")}, {}};
  const O::Draw draw{Mode::kTraining, 3, 5};
  const auto losses = [&](const std::vector<Index>& rows) {
    O::Batch& batch = squared.batch(static_cast<Index>(rows.size()), O::Keep::kNothing);
    squared.load(batch, examples, rows);
    squared.forward(batch, draw, {});
    return squared.row_losses(batch, 0);
  };
  const auto all = losses({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(std::count(all.begin(), all.end(), 0.0) < 5);
  const std::vector<Index> some{7, 2, 2, 9};
  const auto again = losses(some);
  for (std::size_t i = 0; i < some.size(); ++i) CHECK(again[i] == all[static_cast<std::size_t>(some[i])]);
}

TEST_CASE("objective: a loss that compares two outputs has their opposite gradients, and takes no target") {
  Graph<double> graph;
  const auto scorer = std::make_shared<Dense<double>>(Dense<double>::Options{.units = 2, .use_bias = false});
  graph.input({3}, "true");
  graph.input({3}, "corrupt");
  graph.add(scorer, {0}, "score");
  graph.add(scorer, {1}, "score");
  auto network = std::make_shared<Network<double>>(std::move(graph), std::vector<int>{2, 3}, 1);
  Objective<double> ranking(network, {{make_loss<double>("max_margin", {.margin = 0.6})}, {1.0}});
  auto x = random_values<double>(12, 1), corrupt = random_values<double>(12, 2);
  const Examples examples{{source(x.data(), 4, {3}, "x[0]"), source(corrupt.data(), 4, {3}, "x[1]")}, {}, {}};
  CHECK_NOTHROW(ranking.require_valid(examples));
  std::vector<double> gradient(static_cast<std::size_t>(network->theta().size()));
  std::vector<double> dx(12), dcorrupt(12);
  double* const dinputs[] = {dx.data(), dcorrupt.data()};
  const ObjectiveValue value = ranking.gradient(examples, {Mode::kTraining}, gradient.data(), dinputs);
  CHECK(value.value == ranking.evaluate(examples).value);
  CHECK(value.sums[0].weight == 4);
  const Tensor<double> weight = view(network->graph().segments()[0], network->theta().data);
  for (Index i = 0; i < weight.size(); ++i) {
    const double expected = central_difference(weight.data[i], [&] { return ranking.evaluate(examples).value; });
    CHECK(relative_error(gradient[static_cast<std::size_t>(i)], expected, kGradientFloor) <= kGradient);
  }
  for (auto [input, d] : {std::pair{&x, &dx}, std::pair{&corrupt, &dcorrupt}}) {
    const auto expected = numerical_gradient(*input, [&] { return ranking.evaluate(examples).value; });
    CHECK(largest_error(*d, expected, kGradientFloor) <= kGradient);
  }
  CHECK_THROWS_AS(ranking.require_valid({examples.inputs, {source(x.data(), 4, {3}, "y")}, {}}), ShapeError);
  CHECK_THROWS_AS(objective<double>(network, "squared"), ShapeError);
}

TEST_CASE("objective: one of two outputs that are compared may come without weights") {
  for (const bool is_first_fixed : {false, true}) {
    Graph<double> graph;
    graph.input({3}, "x");
    graph.input({2}, "fixed");
    graph.add(std::make_shared<Dense<double>>(Dense<double>::Options{.units = 2}), {0}, "score");
    graph.add(std::make_shared<ActivationLayer<double>>(Activation::kIdentity), {1}, "given");
    const std::vector<int> outputs = is_first_fixed ? std::vector<int>{3, 2} : std::vector<int>{2, 3};
    auto network = std::make_shared<Network<double>>(std::move(graph), outputs, 1);
    Objective<double> ranking(network, {{make_loss<double>("max_margin", {.margin = 0.6})}, {1.0}});
    const auto x = random_values<double>(12, 1), fixed = random_values<double>(8, 2);
    const Examples examples{{source(x.data(), 4, {3}, "x[0]"), source(fixed.data(), 4, {2}, "x[1]")}, {}, {}};
    std::vector<double> gradient(static_cast<std::size_t>(network->theta().size()));
    CHECK(ranking.gradient(examples, {Mode::kTraining}, gradient.data(), {}).value == ranking.evaluate(examples).value);
    const Tensor<double> weight = view(network->graph().segments()[0], network->theta().data);
    double largest = 0;
    for (Index i = 0; i < weight.size(); ++i) {
      const double expected = central_difference(weight.data[i], [&] { return ranking.evaluate(examples).value; });
      CHECK(relative_error(gradient[static_cast<std::size_t>(i)], expected, kGradientFloor) <= kGradient);
      largest = std::max(largest, std::abs(expected));
    }
    CHECK(largest > 0.01);
  }
}

TEST_CASE("objective: outputs that are compared have one shape") {
  Graph<double> graph;
  graph.input({3}, "x");
  graph.add(std::make_shared<Dense<double>>(Dense<double>::Options{.units = 2}), {0}, "a");
  graph.add(std::make_shared<Dense<double>>(Dense<double>::Options{.units = 3}), {0}, "b");
  auto network = std::make_shared<Network<double>>(std::move(graph), std::vector<int>{1, 2}, 1);
  const auto message = message_of([&] { objective<double>(network, "max_margin"); });
  for (const char* part : {"b: ", "'max_margin'", "(N, 2)", "(N, 3)"}) CHECK(message.find(part) != std::string::npos);
}

TEST_CASE("objective: pieces of theta move at their factor of the rate, at 0 not at all") {
  const Classes data(32);
  auto network = sequential<double>({64}, {{8, Activation::kTanh}, {10, Activation::kSoftmax}});
  const auto& segments = network->graph().segments();
  const auto before = copy(network->theta());
  const auto end = [&](std::size_t s) { return segments[s].offset + padded<double>(numel(segments[s].shape)); };
  Trainer<double> training(objective<double>(network, "nllm"),
                           {.optimizer = std::make_shared<SGD<double>>(),
                            .rates = {{segments[2].offset, end(2), 0.5}, {segments[0].offset, end(0), 0}}});
  std::vector<double> gradient(before.size());
  training.objective().gradient(data.examples(), {Mode::kTraining}, gradient.data(), {});
  run(training, data.examples(), in_order(32), 32, 0.1);
  const double factors[] = {0, 1, 0.5, 1};
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (Index i = segments[s].offset; i < segments[s].offset + numel(segments[s].shape); ++i) {
      const auto k = static_cast<std::size_t>(i);
      CHECK(relative_error(network->theta().data[i], before[k] - 0.1 * factors[s] * gradient[k], 1) <=
            Tolerance<double>::kElement);
    }
  }
}

TEST_CASE("objective: a factor that makes a step leave the numbers is seen before it is taken") {
  const Classes data(32);
  auto network = sequential<float>({64}, {{10, Activation::kSoftmax}});
  const auto before = copy(network->theta());
  const Index end = padded<float>(numel(network->graph().segments()[0].shape));
  Trainer<float> training(objective<float>(network, "nllm", {}, 1e10),
                          {.optimizer = std::make_shared<SGD<float>>(), .rates = {{0, end, 1e10}}});
  CHECK(run(training, data.examples(), in_order(32), 32, 1e20).has_diverged);
  CHECK(same_bits(copy(network->theta()), before));
  CHECK_FALSE(run(training, data.examples(), in_order(32), 32, 1e10).has_diverged);
}

TEST_CASE("objective: after a batch that there is no room for, a smaller one is as if nothing had been") {
  auto training =
      trainer<double>(sequential<double>({2}, {{3, Activation::kSoftmax}}), "nllm", std::make_shared<SGD<double>>());
  auto& objective = training.objective();
  using Keep = Objective<double>::Keep;
  CHECK_THROWS_AS(objective.batch(kMostElements, Keep::kNothing), ShapeError);
  CHECK(objective.plan(objective.batch(3, Keep::kNothing)).capacity() == 3);
}

TEST_CASE("objective: evaluation over many rows adds up what the rows give alone") {
  const Classes data(3 * kInferenceRows + 5);
  auto network = sequential<double>({64}, {{16, Activation::kRelu}, {10, Activation::kSoftmax}}, 0.5);
  auto training = trainer<double>(network, "nllm", std::make_shared<SGD<double>>());
  const ObjectiveValue whole = training.objective().evaluate(data.examples());
  std::vector<double> ignored(static_cast<std::size_t>(network->theta().size()));
  const ObjectiveValue batch = training.objective().gradient(data.examples(), {Mode::kInference}, ignored.data(), {});
  CHECK(whole.sums[0].weight == static_cast<double>(data.rows));
  CHECK(whole.sums[0].correct == batch.sums[0].correct);
  CHECK(relative_error(whole.value, batch.value, 0) <= Tolerance<double>::kPass);
}

TEST_CASE("objective: a loss that does not go with the output is refused by the layer's name") {
  const auto message = message_of([] {
    trainer<float>(sequential<float>({3}, {{2, Activation::kIdentity}}), "nllm", std::make_shared<SGD<float>>());
  });
  for (const char* part : {"dense_0: ", "'nllm'", "'softmax'"}) CHECK(message.find(part) != std::string::npos);
}

TEST_CASE("objective: examples that do not fit are refused by name, and nothing has changed") {
  auto network = sequential<double>({2}, {{3, Activation::kSoftmax}});
  auto training = trainer<double>(network, "nllm", std::make_shared<SGD<double>>());
  const auto before = copy(network->theta());
  const double x[] = {1, 2, 3, 4, 5, 6}, bad_x[] = {1, 2, 3, NAN, 5, 6}, weights[] = {1, 2, 3}, negative[] = {1, -2, 3},
               zeros[] = {0, 0, 0};
  const std::int64_t y[] = {0, 1, 2}, bad_y[] = {0, 1, 3};
  const Source inputs = source(x, 3, {2}, "x"), labels = source(y, 3, {}, "y");
  const auto refused = [&](const Examples& examples, std::initializer_list<const char*> parts) {
    const std::string message = message_of([&] { training.objective().require_valid(examples); });
    CAPTURE(message);
    for (const char* part : parts) CHECK(message.find(part) != std::string::npos);
  };
  refused({{source(x, 2, {3}, "x")}, {labels}, {}}, {"x: ", "(N, 2)", "(2, 3)"});
  refused({{source(x, 0, {2}, "x")}, {source(y, 0, {}, "y")}, {}}, {"x: ", "at least 1 row"});
  refused({{inputs}, {source(y, 2, {}, "y")}, {}}, {"y: ", "expected 3 rows", "got 2"});
  refused({{inputs}, {}, {}}, {"y: ", "expected 1"});
  refused({{inputs}, {source(x, 3, {2}, "y")}, {}}, {"y: ", "(N, 3)"});
  refused({{source(bad_x, 3, {2}, "x")}, {labels}, {}}, {"x: ", "NaN", "row 1"});
  refused({{inputs}, {source(bad_y, 3, {}, "y")}, {}}, {"y: ", "got 3", "row 2"});
  refused({{inputs}, {labels}, source(weights, 2, {}, "sample_weight")}, {"sample_weight: ", "(3,)"});
  refused({{inputs}, {labels}, source(negative, 3, {}, "sample_weight")}, {"sample_weight: ", ">= 0", "row 1"});
  refused({{inputs}, {labels}, source(zeros, 3, {}, "sample_weight")}, {"sample_weight: ", "at least one"});
  CHECK_NOTHROW(training.objective().require_valid({{inputs}, {labels}, source(weights, 3, {}, "sample_weight")}));

  const auto order = in_order(3);
  CHECK_THROWS_AS(run(training, {{inputs}, {labels}, {}}, order, 0, 0.1), DataError);
  CHECK(same_bits(copy(network->theta()), before));
  CHECK(training.optimizer_state().t == 0);
}

}  // namespace
}  // namespace nncpp::testing
