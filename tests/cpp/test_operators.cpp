// Operators of the flow graph on numbers that were worked out by hand, and on arrays beside rows.
#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/arithmetic.hpp"
#include "nncpp/layers/elementwise.hpp"
#include "nncpp/layers/matmul.hpp"
#include "nncpp/layers/rearrangement.hpp"
#include "nncpp/layers/reduction.hpp"
#include "nncpp/layers/selection.hpp"
#include "nncpp/plan.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
using Numbers = std::vector<T>;

// v of the layer, then the gradients of its inputs for dv
template <typename T>
std::vector<Numbers<T>> results(const Layer<T>& layer, const std::vector<Shape>& samples, Index n,
                                const std::vector<bool>& has_rows, const std::vector<Numbers<T>>& inputs,
                                const Numbers<T>& dv) {
  LayerRun<T> run(layer, samples, n, 1, has_rows);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    REQUIRE(inputs[i].size() == run.inputs[i].values().size());
    std::copy(inputs[i].begin(), inputs[i].end(), run.inputs[i].data());
  }
  REQUIRE(dv.size() == run.doutput.values().size());
  std::copy(dv.begin(), dv.end(), run.doutput.data());
  run.forward(Mode::kInference);
  run.backward(Mode::kInference);
  std::vector<Numbers<T>> all{run.output.copy()};
  for (const auto& gradient : run.dinputs) all.push_back(gradient.copy());
  return all;
}

TEST_CASE_TEMPLATE("operators: an array goes with every row, and its gradient is the sum over them", T, float, double) {
  // rows (1, 2), (3, 4), (5, 6) minus the array (1, 10)
  const auto all = results<T>(Arithmetic<T>("Subtract"), {{2}, {2}}, 3, {true, false}, {{1, 2, 3, 4, 5, 6}, {1, 10}},
                              {1, 2, 3, 4, 5, 6});
  CHECK(all == std::vector<Numbers<T>>{{0, -8, 2, -6, 4, -4}, {1, 2, 3, 4, 5, 6}, {-9, -12}});
}

