// Plan: one graph, one batch capacity, one purpose. Shapes, offsets and lifetimes are worked out once; a pass then
// only calls layers. A smaller batch uses the front of the same buffers.
#pragma once

#include "nncpp/graph.hpp"
#include "nncpp/poll.hpp"

namespace nncpp {

// The vectors that a plan works on; dtheta is null when it only predicts.
template <typename T>
struct Vectors {
  const T* theta = nullptr;
  const T* state = nullptr;
  T* next_state = nullptr;
  T* dtheta = nullptr;
};

// What differs from pass to pass.
struct Pass {
  Index n = 0;
  Mode mode = Mode::kInference;
  std::uint64_t seed = 0;
  std::uint32_t step = 0;
  Rows rows = {};
};

// The rows of a row-sparse segment that a batch picks, ascending: all that its gradient may be other than 0 in.
struct TouchedRows {
  std::size_t segment = 0;
  std::vector<Index> rows;
};

template <typename T>
class Plan {
 public:
  struct Options {
    Index capacity = 1;
    bool has_backward = false;
    bool has_input_gradients = false;  // of constants too
    bool keeps_values = false;         // value() and gradient() of every node are still there after backward
    std::vector<int> outputs;          // node ids
    std::vector<bool> is_linear;       // by output: the loss takes its activation over
  };
  // requires: graph outlives the plan
  Plan(const Graph<T>& graph, const Options& options, const Vectors<T>& vectors);
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  // requires: 1 <= n <= capacity. Slots of inputs are then (n, ...) and to be filled by the caller: tensors, or picks
  // where tokens or sparse rows come in.
  void set_batch(Index n);
  // one sequence for each length: slots with a time axis are then (1, P, ...), packed as sequences(i) says
  // requires: graph().require_lengths() has passed, 1 <= length <= T
  void set_batch(std::span<const Index> lengths);
  Tensor<T> input(int i) const;           // i-th input of the graph; no data where it takes picks
  Picks<T>* picks(int i);                 // null where it takes a tensor
  Tensor<T> input_gradient(int i) const;  // after backward; no data where it takes picks
  // how the rows of an input, or of an output, lie in its tensor; null without a time axis
  const Sequences* input_sequences(int i) const;
  const Sequences* output_sequences(int k) const;
  // before a forward that a backward follows: works out which rows of which segments all picks touch
  const std::vector<TouchedRows>& touch();
  const std::vector<TouchedRows>& touched() const { return touched_; }
  Tensor<const T> output(int k) const;     // k-th output, between forward and backward
  Tensor<T> output_gradient(int k) const;  // to be filled before backward
  // of any node, where the plan keeps them; a gradient that nothing wants has no data
  Tensor<const T> value(int node) const;
  Tensor<const T> gradient(int node) const;

  // throws Interrupted
  void forward(const Pass& pass, const Poll& poll = {});
  // ensures: every element of dtheta that belongs to a segment is written
  void backward(const Pass& pass, const Poll& poll = {});

  Index rows() const { return n_; }  // of the batch that was set
  Index capacity() const { return options_.capacity; }
  const Graph<T>& graph() const { return graph_; }
  Index arena_size() const { return arena_.size(); }  // elements: what the plan costs

  ~Plan();

 private:
  struct Step;      // one node with its buffers
  struct Lifetime;  // one buffer with the moments between which it is needed

  void make_inputs();
  void find_owners();
  bool is_view(const Step& step) const;
  void set_shapes();
  const Sequences* sequences_of(int node) const;
  std::vector<Lifetime> lifetimes();
  void connect();

  const Graph<T>& graph_;
  Options options_;
  Vectors<T> vectors_;
  Buffer<T> arena_;
  std::vector<Step> steps_;                            // by node
  std::vector<int> inputs_;                            // node ids
  std::vector<std::unique_ptr<Picks<T>>> picks_;       // by input; null where it takes a tensor
  std::vector<std::unique_ptr<Sequences>> sequences_;  // one for each number of steps
  std::vector<std::unique_ptr<Sequences>> whole_;      // of full length: what a layer reads where none came in
  std::vector<TouchedRows> touched_;                   // one for each row-sparse segment that is trained
  std::vector<Tensor<T>> unused_;                      // gradients that no layer writes, because no output needs them
  Index n_ = 0;
};

}  // namespace nncpp
