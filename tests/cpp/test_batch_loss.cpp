#include <doctest/doctest.h>

#include <string_view>

#include "loss_cases.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/arithmetic.hpp"
#include "nncpp/layers/elementwise.hpp"
#include "nncpp/layers/reduction.hpp"
#include "nncpp/losses/graph_loss.hpp"
#include "numerical.hpp"

namespace nncpp::testing {
namespace {

// A loss of a caller's own that is one of the built-in ones.
template <typename T>
class Twin final : public BatchLoss<T> {
 public:
  Twin(typename BatchLoss<T>::Options options, std::string_view of)
      : BatchLoss<T>(std::move(options)), of_(make_loss<T>(of)) {}

 private:
  void evaluate_rows(Tensor<const T> v, const Target<T>& target, Wide<T>* losses, T* dv) const override {
    const Index columns = v.columns();
    for (Index r = 0; r < v.rows(); ++r) {
      const Target<T> mine{target.labels ? target.labels + r : nullptr,
                           target.values ? target.values + r * columns : nullptr};
      losses[r] =
          of_->evaluate({v.data + r * columns, {1, columns}}, mine, nullptr, dv ? dv + r * columns : nullptr).loss;
    }
  }
  std::unique_ptr<Loss<T>> of_;
};

// sum_k (p_k - y_k)^2 for p (columns), or without the sum
template <typename T>
std::shared_ptr<Network<T>> squares(Index columns, bool is_summed = true) {
  Graph<T> graph;
  const int p = graph.input({columns}, "p"), y = graph.input({columns}, "y");
  const int difference = graph.add(std::make_shared<Arithmetic<T>>("Subtract"), {p, y}, "difference");
  int output = graph.add(std::make_shared<Elementwise<T>>("Square"), {difference}, "square");
  if (is_summed) {
    const typename Reduction<T>::Options all_columns;
    output = graph.add(std::make_shared<Reduction<T>>("Sum", all_columns), {output}, "sum");
  }
  return std::make_shared<Network<T>>(std::move(graph), std::vector<int>{output}, 0);
}

template <typename T>
void require_equal(const Loss<T>& own, const Case& c, const std::vector<T>& weights) {
  const std::vector<T> z(c.z.begin(), c.z.end()), y(c.y.begin(), c.y.end());
  const Target<T> target = c.labels.empty() ? Target<T>{nullptr, y.data()} : Target<T>{c.labels.data(), nullptr};
  std::vector<T> gradient(z.size());
  const LossSums sums = own.evaluate({z.data(), {c.rows, c.columns}}, target,
                                     weights.empty() ? nullptr : weights.data(), gradient.data(), 0.25);
  const auto expected = evaluate<T>(c, weights, 0.25);
  CHECK(sums.weight == expected.sums.weight);
  CHECK(relative_error(sums.loss, expected.sums.loss, 1) <= Tolerance<T>::kSum);
  CHECK(largest_error(gradient, expected.gradient) <= Tolerance<T>::kElement);
  if (own.has_accuracy()) CHECK(sums.correct == expected.sums.correct);
}

template <typename T>
std::vector<T> some_weights(Index rows) {
  std::vector<T> weights(static_cast<std::size_t>(rows), T(0.5));
  weights.front() = 0;
  weights.back() = 2;
  return weights;
}

TEST_CASE_TEMPLATE("batch loss: weights, mean and accuracy are those of a loss by rows", T, float, double) {
  for (const Case& c : smooth_cases()) {
    if (c.options.label_smoothing > 0 || c.loss == "nll" || c.loss == "kl") continue;  // accuracy of z, not of v
    CAPTURE(c.loss);
    CAPTURE(c.rows);
    const Task task = c.loss == "nllm" ? Task::kClasses : Task::kRegression;
    const Twin<T> own({.name = "twin", .task = task, .takes_labels = task == Task::kClasses}, c.loss);
    for (const auto& weights : {std::vector<T>(), some_weights<T>(c.rows)}) require_equal<T>(own, c, weights);
  }
}

TEST_CASE("batch loss: a binary row is right where every column is, above the threshold or not") {
  const Twin<double> own({.name = "twin", .task = Task::kBinary, .threshold = 0.25}, "squared");
  const double v[] = {0.3, 0.2, 0.3, 0.3, 0.1, 0.0}, y[] = {1, 0, 1, -1, 0, 0}, weights[] = {1, 10, 100};
  CHECK(own.evaluate({v, {3, 2}}, {nullptr, y}, weights, nullptr).correct == 101);
}

TEST_CASE_TEMPLATE("graph loss: sums and gradients are those of the formula", T, float, double) {
  for (const Case& c : smooth_cases()) {
    if (c.loss != "squared") continue;
    CAPTURE(c.rows);
    CAPTURE(c.columns);
    const GraphLoss<T> own({.name = "graph"}, squares<T>(c.columns));
    for (int again = 0; again < 2; ++again)
      for (const auto& weights : {std::vector<T>(), some_weights<T>(c.rows)}) require_equal<T>(own, c, weights);
  }
}

TEST_CASE("graph loss: an expression without p has gradient zero") {
  Graph<double> graph;
  graph.input({3}, "p");
  int last = graph.input({3}, "y");
  for (const char* kind : {"Exp", "Square", "Abs"})
    last = graph.add(std::make_shared<Elementwise<double>>(kind), {last}, kind);
  last = graph.add(std::make_shared<Reduction<double>>("Sum", Reduction<double>::Options{}), {last}, "sum");
  const GraphLoss<double> loss({.name = "graph"},
                               std::make_shared<Network<double>>(std::move(graph), std::vector<int>{last}, 0));
  const std::vector<double> p(6, 1), y(6, 2);
  std::vector<double> gradient(6, 7);
  const LossSums sums = loss.evaluate({p.data(), {2, 3}}, {nullptr, y.data()}, nullptr, gradient.data());
  CHECK(sums.loss == doctest::Approx(6 * std::exp(4)));
  CHECK(gradient == std::vector<double>(6, 0));
}

TEST_CASE("graph loss: an expression that is no loss is refused in words") {
  CHECK_THROWS_WITH_AS(GraphLoss<double>({.name = "mine"}, squares<double>(3, false)),
                       doctest::Contains("mine: expected an expression that gives a number for each row"), ShapeError);
}

TEST_CASE("task: an unknown name lists the known ones") {
  CHECK(task_from_name("binary") == Task::kBinary);
  CHECK_THROWS_WITH_AS(task_from_name("luck"), doctest::Contains("regression, binary or classes"), DataError);
}

}  // namespace
}  // namespace nncpp::testing
