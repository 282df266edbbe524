#include <doctest/doctest.h>

#include "allocations.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/standardize.hpp"
#include "tolerances.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("train: two hidden units learn XOR", T, float, double) {
  double best = 1;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {  // 2-2-1 has poor minima: some starts end there
    auto network = sequential<T>({2}, {{2, Activation::kTanh}, {1, Activation::kSigmoid}}, 0, seed);
    auto training = trainer<T>(network, "nll", std::make_shared<Adam<T>>(typename Adam<T>::Options{}));
    const auto order = in_order(4);
    for (int epoch = 0; epoch < 1500; ++epoch) run(training, xor_examples(), order, 4, 0.05);
    const ObjectiveValue objective = training.objective().evaluate(xor_examples());
    best = std::min(best, objective.value);
    if (objective.value < 0.01) CHECK(objective.sums[0].correct == 4);
  }
  CHECK(best < 0.01);
}

// Goodfellow, Bengio, Courville, Deep Learning, 6.1: the rectified network that is XOR exactly
TEST_CASE_TEMPLATE("train: the closed-form XOR network has loss 0, a gradient of 0 and stays", T, float, double) {
  auto network = sequential<T>({2}, {{2, Activation::kRelu}, {1, Activation::kIdentity}});
  set<T>(*network, 0, {1, 1, 1, 1});
  set<T>(*network, 1, {0, -1});
  set<T>(*network, 2, {1, -2});
  set<T>(*network, 3, {0});
  const auto before = copy(network->theta());
  std::vector<T> output(4);
  T* const outputs[] = {output.data()};
  network->predict(xor_examples().inputs, {}, outputs);
  CHECK(output == std::vector<T>{0, 1, 1, 0});
  auto training = trainer<T>(network, "squared", std::make_shared<SGD<T>>());
  CHECK(training.objective().evaluate(xor_examples()).value == 0);
  run(training, xor_examples(), in_order(4), 4, 0.1);
  CHECK(same_bits(copy(network->theta()), before));
}

// M. Mazur, "A Step by Step Backpropagation Example", mattmazur.com, 2015-03-17: 2-2-2 sigmoids, E = sum (t - o)^2 / 2,
// rate 0.5, biases kept. The post rounds on its way; these are its numbers at full precision. Our loss is 2 E, so the
// rate is 0.25; the post writes weights (out, in), we (in, out).
TEST_CASE("train: Mazur's example, step by step") {
  auto network = sequential<double>({2}, {{2, Activation::kSigmoid}, {2, Activation::kSigmoid}});
  const auto keep_biases = [&] {
    set<double>(*network, 1, {0.35, 0.35});
    set<double>(*network, 3, {0.60, 0.60});
  };
  set<double>(*network, 0, {0.15, 0.25, 0.20, 0.30});
  set<double>(*network, 2, {0.40, 0.50, 0.45, 0.55});
  keep_biases();
  const double x[] = {0.05, 0.10}, t[] = {0.01, 0.99};
  const Examples examples{{source(x, 1, {2})}, {source(t, 1, {2}, "y")}, {}};
  auto training = trainer<double>(network, "squared", std::make_shared<SGD<double>>());
  const auto order = in_order(1);
  const auto error = [&] { return training.objective().evaluate(examples).value / 2; };
  const auto weights = [&](std::size_t segment) {
    return copy(view(network->graph().segments()[segment], network->theta().data));
  };
  constexpr double kTight = Tolerance<double>::kSteps;

  CHECK(relative_error(error(), 0.2983711087600027, 0) <= kTight);
  run(training, examples, order, 1, 0.25);
  keep_biases();
  CHECK(relative_error(error(), 0.29102777369359933, 0) <= kTight);
  CHECK(largest_error(weights(0), std::vector{0.1497807161327628, 0.24975114363236958, 0.19956143226552567,
                                              0.29950228726473915}) <= kTight);
  CHECK(largest_error(weights(2), std::vector{0.35891647971788465, 0.5113012702387375, 0.4086661860762334,
                                              0.5613701211079891}) <= kTight);
  for (int step = 1; step < 10000; ++step) {
    run(training, examples, order, 1, 0.25);
    keep_biases();
  }
  double output[2];
  double* const outputs[] = {output};
  network->predict(examples.inputs, {}, outputs);
  CHECK(largest_error(output, std::vector{0.01591362044355068, 0.9840642735146238}) <= kTight);
  CHECK(relative_error(error(), 3.510187782978859e-05, 1) <= kTight);
}

