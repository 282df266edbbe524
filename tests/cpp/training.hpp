// Small networks, their data and one-line runs, for the tests of training.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>

#include "nncpp/error.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/train.hpp"
#include "samples.hpp"
#include "sources.hpp"

namespace nncpp::testing {

struct Width {
  Index units;
  Activation activation;
};

// input -> dense -> dense -> ..., with dropout after the first layer where rate > 0
template <typename T>
std::shared_ptr<Network<T>> sequential(const Shape& input, std::initializer_list<Width> widths, double rate = 0,
                                       std::uint64_t seed = 1) {
  Graph<T> graph;
  int last = graph.input(input, "x");
  for (const auto& [units, activation] : widths) {
    const bool is_first = last == 0;
    last = graph.add(std::make_shared<Dense<T>>(typename Dense<T>::Options{.units = units, .activation = activation}),
                     {last}, text("dense_", last));
    if (is_first && rate > 0) last = graph.add(std::make_shared<Dropout<T>>(rate), {last}, "dropout");
  }
  return std::make_shared<Network<T>>(std::move(graph), std::vector<int>{last}, seed);
}

template <typename T>
std::shared_ptr<Objective<T>> objective(std::shared_ptr<Network<T>> network, std::string_view loss,
                                        std::vector<Penalty> penalties = {}, double loss_weight = 1.0) {
  typename Objective<T>::Options options{{make_loss<T>(loss)}, {loss_weight}, std::move(penalties)};
  return std::make_shared<Objective<T>>(std::move(network), std::move(options));
}

template <typename T>
Trainer<T> trainer(std::shared_ptr<Network<T>> network, std::string_view loss,
                   std::shared_ptr<const Optimizer<T>> optimizer, std::vector<Penalty> penalties = {}) {
  return Trainer<T>(objective<T>(std::move(network), loss, std::move(penalties)), {.optimizer = std::move(optimizer)});
}

inline std::vector<Index> in_order(Index rows) {
  std::vector<Index> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), Index{0});
  return order;
}

// one epoch, or part of one
template <typename T>
RunResult run(Trainer<T>& trainer, const Examples& examples, const std::vector<Index>& order, Index batch_size,
              double rate, Index first = 0, Index max_steps = 1000000, double seconds = 1e9, const Poll& poll = {}) {
  const std::vector<double> rates(order.size(), rate);
  return trainer.run(examples, {order, first, batch_size, max_steps, seconds, rates}, poll);
}

template <typename T>
std::vector<T> copy(Tensor<T> tensor) {
  return {tensor.begin(), tensor.end()};
}

template <typename T>
void set(Network<T>& network, std::size_t segment, std::initializer_list<T> values) {
  std::copy(values.begin(), values.end(), view(network.graph().segments()[segment], network.theta().data).begin());
}

// rows of digits-like data: 64 columns, 10 classes that a linear map decides
struct Classes {
  explicit Classes(Index rows_) : rows(rows_), x(random_values<float>(rows * 64, 1)) {
    for (Index r = 0; r < rows; ++r) {
      const auto first = x.begin() + r * 64;
      y.push_back(std::max_element(first, first + 10) - first);
    }
  }
  Examples examples() const { return {{source(x.data(), rows, {64}, "x")}, {source(y.data(), rows, {}, "y")}, {}}; }

  Index rows;
  std::vector<float> x;
  std::vector<std::int64_t> y;
};

// one row of examples without sample weights, as examples of its own
inline Examples one_row(Examples examples, Index row) {
  for (auto* sources : {&examples.inputs, &examples.targets}) {
    for (Source& source : *sources) {
      source.data += row * source.row_stride;
      source.rows = 1;
    }
  }
  return examples;
}

inline const std::vector<double> kXorInputs{0, 0, 0, 1, 1, 0, 1, 1}, kXorTargets{0, 1, 1, 0};

inline Examples xor_examples() {
  return {{source(kXorInputs.data(), 4, {2})}, {source(kXorTargets.data(), 4, {1}, "y")}, {}};
}

}  // namespace nncpp::testing
