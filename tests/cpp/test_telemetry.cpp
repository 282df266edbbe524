#include "nncpp/telemetry.hpp"

#include <doctest/doctest.h>

#include "allocations.hpp"
#include "nncpp/layers/activation.hpp"
#include "tolerances.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
Trainer<T> classifier() {
  return trainer<T>(
      sequential<T>({64}, {{128, Activation::kRelu}, {30, Activation::kTanh}, {10, Activation::kSoftmax}}, 0.2), "nllm",
      std::make_shared<Adam<T>>(typename Adam<T>::Options{}), {{0, 64 * 128, 1e-5, 1e-4}});
}

template <typename T>
RunResult record(Trainer<T>& training, const Examples& examples, Telemetry<T>* telemetry, Index first = 0,
                 Index max_steps = 1000) {
  const auto order = in_order(examples.rows());
  const std::vector<double> rates(order.size(), 1e-2);
  const RunOptions options{.order = order, .first = first, .batch_size = 30, .max_steps = max_steps, .rates = rates};
  return training.run(examples, options, {}, {}, telemetry);
}

bool same_records(const std::vector<LayerRecord>& a, const std::vector<LayerRecord>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(LayerRecord)) == 0;
}

TEST_CASE_TEMPLATE("telemetry: a training that is recorded has the bits it would have without", T, float, double) {
  const Classes data(800);
  auto plain = classifier<T>();
  const RunResult expected = record<T>(plain, data.examples(), nullptr);
  for (const Index every : {1, 3, 10, 1000}) {
    auto training = classifier<T>();
    Telemetry<T> telemetry(training.objective(), every);
    const RunResult result = record(training, data.examples(), &telemetry);
    CAPTURE(every);
    CHECK(result.sums[0].loss == expected.sums[0].loss);
    CHECK(same_bits(copy(training.network().theta()), copy(plain.network().theta())));
    CHECK(static_cast<Index>(telemetry.steps().size()) == result.steps / every);
    CHECK(telemetry.records().size() == telemetry.steps().size() * telemetry.layers().size());
  }
}

TEST_CASE("telemetry: records are the same on any number of threads, and however an epoch is cut into runs") {
  const Classes data(600);
  std::vector<LayerRecord> expected;
  for (const int count : kThreadCounts) {
    const Threads threads(count);
    auto whole = classifier<float>(), pieces = classifier<float>();
    Telemetry<float> at_once(whole.objective(), 2), one_by_one(pieces.objective(), 2);
    record(whole, data.examples(), &at_once);
    for (Index first = 0; first < 600; first += 90) record(pieces, data.examples(), &one_by_one, first, 3);
    if (expected.empty()) expected = at_once.records();
    CHECK(at_once.steps() == std::vector<Index>{2, 4, 6, 8, 10, 12, 14, 16, 18, 20});
    CHECK(same_records(at_once.records(), expected));
    CHECK(same_records(one_by_one.records(), expected));
  }
}

TEST_CASE("telemetry: a step that is recorded asks for no memory after the first") {
  const Classes data(300);
  auto training = classifier<float>();
  Telemetry<float> telemetry(training.objective(), 1);
  const auto allocations_of = [&](Index max_steps) {
    telemetry.clear();
    const long before = num_allocations();
    CHECK(record(training, data.examples(), &telemetry, 0, max_steps).steps == max_steps);
    return num_allocations() - before;
  };
  allocations_of(8);
  const long for_one_step = allocations_of(1);
  CHECK(allocations_of(8) == for_one_step);
}

// one unit of each kind by hand: v = f(w u + b), squared loss, plain descent
TEST_CASE_TEMPLATE("telemetry: norms, means and fractions of a step by hand", T, float, double) {
  auto network = sequential<T>({1}, {{2, Activation::kRelu}, {1, Activation::kIdentity}});
  set<T>(*network, 0, {1, -1});
  set<T>(*network, 1, {0, -1});
  set<T>(*network, 2, {2, 1});
  set<T>(*network, 3, {0});
  auto training = trainer<T>(network, "squared", std::make_shared<SGD<T>>());
  Telemetry<T> telemetry(training.objective(), 1);
  CHECK(telemetry.layers() == std::vector<std::string>{"dense_0", "dense_1"});
  const double x[] = {1, 3}, y[] = {2, 5};
  const Examples examples{{source(x, 2, {1})}, {source(y, 2, {1}, "y")}, {}};
  const double rates[] = {0.125};
  const std::vector<Index> order{0, 1};
  training.run(examples, {.order = order, .batch_size = 2, .max_steps = 1, .rates = rates}, {}, {}, &telemetry);
  // units give 1, 3 and 0, 0; the output 2, 6; dz = 0, 1; dW2 = 3, 0, db2 = 1; dW1 = 6, 0, db1 = 2, 0
  const LayerRecord& hidden = telemetry.records()[0];
  CHECK(hidden.parameter_norm == std::sqrt(3.0));
  CHECK(hidden.gradient_norm == std::sqrt(40.0));
  CHECK(hidden.update_ratio == std::sqrt(40.0) / 8 / std::sqrt(3.0));
  CHECK(hidden.mean == 1);
  CHECK(hidden.deviation == std::sqrt(1.5));
  CHECK(hidden.dead == 0.5);
  CHECK(std::isnan(hidden.saturated));
  const LayerRecord& output = telemetry.records()[1];
  CHECK(output.parameter_norm == std::sqrt(5.0));
  CHECK(output.gradient_norm == std::sqrt(10.0));
  CHECK(output.mean == 4);
  CHECK(output.deviation == 2);
  CHECK(std::isnan(output.dead));
}

TEST_CASE("telemetry: the limits of activations are where their slopes have nearly gone") {
  for (const Activation activation : {Activation::kSigmoid, Activation::kTanh, Activation::kSoftsign}) {
    const auto [center, distance] = saturation(activation);
    const double z = 0, at = center + distance;
    double v, steepest, slope;
    const double one = 1;
    activate(activation, &z, &v, 1, 1);
    activate_backward<double>(activation, &z, &v, &one, &steepest, 1, 1);
    activate_backward<double>(activation, nullptr, &at, &one, &slope, 1, 1);
    CHECK(v == center);
    CHECK(slope < 0.1 * steepest);
  }
  CHECK(saturation(Activation::kHardTanh).distance == 1);
  CHECK(std::isinf(saturation(Activation::kRelu).distance));
  CHECK(can_die(Activation::kRelu));
  CHECK_FALSE(can_die(Activation::kLeakyRelu));
}

TEST_CASE("telemetry: every 0 steps is refused") {
  auto training = classifier<float>();
  CHECK_THROWS_AS(Telemetry<float>(training.objective(), 0), DataError);
}

}  // namespace
}  // namespace nncpp::testing
