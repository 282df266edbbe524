#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "loss_cases.hpp"
#include "messages.hpp"
#include "nncpp/error.hpp"
#include "numerical.hpp"
#include "sources.hpp"

namespace nncpp::testing {
namespace {

using reference::Vector;

Vector test_weights(Index rows) {
  Vector weights = random_values<double>(rows, 8);
  for (double& w : weights) w = w < -0.5 ? 0 : std::abs(w);
  weights.back() = 2;
  return weights;
}

TEST_CASE_TEMPLATE("loss: sums are those of the plain loops, with weights and without", T, float, double) {
  for (const Case& c : cases()) {
    CAPTURE(c.loss);
    CAPTURE(c.rows);
    CAPTURE(c.columns);
    const auto plain = evaluate<T>(c).sums;
    CHECK(plain.weight == static_cast<double>(c.rows));
    CHECK(relative_error(plain.loss, reference_loss(c), 1) <= Tolerance<T>::kPass);
    const Vector weights = test_weights(c.rows);
    const auto weighted = evaluate<T>(c, std::vector<T>(weights.begin(), weights.end())).sums;
    CHECK(relative_error(weighted.loss, reference_loss(c, weights), 1) <= Tolerance<T>::kPass);
  }
}

TEST_CASE("loss: the gradient of the weighted mean is what differences give") {
  for (Case c : cases()) {
    if (c.rows * c.columns > 100) continue;
    CAPTURE(c.loss);
    CAPTURE(c.rows);
    CAPTURE(c.columns);
    const Vector weights = test_weights(c.rows);
    for (const Vector& w : {Vector(), weights}) {
      const auto [sums, gradient] = evaluate<double>(c, w);
      const auto expected = numerical_gradient(c.z, [&] { return reference_loss(c, w) / sums.weight; });
      CHECK(largest_error(gradient, expected, 1.0) <= kGradient);
    }
    const auto full = evaluate<double>(c).gradient;
    auto scaled = evaluate<double>(c, {}, 0.25).gradient;
    for (double& g : scaled) g *= 4;
    CHECK(largest_error(scaled, full) <= Tolerance<double>::kElement);
  }
}

TEST_CASE_TEMPLATE("loss: the gradient of both types is p - y over the number of rows", T, float, double) {
  for (const Case& c : cases()) {
    if ((c.loss != "nllm" && c.loss != "nll" && c.loss != "squared") || c.options.label_smoothing > 0) continue;
    CAPTURE(c.loss);
    CAPTURE(c.rows);
    CAPTURE(c.columns);
    Vector expected = c.loss == "nllm"  ? reference::softmax(c.z, c.rows, c.columns)
                      : c.loss == "nll" ? reference::activate(Activation::kSigmoid, c.z, c.rows, c.columns)
                                        : c.z;
    const double factor = c.loss == "squared" ? 2 : 1;
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] = factor * (expected[i] - c.y[i]) / static_cast<double>(c.rows);
    CHECK(largest_error(evaluate<T>(c).gradient, expected) <= Tolerance<T>::kElement);
  }
}

TEST_CASE("loss: labels and the distributions they stand for are one thing") {
  for (const Case& c : cases()) {
    if (c.labels.empty()) continue;
    Case written_out = c;
    written_out.labels.clear();
    const auto a = evaluate<double>(c), b = evaluate<double>(written_out);
    CHECK(relative_error(a.sums.loss, b.sums.loss, 1) <= Tolerance<double>::kSum);
    CHECK(a.sums.correct == b.sums.correct);
    CHECK(largest_error(a.gradient, b.gradient) <= Tolerance<double>::kElement);
  }
}

TEST_CASE_TEMPLATE("loss: logits of +-10000 give the exact loss and a finite gradient", T, float, double) {
  const auto check = [](const Case& c, double loss, const Vector& gradient) {
    const auto [sums, d] = evaluate<T>(c);
    CAPTURE(c.loss);
    CHECK(relative_error(sums.loss, loss, 1e4) <= Tolerance<T>::kElement);
    CHECK(largest_error(d, gradient) <= Tolerance<T>::kElement);
  };
  check({"nll", nullptr, 1, 4, {1e4, -1e4, 1e4, -1e4}, {1, 0, 0, 1}}, 2e4, {0, 0, 1, -1});
  check({"nllm", nullptr, 1, 3, {1e4, -1e4, 0}, {}, {0}}, 0, {0, 0, 0});
  check({"nllm", nullptr, 1, 3, {1e4, -1e4, 0}, {}, {1}}, 2e4, {1, -1, 0});
  check({"nllm", nullptr, 1, 2, {1e4, 1e4}, {0.5, 0.5}}, std::log(2.0), {0, 0});
  check({"squared", nullptr, 1, 2, {1e4, -1e4}, {1e4, 0}}, 1e8, {0, -2e4});
  check({"absolute", nullptr, 1, 2, {1e4, -1e4}, {1e4, 0}}, 1e4, {0, -1});
  check({"huber", nullptr, 1, 2, {1e4, -1e4}, {1e4, 0}}, 1e4 - 0.5, {0, -1});
  check({"hinge", nullptr, 1, 2, {1e4, 1e4}, {1, -1}}, 1e4 + 1, {0, 1});
  check({"multiclass_hinge", nullptr, 1, 3, {1e4, -1e4, 0}, {}, {1}}, 3e4 + 2, {1, -2, 1});
  check({"max_margin", nullptr, 1, 2, {1e4, -1e4}, {-1e4, 1e4}}, 2e4 + 1, {0, -1});
  check({"kl", nullptr, 1, 2, {1e4, -1e4}, {0.5, 0.5}}, 1e4 - std::log(2.0), {0.5, -0.5});
}

TEST_CASE_TEMPLATE("loss: a row of weight zero counts for nothing, a row of weight two for two", T, float, double) {
  for (const Case& c : cases()) {
    if (c.rows < 2) continue;
    CAPTURE(c.loss);
    CAPTURE(c.columns);
    std::vector<T> weights(static_cast<std::size_t>(c.rows), T(0));
    weights[1] = 2;
    const auto [sums, gradient] = evaluate<T>(c, weights);
    CHECK(sums.weight == 2);
    CHECK(relative_error(sums.loss, 2 * c.row(row_of(c.z, 1, c.columns), row_of(c.y, 1, c.columns)), 1) <=
          Tolerance<T>::kPass);
    CHECK((sums.correct == 0 || sums.correct == 2));
    for (Index i = 0; i < c.rows * c.columns; ++i) {
      if (i / c.columns != 1) REQUIRE(gradient[static_cast<std::size_t>(i)] == 0);
    }
  }
}

TEST_CASE_TEMPLATE("loss: all rows of a sample have its weight", T, float, double) {
  for (const Case& c : cases()) {
    if (c.rows != 40) continue;
    CAPTURE(c.loss);
    CAPTURE(c.columns);
    const Vector weights = test_weights(c.rows / 2);
    const std::vector<T> by_sample(weights.begin(), weights.end());
    std::vector<T> by_row;
    for (const T w : by_sample) by_row.insert(by_row.end(), {w, w});
    const auto a = evaluate<T>(c, by_sample, 1.0, 2), b = evaluate<T>(c, by_row);
    CHECK(a.sums.loss == b.sums.loss);
    CHECK(a.sums.weight == b.sums.weight);
    CHECK(same_bits(a.gradient, b.gradient));
  }
}

TEST_CASE_TEMPLATE("loss: a batch whose weights are all zero has loss 0 and gradient 0", T, float, double) {
  for (const Case& c : cases()) {
    const auto [sums, gradient] = evaluate<T>(c, std::vector<T>(static_cast<std::size_t>(c.rows), T(0)));
    CHECK(sums.loss == 0);
    CHECK(sums.weight == 0);
    CHECK(sums.correct == 0);
    for (const T g : gradient) REQUIRE(g == 0);
  }
}

TEST_CASE_TEMPLATE("loss: without a gradient wanted the sums are the same", T, float, double) {
  for (const Case& c : cases()) {
    const std::vector<T> z(c.z.begin(), c.z.end()), y(c.y.begin(), c.y.end());
    const auto sums =
        make_loss<T>(c.loss, c.options)
            ->evaluate(Tensor<const T>{z.data(), {c.rows, c.columns}}, {nullptr, y.data()}, nullptr, nullptr);
    Case written_out = c;
    written_out.labels.clear();
    CHECK(sums.loss == evaluate<T>(written_out).sums.loss);
  }
}

TEST_CASE("loss: the right class is the largest output, or the side of one half") {
  CHECK(evaluate<double>({"nllm", nullptr, 3, 3, {1, 2, 0, 5, 1, 1, 0, 0, 1}, {}, {1, 0, 1}}).sums.correct == 2);
  CHECK(evaluate<double>({"nllm", nullptr, 1, 2, {1, 2}, {0.3, 0.7}}).sums.correct == 1);
  CHECK(evaluate<double>({"nll", nullptr, 4, 1, {1, -1, 1, -1}, {1, 0, 0, 1}}).sums.correct == 2);
  CHECK(evaluate<double>({"squared", nullptr, 1, 1, {1}, {1}}).sums.correct == 0);
  CHECK(evaluate<double>({"kl", nullptr, 1, 2, {1, 2}, {0.3, 0.7}}).sums.correct == 1);
  CHECK(evaluate<double>({"hinge", nullptr, 4, 1, {0.1, -1, 1, -1}, {1, -1, -1, 1}}).sums.correct == 2);
  CHECK(evaluate<double>({"multiclass_hinge", nullptr, 2, 2, {0.1, 0, 0, 5}, {}, {0, 0}}).sums.correct == 1);
  CHECK(evaluate<double>({"max_margin", nullptr, 3, 1, {0.1, 1, 2}, {0, 1, 3}}).sums.correct == 1);
  for (const char* name : {"squared", "absolute", "huber"}) CHECK_FALSE(make_loss<float>(name)->has_accuracy());
  for (const char* name : {"nll", "nllm", "kl", "hinge", "multiclass_hinge", "max_margin"})
    CHECK(make_loss<float>(name)->has_accuracy());
}

TEST_CASE_TEMPLATE("loss: the bits do not depend on the number of threads", T, float, double) {
  const Index rows = 1001, columns = 37;
  Case c{"nllm",
         reference::nllm,
         rows,
         columns,
         random_values<double>(rows * columns, 1),
         {},
         std::vector<Index>(static_cast<std::size_t>(rows), 5)};
  for (const std::string loss : {"nllm", "nll", "squared"}) {
    if (loss == "nll") c.labels.clear(), c.y.assign(c.z.size(), 1.0);
    c.loss = loss;
    std::vector<T> expected;
    double expected_loss = 0;
    for (const int count : kThreadCounts) {
      const Threads threads(count);
      const auto [sums, gradient] = evaluate<T>(c);
      if (expected.empty()) expected = gradient, expected_loss = sums.loss;
      CHECK(same_bits(gradient, expected));
      CHECK(sums.loss == expected_loss);
    }
  }
}

TEST_CASE("loss: pairs that make sense are taken, others refused with the right ones named") {
  const auto squared = make_loss<double>("squared"), nll = make_loss<double>("nll"), nllm = make_loss<double>("nllm");
  CHECK(squared->is_paired(Activation::kIdentity));
  for (const Activation activation : {Activation::kSigmoid, Activation::kTanh, Activation::kRelu, Activation::kSoftmax})
    CHECK_FALSE(squared->is_paired(activation));
  CHECK(nll->is_paired(Activation::kSigmoid));
  CHECK(nllm->is_paired(Activation::kSoftmax));
  CHECK(make_loss<double>("kl")->is_paired(Activation::kSoftmax));
  for (const char* name : {"absolute", "huber"}) {
    CHECK(make_loss<double>(name)->is_paired(Activation::kIdentity));
    CHECK_FALSE(make_loss<double>(name)->is_paired(Activation::kSoftmax));
  }
  for (const char* name : {"hinge", "multiclass_hinge", "max_margin"}) {
    CHECK(make_loss<double>(name)->is_paired(Activation::kIdentity));
    const std::string message = message_of([&] { make_loss<double>(name)->is_paired(Activation::kSigmoid); });
    for (const char* part : {name, "linear", "'sigmoid'"}) CHECK(message.find(part) != std::string::npos);
  }
  for (const Activation activation :
       {Activation::kIdentity, Activation::kTanh, Activation::kRelu, Activation::kSoftmax}) {
    const std::string message = message_of([&] { nll->is_paired(activation); });
    for (const std::string_view part :
         {std::string_view("'nll'"), std::string_view("'sigmoid'"), to_string(activation)})
      CHECK(message.find(part) != std::string::npos);
  }
  for (const Activation activation :
       {Activation::kIdentity, Activation::kSigmoid, Activation::kTanh, Activation::kRelu}) {
    const std::string message = message_of([&] { nllm->is_paired(activation); });
    for (const std::string_view part :
         {std::string_view("'nllm'"), std::string_view("'softmax'"), to_string(activation)})
      CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("loss: an unknown name lists the known ones") {
  const std::string message = message_of([] { make_loss<float>("mse"); });
  CHECK(message.find("'mse'") != std::string::npos);
  for (const char* name :
       {"squared", "absolute", "huber", "hinge", "multiclass_hinge", "max_margin", "nll", "nllm", "kl"}) {
    CHECK(message.find(name) != std::string::npos);
    CHECK(make_loss<float>(name)->name() == name);
    CHECK(make_loss<float>(name)->num_outputs() == (name == std::string_view("max_margin") ? 2 : 1));
  }
}

TEST_CASE("loss: options outside their intervals are errors that name them") {
  const auto refused = [](const LossOptions& options, const char* name) {
    const std::string message = message_of([&] { make_loss<float>("huber", options); });
    CHECK(message.find(name) == 0);
  };
  for (const double bad : {0.0, -1.0, double(INFINITY), double(NAN)}) {
    refused({.delta = bad}, "delta");
    refused({.margin = bad}, "margin");
    refused({.temperature = bad}, "temperature");
  }
  for (const double bad : {-0.1, 1.0, double(NAN)}) refused({.label_smoothing = bad}, "label_smoothing");
}

TEST_CASE_TEMPLATE("loss: a score that is not a number gives a loss that is none", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (Case c : cases()) {
    if (c.columns != 3) continue;
    CAPTURE(c.loss);
    c.z[1] = nan;
    CHECK(std::isnan(evaluate<T>(c).sums.loss));
  }
}

TEST_CASE("loss: targets that cannot be are refused with their row") {
  const auto refused = [](const char* loss, const Source& y, const Shape& output,
                          std::initializer_list<std::string_view> parts) {
    const std::string message = message_of([&] { make_loss<float>(loss)->require_valid(y, output); });
    CAPTURE(message);
    for (const auto part : parts) CHECK(message.find(part) != std::string::npos);
  };
  const std::int64_t labels[] = {0, 2, 1, 3}, negative[] = {0, -1};
  refused("nllm", source(labels, 4, {}, "y"), {3}, {"y: ", "0 ... 2", "got 3", "row 3"});
  refused("nllm", source(negative, 2, {}, "y"), {3}, {"got -1", "row 1"});
  const float real[] = {0, 1, 2, 1};
  refused("nllm", source(real, 4, {}, "y"), {3}, {"y: ", "integer labels", "real"});
  const float distributions[] = {0.5, 0.5, 0.9f, 0.2f};
  refused("nllm", source(distributions, 2, {2}, "y"), {2}, {"sum to 1", "row 1"});
  const float signs[] = {0.5, 0.5, -0.5, 1.5};
  refused("nllm", source(signs, 2, {2}, "y"), {2}, {">= 0", "row 1"});
  refused("nllm", source(real, 2, {2}, "y"), {3}, {"y: expected (N, 3)", "(N, 2)"});
  const float probabilities[] = {0, 1, 1.5, 1};
  refused("nll", source(probabilities, 4, {1}, "y"), {1}, {"[0, 1]", "got 1.5", "row 2"});
  refused("squared", source(real, 2, {2}, "y"), {1}, {"y: expected (N, 1)", "(N, 2)"});
  const float nan[] = {0, std::numeric_limits<float>::quiet_NaN()};
  const float halves[] = {1, -1, 0.5}, zeros[] = {0, 1, 1};
  refused("hinge", source(halves, 3, {1}, "y"), {1}, {"-1 or 1", "got 0.5", "row 2"});
  refused("hinge", source(zeros, 3, {1}, "y"), {1}, {"-1 or 1", "got 0", "row 0"});
  refused("multiclass_hinge", source(labels, 4, {}, "y"), {3}, {"0 ... 2", "got 3", "row 3"});
  refused("multiclass_hinge", source(distributions, 2, {2}, "y"), {2}, {"one-hot", "got 0.5", "row 0"});
  refused("multiclass_hinge", source(real, 2, {2}, "y"), {2}, {"one-hot", "got 2", "row 1"});
  refused("kl", source(distributions, 2, {2}, "y"), {2}, {"sum to 1", "row 1"});
  for (const char* loss : {"squared", "absolute", "huber", "nll"})
    refused(loss, source(nan, 2, {1}, "y"), {1}, {"y: ", "NaN", "row 1"});

  CHECK_NOTHROW(make_loss<float>("nllm")->require_valid(source(labels, 3, {}), {3}));
  CHECK_NOTHROW(make_loss<float>("nllm")->require_valid(source(distributions, 1, {2}), {2}));
  CHECK_NOTHROW(make_loss<float>("nll")->require_valid(source(probabilities, 2, {1}), {1}));
  CHECK_NOTHROW(make_loss<float>("squared")->require_valid(source(real, 2, {2}), {2}));
  CHECK_NOTHROW(make_loss<float>("hinge")->require_valid(source(halves, 2, {1}), {1}));
  CHECK_NOTHROW(make_loss<float>("hinge", {.is_zero_one = true})->require_valid(source(zeros, 3, {1}), {1}));
  CHECK_NOTHROW(make_loss<float>("multiclass_hinge")->require_valid(source(labels, 3, {}), {3}));
  CHECK_NOTHROW(make_loss<float>("multiclass_hinge")->require_valid(source(zeros, 1, {2}), {2}));
  CHECK_NOTHROW(make_loss<float>("kl")->require_valid(source(distributions, 1, {2}), {2}));
}

}  // namespace
}  // namespace nncpp::testing
