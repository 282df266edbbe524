// Objective: J = sum of loss_weight * mean loss over the rows, + penalties, of a network on examples; its value and its
// gradient. Who minimizes it is not its business.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "nncpp/loss.hpp"
#include "nncpp/network.hpp"
#include "nncpp/regularizer.hpp"

namespace nncpp {

// Inputs, targets (one for each loss that takes one) and weights of rows, all of equal length.
struct Examples {
  std::vector<Source> inputs, targets;
  Source weights;       // (rows), or no data for ones
  Source lengths = {};  // (rows), or no data for sequences of full length
  // 1 for a graph without inputs: arrays alone
  Index rows() const { return inputs.empty() ? 1 : inputs.front().rows; }
};

struct ObjectiveValue {
  std::vector<LossSums> sums;  // by loss
  double penalty = 0;
  double value = 0;                          // J
  double loss_slope = 0, penalty_slope = 0;  // of its parts, in dual numbers
};

template <typename T>
class Objective {
 public:
  struct Options {
    std::vector<std::shared_ptr<const Loss<T>>> losses;  // each takes the next one or two outputs
    std::vector<double> loss_weights;                    // by loss
    std::vector<Penalty> penalties = {};
  };
  // throws DataError for a pair of output activation and loss that makes no sense
  Objective(std::shared_ptr<Network<T>> network, Options options);

  // throws ShapeError, DataError, unless every row can be used. Reads everything once; changes nothing.
  void require_valid(const Examples& examples, const Poll& poll = {}) const;
  // shapes and lengths only: what is cheap enough for every call
  void require_shapes(const Examples& examples) const;

  // How J is computed: which mode, and which of its random numbers.
  struct Draw {
    Mode mode = Mode::kInference;
    std::uint32_t step = 0;
    std::uint32_t epoch = 0;
  };
  // J and its gradient on all rows as one batch; theta unchanged. dtheta (theta_size); dinputs by input, may be empty:
  // by what comes in, before it is scaled; null for an input of tokens or sparse rows
  ObjectiveValue gradient(const Examples& examples, const Draw& draw, T* dtheta, std::span<T* const> dinputs,
                          const Poll& poll = {});

  // The same, and afterwards look(plan), with what every node gave and the gradient it got, inputs and constants too.
  // The output of a node whose activation a loss takes over is z there; that of an input is scaled.
  using Look = std::function<void(const Plan<T>& plan)>;
  ObjectiveValue inspect(const Examples& examples, const Draw& draw, T* dtheta, const Look& look,
                         const Poll& poll = {});

  // sums over all rows, in inference
  ObjectiveValue evaluate(const Examples& examples, const Poll& poll = {});

  // sum of loss_weight * mean loss
  double mean_loss(const std::vector<LossSums>& sums) const { return mean(sums, &LossSums::loss); }

  // --- one batch at a time, for who takes steps ---

  // One thread at a time: the buffers of a batch belong to the call that goes on. throws Error if another one does
  class Occupied;
  bool is_occupied() const { return is_busy_.test(std::memory_order_acquire); }

  // What is still there after backward: kValues: what every node gave, and its gradient if it has one; kEverything: the
  // gradients of inputs and constants too.
  enum class Keep { kNothing, kInputGradients, kValues, kEverything };
  // A plan with room for n rows, and the targets beside it.
  struct Batch;
  // throws nothing but bad_alloc. A batch of before may be given again, or freed, but not the one that was given last
  Batch& batch(Index n, Keep keep);
  Plan<T>& plan(Batch& batch) const;
  const std::vector<LossSums>& sums(const Batch& batch) const;

  // requires: require_valid(examples) has passed, rows in range; throws DataError if labels have changed since
  // ensures: the batch holds the rows; returns which rows of row-sparse segments they touch
  const std::vector<TouchedRows>& load(Batch& batch, const Examples& examples, std::span<const Index> rows);
  // requires: load ran. ensures: sums(batch) are those of the rows; returns their mean loss
  double forward(Batch& batch, const Draw& draw, const Poll& poll);
  // of loss k for each row alone, or for each step of packed ones, unweighted; requires: forward ran, and the loss's
  // output has rows
  std::vector<double> row_losses(const Batch& batch, std::size_t k) const;
  // requires: forward ran. ensures: dtheta() is the gradient of J; returns the penalty
  Wide<T> backward(Batch& batch, const Draw& draw, const Poll& poll);

  Tensor<T> dtheta() { return {dtheta_.data(), {dtheta_.size()}}; }
  // Segments whose gradient is 0 but in the rows that the last load touched: those with a penalty are not among them.
  const std::vector<std::size_t>& row_sparse() const { return row_sparse_; }
  // what the state becomes if the step is taken
  Tensor<T> next_state() { return {next_state_.data(), {next_state_.size()}}; }
  std::size_t num_losses() const { return terms_.size(); }
  const Options& options() const { return options_; }
  const std::vector<bool>& is_linear() const { return is_linear_; }  // by output: a loss takes its activation over
  Network<T>& network() { return *network_; }
  ~Objective();

 private:
  // A loss with the outputs it takes.
  struct Term {
    const Loss<T>* loss;
    double weight;
    int output;  // and the next one, where it compares two
    int target;  // which of the examples' targets; -1 where it takes none
    bool is_linear;
  };
  ObjectiveValue differentiate(const Examples& examples, const Draw& draw, Keep keep, T* dtheta, const Look& look,
                               const Poll& poll);
  double mean(const std::vector<LossSums>& sums, double LossSums::* part) const;
  ObjectiveValue value(std::vector<LossSums> sums, Wide<T> penalty) const;
  Term term(std::size_t k, int output, int target) const;
  Pass pass(const Batch& batch, const Draw& draw) const;
  void load(const Examples& examples, std::span<const Index> rows, Plan<T>& plan, Batch& batch) const;
  void load_target(std::size_t k, const Source& y, std::span<const Index> rows, const Plan<T>& plan,
                   Batch& batch) const;
  bool is_row_sparse(const Segment& segment) const;
  void clear_row_sparse(const Batch& batch);
  const Node<T>& output_node(int output) const;
  void reserve(Batch& batch, Index n) const;
  void evaluate_losses(const Plan<T>& plan, Batch& batch, bool has_gradient) const;

  std::shared_ptr<Network<T>> network_;
  Options options_;
  std::vector<Term> terms_;
  std::vector<bool> is_linear_;  // by output
  Buffer<T> dtheta_, next_state_;
  std::vector<std::size_t> row_sparse_;
  std::vector<TouchedRows> written_;  // what of row-sparse gradients is not 0 now
  std::vector<std::unique_ptr<Batch>> batches_;
  std::atomic_flag is_busy_;
};

template <typename T>
class Objective<T>::Occupied {
 public:
  explicit Occupied(Objective& objective);
  ~Occupied() { flag_.clear(std::memory_order_release); }
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;

 private:
  std::atomic_flag& flag_;
};

}  // namespace nncpp
