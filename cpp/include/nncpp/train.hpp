// Training: a run of steps over rows in a given order. Python (or any caller) owns epochs; a run owns steps.
#pragma once

#include <atomic>

#include "nncpp/constraint.hpp"
#include "nncpp/loss.hpp"
#include "nncpp/network.hpp"
#include "nncpp/optimizer.hpp"
#include "nncpp/regularizer.hpp"

namespace nncpp {

// Inputs, targets (one for each loss that takes one) and weights of rows, all of equal length.
struct Examples {
  std::vector<Source> inputs, targets;
  Source weights;  // (rows), or no data for ones
  Index rows() const { return inputs.front().rows; }
};

// Which steps to take, and when to come back early.
struct RunOptions {
  std::span<const Index> order;  // rows in the order of the epoch
  Index first = 0;               // position in it where the run starts
  Index batch_size = 32;         // the last batch may be smaller
  Index max_steps = 1;
  double seconds = 1e9;           // no further step is started after this long
  std::span<const double> rates;  // learning rate of each step of the run
};

// What an epoch has added up. A run goes on from the totals of the run before it, adding step by step, so that the
// sums do not depend on where an epoch was cut into runs.
struct RunResult {
  Index steps = 0, rows = 0;
  std::vector<LossSums> sums;  // by loss
  double penalty = 0;          // sum over steps, each as it stood before the step
  bool has_diverged = false;   // a loss or the gradient's norm was not finite: that step was not taken
};

struct Objective {
  std::vector<LossSums> sums;  // by loss
  double penalty = 0;
  double value = 0;  // J = sum of loss_weight * mean loss, + penalty
};

template <typename T>
class Trainer {
 public:
  struct Options {
    std::vector<std::shared_ptr<const Loss<T>>> losses;  // each takes the next one or two outputs
    std::vector<double> loss_weights;                    // by loss
    std::shared_ptr<const Optimizer<T>> optimizer;
    std::vector<Penalty> penalties = {};
    std::vector<MaxNorm> constraints = {};
    std::vector<RateRange> rates = {};  // in their order; what they leave out moves at the rate itself
    Clipping clipping = {};
  };
  // throws DataError for a pair of output activation and loss that makes no sense, and for options that make none
  Trainer(std::shared_ptr<Network<T>> network, Options options);

  // throws ShapeError, DataError, unless every row can be used. Reads everything once; changes nothing.
  void require_valid(const Examples& examples, const Poll& poll = {}) const;
  // shapes and lengths only: what is cheap enough for every call
  void require_shapes(const Examples& examples) const;

  // requires: require_valid(examples) has passed; order in range
  // ensures: a run leaves theta at the end of a whole step, also when it throws (Interrupted, Error)
  RunResult run(const Examples& examples, const RunOptions& options, const Poll& poll = {}, RunResult totals = {});

  // one step on all rows as one batch, checked first; J as it was before the step, not finite if it was not taken
  Objective step(const Examples& examples, double rate, const Poll& poll = {});

  // J and its gradient on all rows as one batch; theta unchanged. dtheta (theta_size); dinputs by input, may be empty
  Objective gradient(const Examples& examples, Mode mode, T* dtheta, std::span<T* const> dinputs,
                     const Poll& poll = {});

  // sums over all rows, in inference
  Objective evaluate(const Examples& examples, const Poll& poll = {});

  std::vector<std::string> moment_names() const { return options_.optimizer->moment_names(); }
  OptimizerState<T>& optimizer_state() { return state_; }
  Network<T>& network() { return *network_; }
  ~Trainer();

 private:
  // A loss with the outputs it takes.
  struct Term {
    const Loss<T>* loss;
    double weight;
    int output;  // and the next one, where it compares two
    int target;  // which of the examples' targets; -1 where it compares two
    bool is_linear;
  };
  struct Batch;
  Term term(std::size_t k, int output, int target) const;
  Batch& batch(Index n, bool has_input_gradients);
  void load(const Examples& examples, std::span<const Index> rows, Plan<T>& plan, Batch& batch) const;
  void reserve(Batch& batch, Index n) const;
  void evaluate_losses(const Plan<T>& plan, Batch& batch, bool has_gradient) const;
  double mean_loss(const std::vector<LossSums>& sums) const;

  std::shared_ptr<Network<T>> network_;
  Options options_;
  std::vector<Term> terms_;
  std::vector<bool> is_linear_;  // by output
  Buffer<T> dtheta_, next_state_;
  OptimizerState<T> state_;
  std::vector<std::unique_ptr<Batch>> batches_;
  std::atomic_flag is_busy_;
};

}  // namespace nncpp
