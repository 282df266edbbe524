// Network: a graph with its vectors. It predicts, from any number of threads at once; not while one of them trains it.
#pragma once

#include <memory>
#include <mutex>

#include "nncpp/plan.hpp"
#include "nncpp/source.hpp"

namespace nncpp {

template <typename T>
class Network {
 public:
  // ensures: theta and state have their first values, which depend on seed and on nothing else
  Network(Graph<T> graph, std::vector<int> outputs, std::uint64_t seed);

  const Graph<T>& graph() const { return graph_; }
  const std::vector<int>& outputs() const { return outputs_; }
  const std::vector<int>& inputs() const { return inputs_; }
  const Shape& input_shape(int i) const { return node(inputs_[static_cast<std::size_t>(i)]).shape; }
  double input_scale(int i) const { return node(inputs_[static_cast<std::size_t>(i)]).scale; }
  const Shape& output_shape(int k) const { return node(outputs_[static_cast<std::size_t>(k)]).shape; }
  std::uint64_t seed() const { return seed_; }
  Tensor<T> theta() { return {theta_.data(), {graph_.theta_size()}}; }
  Tensor<T> state() { return {state_.data(), {graph_.state_size()}}; }

  // throws ShapeError, DataError unless there is one source of the right shape for each input, all of equal length
  void require_inputs(std::span<const Source> inputs) const;

  // outputs[k] (rows, ...) for all rows of the inputs; throws Interrupted
  void predict(std::span<const Source> inputs, std::span<T* const> outputs, const Poll& poll = {});

  // a plan for inference that nobody else uses now, of capacity min(n, kInferenceRows) or a little more
  class Lease;
  Lease borrow_plan(Index n, const std::vector<bool>& is_linear);

 private:
  const Node<T>& node(int id) const { return graph_.nodes()[static_cast<std::size_t>(id)]; }

  Graph<T> graph_;
  std::vector<int> outputs_, inputs_;
  std::uint64_t seed_;
  Buffer<T> theta_, state_;
  struct IdlePlan {
    std::vector<bool> is_linear;
    std::unique_ptr<Plan<T>> plan;
  };
  std::mutex mutex_;
  std::vector<IdlePlan> idle_;
};

// Gives the plan back when it goes.
template <typename T>
class Network<T>::Lease {
 public:
  Lease(Network& network, IdlePlan plan) : network_(network), plan_(std::move(plan)) {}
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Plan<T>& operator*() { return *plan_.plan; }
  Plan<T>* operator->() { return plan_.plan.get(); }

 private:
  Network& network_;
  IdlePlan plan_;
};

// rows of a batch in inference: enough for full speed, few enough to stay in the cache
inline constexpr Index kInferenceRows = 256;

}  // namespace nncpp