TEST_CASE_TEMPLATE("operators: samples are aligned at the last axis, batches at the first", T, float, double) {
  // rows of one number each beside rows of two: (2), (2, 1) -> (2, 2)
  const auto all = results<T>(Arithmetic<T>("Multiply"), {{2}, {2, 1}}, 2, {true, true},
                              {{1, 2, 3, 4}, {10, 20, 30, 40}}, {1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(all == std::vector<Numbers<T>>{{10, 20, 20, 40, 90, 120, 120, 160}, {30, 30, 70, 70}, {3, 3, 7, 7}});
}

TEST_CASE_TEMPLATE("operators: powers, with the conventions at 0", T, float, double) {
  const auto all =
      results<T>(Arithmetic<T>("Power"), {{4}, {4}}, 1, {true, true}, {{2, 0, 0, -3}, {3, 0, 2, 2}}, {1, 1, 1, 1});
  CHECK(all[0] == Numbers<T>{8, 1, 0, 9});
  CHECK(all[1] == Numbers<T>{12, 0, 0, -6});
  CHECK(all[2] == Numbers<T>{T(8) * std::log(T(2)), 0, 0, 0});
}

TEST_CASE_TEMPLATE("operators: of equal operands the first has the gradient", T, float, double) {
  const auto largest =
      results<T>(Arithmetic<T>("Maximum"), {{3}, {3}}, 1, {true, true}, {{1, 2, 3}, {3, 2, 1}}, {5, 6, 7});
  CHECK(largest == std::vector<Numbers<T>>{{3, 2, 3}, {0, 6, 7}, {5, 0, 0}});
  const auto least =
      results<T>(Arithmetic<T>("Minimum"), {{3}, {3}}, 1, {true, true}, {{1, 2, 3}, {3, 2, 1}}, {5, 6, 7});
  CHECK(least == std::vector<Numbers<T>>{{1, 2, 1}, {5, 6, 0}, {0, 0, 7}});
  const auto in_sample = results<T>(Reduction<T>("Max", {}), {{3}}, 2, {true}, {{1, 3, 3, 2, 1, 2}}, {5, 6});
  CHECK(in_sample == std::vector<Numbers<T>>{{3, 2}, {0, 5, 0, 6, 0, 0}});
}

TEST_CASE_TEMPLATE("operators: NaN comes through a maximum", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (const char* kind : {"Maximum", "Minimum"}) {
    const auto all = results<T>(Arithmetic<T>(kind), {{2}, {2}}, 1, {true, true}, {{nan, 1}, {1, nan}}, {1, 1});
    CHECK(std::isnan(all[0][0]));
    CHECK(std::isnan(all[0][1]));
  }
  CHECK(std::isnan(results<T>(Reduction<T>("Max", {}), {{3}}, 1, {true}, {{1, nan, 2}}, {1})[0][0]));
}

TEST_CASE_TEMPLATE("operators: sums, means and largest along an axis", T, float, double) {
  using Options = typename Reduction<T>::Options;
  const Numbers<T> u{1, 2, 3, 4, 5, 6};  // (2, 3)
  const auto sum = results<T>(Reduction<T>("Sum", Options{{{0}}, false}), {{2, 3}}, 1, {true}, {u}, {1, 2, 3});
  CHECK(sum == std::vector<Numbers<T>>{{5, 7, 9}, {1, 2, 3, 1, 2, 3}});
  const auto mean = results<T>(Reduction<T>("Mean", Options{{{-1}}, true}), {{2, 3}}, 1, {true}, {u}, {3, 6});
  CHECK(mean[0] == Numbers<T>{2, 5});
  for (std::size_t i = 0; i < 6; ++i) CHECK(mean[1][i] == doctest::Approx(i < 3 ? 1 : 2));
}

TEST_CASE("operators: a long sum loses no digits") {
  constexpr Index kCount = 3000000;
  const Reduction<float> sum("Sum", {});
  LayerRun<float> run(sum, {{kCount}}, 1, 1);
  std::fill(run.inputs[0].values().begin(), run.inputs[0].values().end(), 0.1F);
  run.forward(Mode::kInference);
  CHECK(relative_error(static_cast<double>(run.output.values()[0]), 0.1 * kCount, 0) < 1e-6);
}

TEST_CASE_TEMPLATE("operators: products of rows, columns and stacks", T, float, double) {
  // W (2, 3) times the rows (1, 2, 3) and (0, 1, 0)
  const auto column =
      results<T>(Matmul<T>(), {{2, 3}, {3}}, 2, {false, true}, {{1, 2, 3, 4, 5, 6}, {1, 2, 3, 0, 1, 0}}, {1, 0, 0, 1});
  CHECK(column == std::vector<Numbers<T>>{{14, 32, 2, 5}, {1, 2, 3, 0, 1, 0}, {1, 2, 3, 4, 5, 6}});
  const auto dot = results<T>(Matmul<T>(), {{2}, {2}}, 1, {false, false}, {{1, 2}, {3, 4}}, {10});
  CHECK(dot == std::vector<Numbers<T>>{{11}, {30, 40}, {10, 20}});
  const auto stack = results<T>(Matmul<T>(), {{2, 1, 2}, {2, 1}}, 1, {true, true}, {{1, 2, 3, 4}, {10, 100}}, {1, 1});
  CHECK(stack == std::vector<Numbers<T>>{{210, 430}, {10, 100, 10, 100}, {4, 6}});
}

TEST_CASE_TEMPLATE("operators: a node that stands for both operands has both gradients", T, float, double) {
  const auto check = [](std::shared_ptr<const Layer<T>> layer, const Shape& sample, const Numbers<T>& u,
                        const Numbers<T>& expected) {
    CAPTURE(layer->kind());
    Graph<T> graph;
    graph.input(sample, "u");
    graph.add(std::move(layer), {0, 0}, "v");
    Plan<T> plan(graph, {.has_backward = true, .has_input_gradients = true, .outputs = {1}, .is_linear = {false}}, {});
    std::copy(u.begin(), u.end(), plan.input(0).data);
    plan.forward({.n = 1});
    const Tensor<T> dv = plan.output_gradient(0);
    std::fill(dv.begin(), dv.end(), T(1));
    plan.backward({.n = 1});
    CHECK(Numbers<T>(plan.input_gradient(0).begin(), plan.input_gradient(0).end()) == expected);
  };
  check(std::make_shared<Matmul<T>>(), {3}, {1, 2, 3}, {2, 4, 6});                // u'u
  check(std::make_shared<Matmul<T>>(), {2, 2}, {1, 2, 3, 4}, {7, 11, 9, 13});     // e'u u e
  check(std::make_shared<Arithmetic<T>>("Multiply"), {3}, {1, 2, 3}, {2, 4, 6});  // u_k^2
  check(std::make_shared<Arithmetic<T>>("Maximum"), {3}, {1, -2, 3}, {1, 1, 1});  // u_k
  check(std::make_shared<Concatenate<T>>(0), {2}, {1, 2}, {2, 2});                // u_k twice
  check(std::make_shared<Gather<T>>(0), {2}, {1, 0}, {1, 1});                     // u_(u_k)
}

TEST_CASE("operators: the slope of a power's gradient by an exponent of 0 that moves") {
  const Arithmetic<Dual> power("Power");
  const Dual a(2, 0), b(0, 1), v = pow(a, b), dv(1);
  Dual da, db;
  std::array<Dual, 1> scratch;
  const Tensor<const Dual> inputs[] = {{&a, {1}}, {&b, {1}}};
  const Gradient<Dual> gradients[] = {{{&da, {1}}}, {{&db, {1}}}};
  power.backward({.inputs = inputs,
                  .output = {&v, {1}},
                  .doutput = {&dv, {1}},
                  .dinputs = gradients,
                  .weights = {},
                  .dweights = {},
                  .state = {},
                  .saved = nullptr,
                  .scratch = scratch.data(),
                  .mode = Mode::kInference,
                  .key = {},
                  .is_linear = false});
  CHECK(da.value == 0);
  CHECK(da.slope == 0.5);  // d^2 a^b / da db = a^(b - 1) (1 + b log a)
  CHECK(relative_error(db.slope, std::pow(std::log(2.0), 2), 0) < 1e-15);
}

TEST_CASE_TEMPLATE("operators: numbers that are moved, and their gradients back", T, float, double) {
  const auto turned =
      results<T>(Transpose<T>(std::nullopt), {{2, 3}}, 1, {true}, {{1, 2, 3, 4, 5, 6}}, {1, 2, 3, 4, 5, 6});
  CHECK(turned == std::vector<Numbers<T>>{{1, 4, 2, 5, 3, 6}, {1, 3, 5, 2, 4, 6}});
  const auto part = results<T>(Slice<T>({{3, 2, -2}}), {{5}}, 1, {true}, {{0, 1, 2, 3, 4}}, {7, 8});
  CHECK(part == std::vector<Numbers<T>>{{3, 1}, {0, 8, 0, 7, 0}});
  const auto joined = results<T>(Concatenate<T>(0), {{1}, {2}}, 2, {true, false}, {{1, 2}, {8, 9}}, {1, 2, 3, 4, 5, 6});
  CHECK(joined == std::vector<Numbers<T>>{{1, 8, 9, 2, 8, 9}, {1, 4}, {7, 9}});
}

TEST_CASE_TEMPLATE("operators: an embedding adds up what each of its rows is used for", T, float, double) {
  const auto all = results<T>(Gather<T>(0), {{3, 2}, {2}}, 2, {false, true}, {{1, 2, 3, 4, 5, 6}, {0, 2, -1, 0}},
                              {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(all == std::vector<Numbers<T>>{{1, 2, 5, 6, 5, 6, 1, 2}, {8, 10, 0, 0, 8, 10}, {0, 0, 0, 0}});
}

TEST_CASE("operators: indices that are none are refused") {
  for (const double index : {3.0, -4.0, 0.5, std::nan(""), 1e30}) {
    const Gather<double> gather(0);
    LayerRun<double> run(gather, {{3}, {1}}, 1, 1);
    run.inputs[1].values()[0] = index;
    CHECK_THROWS_AS(run.forward(Mode::kInference), DataError);
  }
}

TEST_CASE("operators: a shape without elements is refused, whatever is left open in it") {
  const Shape samples[] = {{3}};
  for (const std::vector<Index>& axes : {std::vector<Index>{0}, {0, -1}, {-1, 0}, {-1, -1}})
    CHECK_THROWS_AS(Reshape<float>(axes).output_shape(samples), ShapeError);
}

TEST_CASE("operators: an unknown kind is refused") {
  CHECK_THROWS_AS(Arithmetic<float>("Modulo"), DataError);
  CHECK_THROWS_AS(Comparison<float>("Equal"), DataError);
  CHECK_THROWS_AS(Elementwise<float>("Add"), DataError);
  CHECK_THROWS_AS(Reduction<float>("Product", {}), DataError);
}

}  // namespace
}  // namespace nncpp::testing