TEST_CASE_TEMPLATE("train: fifty steps have the same bits on any number of threads, and when run again", T, float,
                   double) {
  const Classes data(800);
  const auto order = in_order(data.rows);
  std::vector<T> expected;
  for (const int count : {1, 1, 2, 3, 8}) {
    const Threads threads(count);
    auto network = sequential<T>({64}, {{128, Activation::kRelu}, {10, Activation::kSoftmax}}, 0.2);
    auto training = trainer<T>(network, "nllm", std::make_shared<Adam<T>>(typename Adam<T>::Options{}),
                               {{0, 64 * 128, 1e-5, 1e-4}});
    Index steps = 0;
    while (steps < 50) steps += run(training, data.examples(), order, 120, 1e-3, 0, 50 - steps).steps;
    if (expected.empty()) expected = copy(network->theta());
    CAPTURE(count);
    CHECK(same_bits(copy(network->theta()), expected));
  }
}

TEST_CASE("train: one long run and many short ones give the same bits") {
  const Classes data(300);
  const auto order = in_order(data.rows);
  const auto make = [] {
    return trainer<float>(sequential<float>({64}, {{32, Activation::kRelu}, {10, Activation::kSoftmax}}, 0.5), "nllm",
                          std::make_shared<SGD<float>>(0.9));
  };
  auto whole = make(), pieces = make();
  const RunResult result = run(whole, data.examples(), order, 32, 0.1);
  CHECK(result.steps == 10);
  CHECK(result.rows == 300);
  RunResult total;
  const std::vector<double> rates(3, 0.1);
  while (total.rows < 300) {
    const RunOptions options{.order = order, .first = total.rows, .batch_size = 32, .max_steps = 3, .rates = rates};
    total = pieces.run(data.examples(), options, {}, total);
  }
  CHECK(total.steps == 10);
  CHECK(total.rows == 300);
  CHECK(total.sums[0].weight == 300);
  CHECK(total.sums[0].loss == result.sums[0].loss);
  CHECK(total.sums[0].correct == result.sums[0].correct);
  CHECK(same_bits(copy(whole.network().theta()), copy(pieces.network().theta())));
}

TEST_CASE("train: a step asks for no memory after the first of its batch size") {
  const Classes data(500);
  const auto order = in_order(data.rows);
  const std::vector<double> rates(order.size(), 1e-3);
  const float weights[500] = {1, 2, 3};
  Examples examples = data.examples();
  examples.weights = source(weights, 500, {}, "sample_weight");
  for (const int count : {1, 2}) {
    const Threads threads(count);
    auto training =
        trainer<float>(sequential<float>({64}, {{256, Activation::kRelu}, {10, Activation::kSoftmax}}, 0.2), "nllm",
                       std::make_shared<Adam<float>>(Adam<float>::Options{}), {{0, 64 * 256, 0, 1e-4}});
    const auto allocations_of = [&](Index max_steps) {
      const long before = num_allocations();
      const RunResult result =
          training.run(examples, {.order = order, .batch_size = 120, .max_steps = max_steps, .rates = rates});
      CHECK(result.steps == max_steps);
      return num_allocations() - before;
    };
    allocations_of(1);
    const long for_one_step = allocations_of(1);  // what a run costs, however long it is
    CHECK(allocations_of(5) == for_one_step);     // the last batch is smaller
  }
}

TEST_CASE("train: a run stops after its steps, after its time and at the end of the order") {
  const double x[] = {1}, y[] = {2};
  Examples examples{{source(x, 1, {1})}, {source(y, 1, {1}, "y")}, {}};
  const std::vector<Index> order(1000000, 0);
  auto training = trainer<double>(sequential<double>({1}, {{1, Activation::kIdentity}}), "squared",
                                  std::make_shared<SGD<double>>());
  CHECK(run(training, examples, order, 1, 1e-6, 0, 7).steps == 7);
  CHECK(training.optimizer_state().t == 7);
  const RunResult timed = run(training, examples, order, 1, 1e-6, 0, 1000000, 0.005);
  CHECK(timed.steps >= 1);
  CHECK(timed.steps < 1000000);
  CHECK(training.optimizer_state().t == 7 + timed.steps);
  const RunResult rest = run(training, examples, order, 10, 1e-6, 1000000 - 25);
  CHECK(rest.steps == 3);
  CHECK(rest.rows == 25);
  CHECK(run(training, examples, order, 10, 1e-6, 1000000).steps == 0);
}

