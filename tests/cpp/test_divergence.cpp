#include "nncpp/divergence.hpp"

#include <doctest/doctest.h>

#include "tolerances.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

using Stage = Divergence::Stage;

// the divergence of one step on all rows, which leaves theta as it was
template <typename T>
Divergence divergence(Trainer<T>& training, const Examples& examples, double rate = 0.1) {
  const auto before = copy(training.network().theta());
  std::vector<Index> order = in_order(examples.rows());
  std::reverse(order.begin(), order.end());  // rows are told by their place in x, not in the batch
  CHECK(run(training, examples, order, examples.rows(), rate).has_diverged);
  const auto after = copy(training.network().theta());
  CHECK(std::memcmp(before.data(), after.data(), before.size() * sizeof(T)) == 0);
  CHECK(training.optimizer_state().t == 0);
  REQUIRE(training.divergence());
  return *training.divergence();
}

template <typename T>
Trainer<T> line(Activation activation, T weight, std::vector<Penalty> penalties = {}) {
  auto network = sequential<T>({1}, {{1, activation}, {1, Activation::kIdentity}});
  set<T>(*network, 0, {weight});
  set<T>(*network, 2, {1});
  return trainer<T>(network, "squared", std::make_shared<SGD<T>>(), std::move(penalties));
}

Examples column(const std::vector<double>& x, const std::vector<double>& y) {
  const auto rows = static_cast<Index>(x.size());
  return {{source(x.data(), rows, {1})}, {source(y.data(), rows, {1}, "y")}, {}};
}

TEST_CASE_TEMPLATE("divergence: an output that overflows is named with its rows", T, float, double) {
  const std::vector<double> x{1, 2, 1e4, 3, -1, 1e4}, y(6);
  auto training = line<T>(Activation::kExponential, T(1));
  const Divergence found = divergence(training, column(x, y));
  CHECK(found.stage == Stage::kForward);
  CHECK(found.layer == "dense_0");
  CHECK(found.tensor == "output");
  CHECK(std::isinf(found.value));
  CHECK(found.rows == std::vector<Index>{5, 2});
  CHECK_FALSE(found.has_more_rows);
}

TEST_CASE("divergence: of many rows five are named, of all rows none") {
  const std::vector<double> y(20);
  std::vector<double> x(20, 1e4);
  auto training = line<float>(Activation::kExponential, 1.f);
  CHECK(divergence(training, column(x, y)).rows.empty());
  x[0] = 0;
  const Divergence found = divergence(training, column(x, y));
  CHECK(found.rows == std::vector<Index>{19, 18, 17, 16, 15});
  CHECK(found.has_more_rows);
  x[19] = 1e4;
  CHECK(divergence(training, column({1e4}, {0.0})).rows == std::vector<Index>{0});
}

TEST_CASE_TEMPLATE("divergence: a parameter that is not finite is named before anything is computed", T, float,
                   double) {
  const std::vector<double> x{1, 2}, y(2);
  auto training = line<T>(Activation::kTanh, std::numeric_limits<T>::quiet_NaN());
  const Divergence found = divergence(training, column(x, y));
  CHECK(found.stage == Stage::kForward);
  CHECK(found.layer == "dense_0");
  CHECK(found.tensor == "weight");
  CHECK(std::isnan(found.value));
}

TEST_CASE("divergence: a sum over rows is traced to the rows that are too much for it alone") {
  std::vector<double> x(50, 1), y(50);
  x[11] = x[12] = x[40] = 1e30;
  auto training = line<float>(Activation::kIdentity, 1.f);
  const Divergence found = divergence(training, column(x, y));
  CHECK(found.stage == Stage::kBackward);
  CHECK(found.layer == "dense_1");
  CHECK(found.tensor == "gradient of weight");
  CHECK(found.rows == std::vector<Index>{40, 12, 11});
}

TEST_CASE("divergence: a loss, a penalty, a norm and a rate that are too large") {
  const std::vector<double> x{1, 2, 3}, y(3), large{1, 1e200, 3}, ten{1, 1e12, 3};
  auto exact = line<double>(Activation::kIdentity, 1.0);
  const Divergence loss = divergence(exact, column(large, y));
  CHECK(loss.stage == Stage::kLoss);
  CHECK(loss.layer == "dense_1");
  CHECK(loss.rows == std::vector<Index>{1});

  auto penalized = line<float>(Activation::kTanh, 1e20f, {{0, 1, 0, 1e-3}});
  const Divergence penalty = divergence(penalized, column(x, y));
  CHECK(penalty.stage == Stage::kLoss);
  CHECK(penalty.layer == "dense_0");
  CHECK(penalty.tensor == "penalty on weight");

  auto steep = line<float>(Activation::kIdentity, 1.f);
  const Divergence norm = divergence(steep, column(ten, y));
  CHECK(norm.stage == Stage::kUpdate);
  CHECK(norm.tensor == "norm of the gradient");
  CHECK(norm.rows == std::vector<Index>{1});

  auto fast = line<float>(Activation::kIdentity, 1.f);
  const Divergence update = divergence(fast, column(x, y), 3e38);
  CHECK(update.stage == Stage::kUpdate);
  CHECK(update.tensor == "update");
  CHECK(update.rows.empty());
}

// trunk -> steep, trunk -> fine: backward runs fine first, and both add to the gradient that trunk gets
TEST_CASE("divergence: of two layers that add to one gradient the one is named that broke it") {
  const auto dense = [](Activation activation) {
    return std::make_shared<Dense<float>>(Dense<float>::Options{.units = 1, .activation = activation});
  };
  Graph<float> graph;
  graph.input({1}, "x");
  graph.add(dense(Activation::kIdentity), {0}, "trunk");
  graph.add(dense(Activation::kExponential), {1}, "steep");
  graph.add(dense(Activation::kIdentity), {1}, "fine");
  auto network = std::make_shared<Network<float>>(std::move(graph), std::vector<int>{2, 3}, 1);
  set<float>(*network, 0, {0});
  set<float>(*network, 2, {1e30f});
  set<float>(*network, 3, {20});
  const std::vector<double> x{1, 2}, y(2);
  Objective<float>::Options options{{make_loss<float>("squared"), make_loss<float>("squared")}, {1.0, 1.0}};
  Trainer<float> training(std::make_shared<Objective<float>>(network, std::move(options)),
                          {.optimizer = std::make_shared<SGD<float>>()});
  const Examples examples{
      {source(x.data(), 2, {1})}, {source(y.data(), 2, {1}, "y"), source(y.data(), 2, {1}, "y")}, {}};
  const Divergence found = divergence(training, examples);
  CHECK(found.stage == Stage::kBackward);
  CHECK(found.layer == "steep");
  CHECK(found.tensor == "gradient of the input");
}

TEST_CASE("divergence: there is none where all is finite, and looking for it changes nothing") {
  const std::vector<double> x{1, 2}, y(2);
  auto training = line<float>(Activation::kTanh, 1.f);
  const auto before = copy(training.network().theta());
  CHECK_FALSE(find_divergence(training.objective(), column(x, y), {Mode::kTraining, 0}));
  CHECK(same_bits(copy(training.network().theta()), before));
  CHECK_THROWS_AS(find_divergence(training.objective(), column(x, y), {}, [] { return true; }), Interrupted);
  run(training, column(x, y), in_order(2), 2, 0.1);
  CHECK_FALSE(training.divergence());
}

}  // namespace
}  // namespace nncpp::testing
