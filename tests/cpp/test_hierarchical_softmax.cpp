#include <doctest/doctest.h>

#include <cmath>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/hierarchical_softmax.hpp"
#include "nncpp/module.hpp"
#include "nncpp/network.hpp"
#include "nncpp/plan.hpp"
#include "numerical.hpp"

namespace nncpp::testing {
namespace {

// ((3, 0), (1, (4, 2))): node 0 is the root, 1 parts 3 from 0, 2 parts 1 from node 3, which parts 4 from 2
const std::vector<Index> kLeaves{3, 0, 1, 4, 2}, kSplits{2, 1, 3, 4};
// the paths by hand, as (node, s)
const std::vector<std::vector<std::pair<Index, int>>> kPaths{
    {{0, 1}, {1, -1}}, {{0, -1}, {2, 1}}, {{0, -1}, {2, -1}, {3, -1}}, {{0, 1}, {1, 1}}, {{0, -1}, {2, -1}, {3, 1}}};

template <typename T>
HierarchicalSoftmax<T> small_tree() {
  return HierarchicalSoftmax<T>({.leaves = kLeaves, .splits = kSplits});
}

// v of each row in plain loops
std::vector<double> losses(std::span<const double> h, std::span<const double> classes, std::span<const double> W,
                           std::span<const double> b) {
  const std::size_t D = h.size() / classes.size();
  std::vector<double> v;
  for (std::size_t r = 0; r < classes.size(); ++r) {
    double probability = 1;
    for (const auto& [node, s] : kPaths[static_cast<std::size_t>(classes[r])]) {
      const auto j = static_cast<std::size_t>(node);
      double z = b[j];
      for (std::size_t d = 0; d < D; ++d) z += h[r * D + d] * W[j * D + d];
      probability *= 1 / (1 + std::exp(-s * z));
    }
    v.push_back(-std::log(probability));
  }
  return v;
}

template <typename T>
LayerRun<T> run_of_all_classes(const HierarchicalSoftmax<T>& layer, Index D) {
  LayerRun<T> run(layer, {{D}, {1}}, 7, 1, {}, InputKind::kTokens);
  const T classes[] = {0, 1, 2, 3, 4, 2, 0};
  std::copy_n(classes, 7, run.inputs[1].data());
  run.forward(Mode::kTraining);
  run.backward(Mode::kTraining);
  return run;
}

TEST_CASE("hierarchical softmax: loss and gradients are those of the product along the path") {
  const auto layer = small_tree<double>();
  auto run = run_of_all_classes(layer, 3);
  auto &h = run.inputs[0], &W = run.weights[0], &b = run.weights[1];
  const auto expected = [&] { return losses(h.values(), run.inputs[1].values(), W.values(), b.values()); };
  CHECK(run.output.shape() == Shape{7, 1});
  CHECK(largest_error(run.output.values(), expected()) <= Tolerance<double>::kPass);
  const auto total = [&] { return weighted_sum(expected(), run.doutput.values()); };
  CHECK(largest_error(run.dinputs[0].values(), numerical_gradient(h.values(), total), kGradientFloor) <= kGradient);
  CHECK(largest_error(run.dweights[0].values(), numerical_gradient(W.values(), total), kGradientFloor) <= kGradient);
  CHECK(largest_error(run.dweights[1].values(), numerical_gradient(b.values(), total), kGradientFloor) <= kGradient);
}

TEST_CASE_TEMPLATE("hierarchical softmax: any logit has a finite loss and a finite gradient", T, float, double) {
  const HierarchicalSoftmax<T> layer({.leaves = {0, 1}, .splits = {1}});
  LayerRun<T> run(layer, {{1}, {1}}, 2, 1, {}, InputKind::kTokens);
  run.inputs[0].values()[0] = run.inputs[0].values()[1] = 1;
  run.inputs[1].values()[0] = 0, run.inputs[1].values()[1] = 1;
  run.weights[1].values()[0] = 0;
  run.doutput.values()[0] = run.doutput.values()[1] = 1;
  for (const T z : {T(1e4), T(-1e4), T(0)}) {
    run.weights[0].values()[0] = z;
    run.forward(Mode::kTraining);
    run.backward(Mode::kTraining);
    const T log2 = static_cast<T>(std::log(2.0));
    CHECK(run.output.copy() == (z > 0   ? std::vector<T>{0, z}
                                : z < 0 ? std::vector<T>{-z, 0}
                                        : std::vector{log2, log2}));
    const T dz[] = {z > 0 ? T(0) : z < 0 ? T(-1) : T(-0.5), z > 0 ? T(1) : z < 0 ? T(0) : T(0.5)};
    CHECK(run.dweights[1].values()[0] == dz[0] + dz[1]);
    CHECK(run.dinputs[0].copy() == std::vector<T>{dz[0] * z, dz[1] * z});
  }
}

TEST_CASE("hierarchical softmax: picked classes touch the nodes on their paths, each once, ascending") {
  const auto layer = small_tree<float>();
  const std::vector<std::pair<std::vector<Index>, std::vector<Index>>> cases{
      {{0}, {0, 1}}, {{2}, {0, 2, 3}}, {{1, 4}, {0, 2, 3}}, {{0, 1}, {0, 1, 2}}, {{0, 1, 2, 3, 4}, {0, 1, 2, 3}}};
  for (const auto& [classes, nodes] : cases) {
    Picks<float> picks;
    picks.picked = classes;
    std::vector<Index> rows;
    layer.append_touched_rows(picks, rows);
    CHECK(rows == nodes);
  }
}

TEST_CASE("hierarchical softmax: a step reads and writes the touched rows of weight and bias only") {
  Graph<double> graph;
  const int h = graph.input({3}, "h"), c = graph.input({1}, "c", 1, InputKind::kTokens);
  graph.add(std::make_shared<HierarchicalSoftmax<double>>(small_tree<double>()), {h, c}, "tree");
  REQUIRE(graph.segments()[0].is_row_sparse);
  REQUIRE(graph.segments()[1].is_row_sparse);
  CHECK(graph.nodes()[1].bound == 5);
  Buffer<double> theta(graph.theta_size()), dtheta(graph.theta_size());
  const double kUntouched = std::numeric_limits<double>::quiet_NaN();
  std::fill_n(theta.data(), theta.size(), kUntouched);
  for (const auto& segment : graph.segments())  // nodes 0 and 1
    std::fill_n(theta.data() + segment.offset, 2 * numel(segment.shape) / 4, 0.5);
  Plan<double> plan(graph, {.capacity = 2, .has_backward = true, .outputs = {2}, .is_linear = {false}},
                    {theta.data(), nullptr, nullptr, dtheta.data()});
  plan.set_batch(2);
  std::fill_n(plan.input(0).data, 6, 1.0);
  plan.picks(1)->columns = {3, 0};
  const auto& touched = plan.touch();
  REQUIRE(touched.size() == 2);
  for (const auto& rows : touched) CHECK(rows.rows == std::vector<Index>{0, 1});
  plan.forward({2, Mode::kTraining});
  std::fill_n(plan.output_gradient(0).data, 2, 1.0);
  plan.backward({2, Mode::kTraining});
  const double p = 1 / (1 + std::exp(-2.0));  // z = 3 * 0.5 + 0.5
  const auto dW = view(graph.segments()[0], dtheta.data()), db = view(graph.segments()[1], dtheta.data());
  const double at_node[] = {-2 * (1 - p), p - (1 - p), 0, 0};  // class 3 goes left twice, class 0 left and right
  for (Index j = 0; j < 4; ++j) {
    CHECK(db.data[j] == doctest::Approx(at_node[j]).epsilon(1e-12));
    for (Index d = 0; d < 3; ++d) CHECK(dW.data[3 * j + d] == doctest::Approx(at_node[j]).epsilon(1e-12));
  }
  CHECK(plan.output(0).data[0] == doctest::Approx(-2 * std::log(p)).epsilon(1e-12));
}

TEST_CASE_TEMPLATE("hierarchical softmax: alone it takes classes as numbers", T, float, double) {
  Module<T> alone(std::make_shared<HierarchicalSoftmax<T>>(small_tree<T>()), {{2}, {1}}, "tree", 1);
  Block<T> h({2, 2}), c({2, 1}), v({2, 1});
  fill_random<T>(h.values(), 1);
  c.data()[0] = 4, c.data()[1] = 3;
  const Tensor<const T> inputs[] = {h.tensor(), c.tensor()};
  alone.forward({.inputs = inputs}, v.tensor());
  const auto weight = [](Index nodes) { return static_cast<T>(static_cast<double>(nodes) * std::log(2.0)); };
  CHECK(largest_error(std::span<const T>(v.values()), std::vector<T>{weight(3), weight(2)}) <= Tolerance<T>::kPass);
  c.data()[0] = 5;
  CHECK_THROWS_AS(alone.forward({.inputs = inputs}, v.tensor()), DataError);
}

TEST_CASE("hierarchical softmax: parameters, and the shapes that fit together") {
  const auto layer = small_tree<float>();
  const Shape sample[] = {{3}, {1}}, steps[] = {{6, 3}, {6}}, last[] = {{6, 3}, {6, 1}}, none[] = {{3}, {}};
  CHECK(layer.output_shape(sample) == Shape{1});
  CHECK(layer.output_shape(none) == Shape{1});
  CHECK(layer.output_shape(steps) == Shape{6, 1});
  CHECK(layer.output_shape(last) == Shape{6, 1});
  const auto specs = layer.parameters(steps);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].shape == Shape{4, 3});
  CHECK(specs[1].shape == Shape{4});
  CHECK(specs[1].kind == SegmentKind::kBias);
  const Shape wide[] = {{3}, {2}}, short_[] = {{6, 3}, {5}}, numbers[] = {{}, {}};
  CHECK_THROWS_AS(layer.output_shape(wide), ShapeError);
  CHECK_THROWS_AS(layer.output_shape(short_), ShapeError);
  CHECK_THROWS_AS(layer.output_shape(numbers), ShapeError);
}

TEST_CASE("hierarchical softmax: what is no tree is an error") {
  const auto make = [](std::vector<Index> leaves, std::vector<Index> splits) {
    return HierarchicalSoftmax<float>({.leaves = std::move(leaves), .splits = std::move(splits)});
  };
  CHECK_THROWS_AS(make({0}, {}), DataError);
  CHECK_THROWS_AS(make({0, 0}, {1}), DataError);
  CHECK_THROWS_AS(make({0, 2}, {1}), DataError);
  CHECK_THROWS_AS(make({0, -1}, {1}), DataError);
  CHECK_THROWS_AS(make({0, 1, 2}, {1}), DataError);
  CHECK_THROWS_AS(make({0, 1, 2}, {0, 1}), DataError);
  CHECK_THROWS_AS(make({0, 1, 2}, {3, 1}), DataError);
  CHECK_THROWS_AS(make({0, 1, 2}, {1, 1}), DataError);
  make({0, 1, 2}, {1, 2});
}

}  // namespace
}  // namespace nncpp::testing