TEST_CASE("train: rates are those of the steps of the run") {
  const double x[] = {1}, y[] = {0};
  const Examples examples{{source(x, 1, {1})}, {source(y, 1, {1}, "y")}, {}};
  auto network = sequential<double>({1}, {{1, Activation::kIdentity}});
  set<double>(*network, 0, {1});
  auto training = trainer<double>(network, "squared", std::make_shared<SGD<double>>());
  const std::vector<Index> order(3, 0);
  const double rates[] = {0.25, 0, 0.125};
  training.run(examples, {.order = order, .batch_size = 1, .max_steps = 3, .rates = rates});
  // p = w + b; dw = db = 2 p: p is multiplied by 1 - 4 rate
  CHECK(network->theta().data[0] == 0.5);
  CHECK(network->theta().data[padded<double>(1)] == -0.5);
}

TEST_CASE_TEMPLATE("train: a loss or gradient that is not finite ends the run and leaves everything as it was", T,
                   float, double) {
  // p = w x, L = p^2, dw = 2 p x: with w = 1 the gradient overflows as a float while the loss, a double, is finite
  const T root = std::sqrt(std::numeric_limits<T>::max());
  for (const T w : {T(1), root, 4 * root}) {
    const T x[] = {1, root, 1}, y[] = {0, 0, 0};
    const Examples examples{{source(x, 3, {1})}, {source(y, 3, {1}, "y")}, {}};
    auto network = sequential<T>({1}, {{1, Activation::kIdentity}});
    set<T>(*network, 0, {w});
    auto training = trainer<T>(network, "squared", std::make_shared<SGD<T>>(0.5));
    const std::vector<Index> order{1, 1, 1};
    const auto before = copy(network->theta());
    const RunResult result = run(training, examples, order, 1, 1.0);
    CHECK(result.has_diverged);
    CHECK(result.steps == 0);
    CHECK(result.rows == 0);
    CHECK(result.sums[0].loss == 0);
    CHECK(same_bits(copy(network->theta()), before));
    CHECK(training.optimizer_state().t == 0);
    for (const T v : std::span(training.optimizer_state().moments[0].data(), before.size())) CHECK(v == 0);

    const ObjectiveValue objective = training.step(one_row(examples, 1), 1.0);
    CHECK_FALSE(std::isfinite(objective.value));
    CHECK(same_bits(copy(network->theta()), before));
  }
}

TEST_CASE("train: one step on rows of the caller's is a run of one step on them, after they were checked") {
  const Classes data(20);
  const auto make = [] {
    return trainer<float>(sequential<float>({64}, {{8, Activation::kRelu}, {10, Activation::kSoftmax}}, 0.5), "nllm",
                          std::make_shared<Adam<float>>(Adam<float>::Options{}));
  };
  auto stepped = make(), trained = make();
  for (int t = 0; t < 3; ++t) {
    const ObjectiveValue objective = stepped.step(data.examples(), 0.01);
    const RunResult result = run(trained, data.examples(), in_order(20), 20, 0.01);
    CHECK(objective.sums[0].loss == result.sums[0].loss);
  }
  CHECK(same_bits(copy(stepped.network().theta()), copy(trained.network().theta())));

  const auto before = copy(stepped.network().theta());
  const std::vector<std::int64_t> wrong(20, 10);
  CHECK_THROWS_AS(stepped.step({{data.examples().inputs}, {source(wrong.data(), 20, {}, "y")}, {}}, 0.01), DataError);
  CHECK_THROWS_AS(stepped.step(data.examples(), -1.0), DataError);
  CHECK(same_bits(copy(stepped.network().theta()), before));
  CHECK(stepped.optimizer_state().t == 3);
}

TEST_CASE("train: every step drops other numbers, evaluation none") {
  const Classes data(40);
  auto training = trainer<double>(sequential<double>({64}, {{32, Activation::kRelu}, {10, Activation::kSoftmax}}, 0.5),
                                  "nllm", std::make_shared<SGD<double>>());
  std::vector<double> ignored(static_cast<std::size_t>(training.network().theta().size()));
  const double expected =
      training.objective().gradient(data.examples(), {Mode::kTraining}, ignored.data(), {}).sums[0].loss;
  const auto loss_of_step = [&] { return run(training, data.examples(), in_order(40), 40, 0.0).sums[0].loss; };
  const double first = loss_of_step(), second = loss_of_step(),
               evaluated = training.objective().evaluate(data.examples()).sums[0].loss;
  CHECK(first == expected);
  CHECK(first != second);
  CHECK(first != evaluated);
  CHECK(training.objective().evaluate(data.examples()).sums[0].loss == evaluated);
}

