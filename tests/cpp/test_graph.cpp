#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <string>

#include "nncpp/error.hpp"
#include "nncpp/graph.hpp"
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/standardize.hpp"
#include "nncpp/layers/variable.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
std::shared_ptr<const Layer<T>> dense(Index units) {
  return std::make_shared<Dense<T>>(typename Dense<T>::Options{.units = units});
}

TEST_CASE("graph: ids count from 0 in the order of adding, shapes follow") {
  Graph<float> graph;
  CHECK(graph.input({4}, "x") == 0);
  CHECK(graph.add(dense<float>(3), {0}, "dense") == 1);
  CHECK(graph.input({2, 2}, "y") == 2);
  CHECK(graph.add(dense<float>(7), {2}, "dense_1") == 3);
  CHECK(graph.nodes()[1].shape == Shape{3});
  CHECK(graph.nodes()[3].shape == Shape{2, 7});
  CHECK(graph.nodes()[3].input_shapes == std::vector<Shape>{{2, 2}});
  CHECK(graph.nodes()[0].layer == nullptr);
}

TEST_CASE("graph: a node may only use nodes before it") {
  Graph<float> graph;
  graph.input({4}, "x");
  for (const int id : {1, 2, -1}) CHECK_THROWS_AS(graph.add(dense<float>(3), {id}, "dense"), ShapeError);
  CHECK(graph.nodes().size() == 1);
  CHECK(graph.segments().empty());
}

TEST_CASE("graph: what does not fit is refused by name, and the graph stays as it was") {
  Graph<float> graph;
  CHECK_THROWS_WITH_AS(graph.input({3, 0}, "x"), "x: expected axes of length 1 or more, got (3, 0)", ShapeError);
  CHECK_THROWS_WITH_AS(graph.input({1, 1, 1, 1, 1, 1}, "x"), "x: expected at most 5 axes a sample, got 6", ShapeError);
  graph.input({4}, "x");
  CHECK_THROWS_WITH_AS(graph.add(std::make_shared<Variable<float>>(Shape{0}), {}, "c"),
                       "c: expected axes of length 1 or more, got (0,)", ShapeError);
  CHECK_THROWS_WITH_AS(graph.add(std::make_shared<Variable<float>>(Shape{1, 1, 1, 1, 1, 1}), {}, "c"),
                       "c: expected at most 5 axes a sample, got 6", ShapeError);
  CHECK_THROWS_WITH_AS(graph.add(dense<float>(3), {0, 0}, "dense_2"), "dense_2: expected 1 input, got 2", ShapeError);
  CHECK_THROWS_AS(graph.add(nullptr, {0}, "nothing"), Error);
  CHECK(graph.nodes().size() == 1);
  CHECK(graph.theta_size() == 0);
}

TEST_CASE("graph: more weights than any machine holds are refused by name") {
  Graph<float> graph;
  CHECK_THROWS_AS(graph.input({Index{1} << 21, Index{1} << 21}, "huge"), ShapeError);
  const int x = graph.input({2}, "x");
  for (const Index units : {Index{1} << 40, Index{1} << 61, std::numeric_limits<Index>::max()}) {
    try {
      graph.add(std::make_shared<Dense<float>>(Dense<float>::Options{.units = units}), {x}, "wide");
      FAIL("taken");
    } catch (const ShapeError& error) {
      CHECK(std::string(error.what()).starts_with("wide: "));
    }
  }
}

TEST_CASE_TEMPLATE("graph: segments are named, begin on cache lines and never overlap", T, float, double) {
  Graph<T> graph;
  graph.input({5}, "x");
  graph.add(std::make_shared<Standardize<T>>(), {0}, "scale");
  graph.add(dense<T>(3), {1}, "dense");
  graph.add(dense<T>(1), {2}, "dense_1");
  std::vector<std::string> names;
  Index end = 0;
  for (const Segment& segment : graph.segments()) {
    names.push_back(segment.name);
    CHECK(static_cast<std::size_t>(segment.offset) * sizeof(T) % kAlignment == 0);
    CHECK(segment.offset >= end);
    end = segment.offset + numel(segment.shape);
  }
  CHECK(names == std::vector<std::string>{"dense/weight", "dense/bias", "dense_1/weight", "dense_1/bias"});
  CHECK(graph.theta_size() >= end);
  CHECK(static_cast<std::size_t>(graph.theta_size()) * sizeof(T) % kAlignment == 0);
  REQUIRE(graph.states().size() == 2);
  CHECK(graph.states()[1].name == "scale/deviation");
  CHECK(graph.state_size() == 2 * padded<T>(5));
}

TEST_CASE("graph: a layer that stands twice has its weights once") {
  Graph<float> graph;
  const auto shared = dense<float>(3);
  graph.input({4}, "a");
  graph.input({4}, "b");
  graph.add(shared, {0}, "score");
  const Index size = graph.theta_size();
  graph.add(shared, {1}, "score_1");
  CHECK(graph.theta_size() == size);
  CHECK(graph.segments().size() == 2);
  const auto &first = graph.nodes()[2], &second = graph.nodes()[3];
  CHECK(first.first_segment == second.first_segment);
  CHECK(second.num_segments == 2);
}

TEST_CASE("graph: shared weights refuse an input of another width") {
  Graph<float> graph;
  const auto shared = dense<float>(3);
  graph.input({4}, "a");
  graph.input({5}, "b");
  graph.add(shared, {0}, "score");
  try {
    graph.add(shared, {1}, "score_1");
    FAIL("weights (4, 3) took an input (N, 5)");
  } catch (const ShapeError& error) {
    const std::string message = error.what();
    for (const char* part : {"score_1: ", "score", "(N, 4)", "(N, 5)"}) CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("graph: every layer has a random stream of its own, also where weights are shared") {
  Graph<float> graph;
  const auto shared = dense<float>(4);
  graph.input({4}, "x");
  std::set<std::uint32_t> streams;
  for (int i = 0; i < 5; ++i) {
    graph.add(shared, {i}, "layer");
    streams.insert(graph.nodes().back().stream);
  }
  CHECK(streams.size() == 5);
  CHECK(*streams.begin() >= kLayerStreams);
}

}  // namespace
}  // namespace nncpp::testing
