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
  InputKind input_kind(int i) const { return node(inputs_[static_cast<std::size_t>(i)]).kind; }
  const Shape& output_shape(int k) const { return node(outputs_[static_cast<std::size_t>(k)]).shape; }
  bool output_has_steps(int k) const { return node(outputs_[static_cast<std::size_t>(k)]).has_steps; }
  std::uint64_t seed() const { return seed_; }
  Tensor<T> theta() { return {theta_.data(), {graph_.theta_size()}}; }
  Tensor<T> state() { return {state_.data(), {graph_.state_size()}}; }

  // throws ShapeError, DataError unless there is one source of the right shape and sort for each input, all of equal
  // length; lengths (rows), or no data for sequences of full length, for inputs that take them
  void require_inputs(std::span<const Source> inputs, const Source& lengths = {}) const;
  // throws DataError unless tokens are in range, numbers finite where they count, 1 <= length <= T. Reads everything
  void require_values(std::span<const Source> inputs, const Source& lengths, const Poll& poll = {}) const;

  // Rows of a batch on their way into a plan. A batch of sequences is packed where there are lengths.
  class Loader;

  // outputs[k] (rows, ...) for all rows of the inputs, 0 where a sequence has ended; throws Interrupted
  void predict(std::span<const Source> inputs, const Source& lengths, std::span<T* const> outputs,
               const Poll& poll = {});

  // the streams begin anew: their state is as at first
  void reset_streams() { reset_streams(state_.data()); }

  // a plan for inference that nobody else uses now, of capacity min(n, kInferenceRows) or a little more
  class Lease;
  Lease borrow_plan(Index n, const std::vector<bool>& is_linear);

 private:
  const Node<T>& node(int id) const { return graph_.nodes()[static_cast<std::size_t>(id)]; }
  void reset_streams(T* state) const;

  Graph<T> graph_;
  std::vector<int> outputs_, inputs_;
  std::uint64_t seed_;
  Buffer<T> theta_, state_;
  struct IdlePlan {
    std::vector<bool> is_linear;
    std::unique_ptr<Plan<T>> plan;
    Buffer<T> state, next_state;  // of its own where batches go on from one another
  };
  std::mutex mutex_;
  std::vector<IdlePlan> idle_;
};

template <typename T>
class Network<T>::Loader {
 public:
  // ensures: the plan's batch is set, and its inputs hold those rows
  // throws DataError for a token out of range
  void load(const Network& network, std::span<const Source> inputs, const Source& lengths, std::span<const Index> rows,
            Plan<T>& plan);
  // the rows of the examples as a packed batch has them, by rank; else as they were given
  std::span<const Index> ranked() const { return ranked_; }

 private:
  std::vector<Index> lengths_, ranked_;
};

// Gives the plan back when it goes.
template <typename T>
class Network<T>::Lease {
 public:
  // ensures: streams begin at their first state
  Lease(Network& network, IdlePlan plan);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Plan<T>& operator*() { return *plan_.plan; }
  Plan<T>* operator->() { return plan_.plan.get(); }
  // The next batch goes on where this one ended. requires: forward ran
  void advance();

 private:
  Network& network_;
  IdlePlan plan_;
};

// rows of a batch in inference: enough for full speed, few enough to stay in the cache
inline constexpr Index kInferenceRows = 256;

}  // namespace nncpp
