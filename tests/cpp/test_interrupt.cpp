#include <doctest/doctest.h>

#include "nncpp/error.hpp"
#include "tolerances.hpp"
#include "training.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE("train: a check of many rows is interrupted") {
  const Classes data(100000);
  auto training =
      trainer<float>(sequential<float>({64}, {{10, Activation::kSoftmax}}), "nllm", std::make_shared<SGD<float>>());
  int calls = 0;
  CHECK_THROWS_AS(training.objective().require_valid(data.examples(), [&] { return ++calls == 3; }), Interrupted);
  CHECK(calls == 3);
}

TEST_CASE("train: who comes in while a run goes on is turned away, and the run can go on") {
  const Classes data(20);
  auto training =
      trainer<float>(sequential<float>({64}, {{10, Activation::kSoftmax}}), "nllm", std::make_shared<SGD<float>>());
  int turned_away = 0;
  const Poll poll = [&] {
    try {
      training.step(data.examples(), 0.1);
    } catch (const Error&) {
      ++turned_away;
    }
    return false;
  };
  CHECK(run(training, data.examples(), in_order(20), 20, 0.1, 0, 1, 1e9, poll).steps == 1);
  CHECK(turned_away > 0);
  CHECK(training.optimizer_state().t == 1);
}

TEST_CASE("train: a run of very many short steps is interrupted too") {
  const double x[] = {1}, y[] = {2};
  const Examples examples{{source(x, 1, {1})}, {source(y, 1, {1}, "y")}, {}};
  auto training = trainer<double>(sequential<double>({1}, {{1, Activation::kIdentity}}), "squared",
                                  std::make_shared<SGD<double>>());
  const std::vector<Index> order(3000000, 0);
  int asked = 0;
  CHECK_THROWS_AS(run(training, examples, order, 1, 1e-9, 0, 3000000, 1e9, [&] { return ++asked == 6; }), Interrupted);
  CHECK(training.optimizer_state().t > 1);
  CHECK(training.optimizer_state().t < 3000000);
}

TEST_CASE("train: an interrupted run leaves the model at the end of a whole step") {
  const Classes data(200);
  const auto order = in_order(data.rows);
  const auto make = [] {
    return trainer<float>(sequential<float>({64}, {{64, Activation::kRelu}, {10, Activation::kSoftmax}}, 0.5), "nllm",
                          std::make_shared<Adam<float>>(Adam<float>::Options{}));
  };
  auto uninterrupted = make();
  std::vector<std::vector<float>> after{copy(uninterrupted.network().theta())};
  for (Index step = 0; step < 20; ++step) {
    run(uninterrupted, data.examples(), order, 10, 1e-3, 10 * step, 1);
    after.push_back(copy(uninterrupted.network().theta()));
  }
  for (int last = 1; last <= 12; ++last) {
    auto training = make();
    int asked = 0;
    const auto stopped = [&] {
      run(training, data.examples(), order, 10, 1e-3, 0, 20, 1e9, [&] { return ++asked == last; });
    };
    if (last <= 5) CHECK_THROWS_AS(stopped(), Interrupted);  // the first step asks between its nodes
    if (last > 5) {
      try {
        stopped();
      } catch (const Interrupted&) {
      }
    }
    const auto t = static_cast<std::size_t>(training.optimizer_state().t);
    REQUIRE(t < after.size());
    CHECK(same_bits(copy(training.network().theta()), after[t]));
    // and goes on from there
    run(training, data.examples(), order, 10, 1e-3, 10 * static_cast<Index>(t));
    CHECK(same_bits(copy(training.network().theta()), after.back()));
  }
}

}  // namespace
}  // namespace nncpp::testing