// v = u + mean, where the mean moves towards 1 in training: the least that has running state
class Drifting final : public Layer<double> {
 public:
  std::string kind() const override { return "Drifting"; }
  Shape output_shape(std::span<const Shape> inputs) const override { return inputs[0]; }
  std::vector<SegmentSpec> state(std::span<const Shape>) const override {
    return {{"mean", {1}, SegmentKind::kState, {}}};
  }
  void forward(const Forward<double>& pass) const override {
    const double mean = *pass.state[0].data;
    for (Index i = 0; i < pass.output.size(); ++i) pass.output.data[i] = pass.inputs[0].data[i] + mean;
    if (pass.mode == Mode::kTraining) *pass.next_state[0].data = 0.5 * mean + 0.5;
  }
  void backward(const Backward<double>& pass) const override {
    if (pass.dinputs[0].is_wanted()) std::copy_n(pass.doutput.data, pass.doutput.size(), pass.dinputs[0].to.data);
  }
};

TEST_CASE("train: state moves with whole steps only, and stays where a layer leaves it alone") {
  Graph<double> graph;
  graph.input({1}, "x");
  graph.add(std::make_shared<Standardize<double>>(), {0}, "scale");
  graph.add(std::make_shared<Drifting>(), {1}, "drift");
  graph.add(std::make_shared<Dense<double>>(Dense<double>::Options{.units = 1}), {2}, "dense");
  auto network = std::make_shared<Network<double>>(std::move(graph), std::vector<int>{3}, 1);
  auto training = trainer<double>(network, "squared", std::make_shared<SGD<double>>());
  const auto state = [&](std::size_t segment) {
    return *view(network->graph().states()[segment], network->state().data).data;
  };
  *view(network->graph().states()[0], network->state().data).data = 3;
  *view(network->graph().states()[1], network->state().data).data = 4;
  const double x[] = {1, 1e308}, y[] = {2, 2};
  const Examples examples{{source(x, 2, {1})}, {source(y, 2, {1}, "y")}, {}};

  run(training, examples, {0, 0}, 1, 0.01);
  CHECK(state(2) == 0.75);
  CHECK(run(training, examples, {1}, 1, 0.01).has_diverged);
  CHECK_THROWS_AS(run(training, examples, {0}, 1, 0.01, 0, 1, 1e9, [] { return true; }), Interrupted);
  std::vector<double> ignored(static_cast<std::size_t>(network->theta().size()));
  training.objective().gradient(one_row(examples, 0), {Mode::kTraining}, ignored.data(), {});
  training.objective().evaluate(one_row(examples, 0));
  CHECK(state(2) == 0.75);
  CHECK(state(0) == 3);
  CHECK(state(1) == 4);
}

TEST_CASE("train: a step is for prediction only, wherever it stands") {
  const auto check = [](std::shared_ptr<Network<double>> network) {
    for (std::size_t weight = 0; weight < network->graph().segments().size(); weight += 2)
      set<double>(*network, weight, {1});
    const double x[] = {3, -1};
    double v[2];
    double* const outputs[] = {v};
    network->predict(std::vector{source(x, 2, {1})}, {}, outputs);
    CHECK(v[0] == 1);
    CHECK(v[1] == 0);
    try {
      trainer<double>(network, "squared", std::make_shared<SGD<double>>());
      FAIL("a step was taken");
    } catch (const DataError& error) {
      CHECK(std::string(error.what()).starts_with("dense_1: activation 'step' "));
    }
  };
  check(sequential<double>({1}, {{1, Activation::kIdentity}, {1, Activation::kStep}}));
  check(sequential<double>({1}, {{1, Activation::kIdentity}, {1, Activation::kStep}, {1, Activation::kIdentity}}));
}

TEST_CASE("train: rows outside the examples are refused") {
  const Classes data(20);
  auto training =
      trainer<float>(sequential<float>({64}, {{10, Activation::kSoftmax}}), "nllm", std::make_shared<SGD<float>>());
  const auto before = copy(training.network().theta());
  for (const Index row : {-1, 20}) CHECK_THROWS_AS(run(training, data.examples(), {0, 1, row}, 3, 0.1), DataError);
  CHECK(same_bits(copy(training.network().theta()), before));
}

TEST_CASE("train: labels that were changed after the check are refused, and the model stays as it was") {
  Classes data(64);
  auto network = sequential<float>({64}, {{10, Activation::kSoftmax}});
  auto training = trainer<float>(network, "nllm", std::make_shared<SGD<float>>());
  training.objective().require_valid(data.examples());
  const auto before = copy(network->theta());
  for (const std::int64_t label : {std::int64_t{10}, std::int64_t{-1}, std::int64_t{10'000'000'000}}) {
    data.y[5] = label;
    CHECK_THROWS_AS(run(training, data.examples(), in_order(64), 64, 0.1), DataError);
    CHECK_THROWS_AS(training.objective().evaluate(data.examples()), DataError);
  }
  CHECK(same_bits(copy(network->theta()), before));
}

}  // namespace
}  // namespace nncpp::testing
