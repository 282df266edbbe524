// Training: a run of steps over rows in a given order. Python (or any caller) owns epochs; a run owns steps.
#pragma once

#include "nncpp/constraint.hpp"
#include "nncpp/divergence.hpp"
#include "nncpp/optimizer.hpp"
#include "nncpp/telemetry.hpp"

namespace nncpp {

// Which steps to take, and when to come back early.
struct RunOptions {
  std::span<const Index> order;  // rows in the order of the epoch
  Index first = 0;               // position in it where the run starts
  Index batch_size = 32;         // the last batch may be smaller
  Index max_steps = 1;
  double seconds = 1e9;           // no further step is started after this long
  std::span<const double> rates;  // learning rate of each step of the run
  std::uint32_t epoch = 0;        // of the model's life
};

// What an epoch has added up. A run goes on from the totals of the run before it, adding step by step, so that the
// sums do not depend on where an epoch was cut into runs.
struct RunResult {
  Index steps = 0, rows = 0;
  std::vector<LossSums> sums;  // by loss
  double penalty = 0;          // sum over steps, each as it stood before the step
  bool has_diverged = false;   // J or the gradient's norm was not finite: that step was not taken
};

template <typename T>
class Trainer {
 public:
  struct Options {
    std::shared_ptr<const Optimizer<T>> optimizer;
    std::vector<MaxNorm> constraints = {};
    std::vector<RateRange> rates = {};  // in their order; what they leave out moves at the rate itself
    Clipping clipping = {};
  };
  // throws DataError for options that make no sense
  Trainer(std::shared_ptr<Objective<T>> objective, Options options);

  // requires: objective().require_valid(examples) has passed; order in range
  // ensures: a run leaves theta at the end of a whole step, also when it throws (Interrupted, Error); telemetry, unless
  // it is null, has a record of each step taken that is due, by the optimizer's t after it
  RunResult run(const Examples& examples, const RunOptions& options, const Poll& poll = {}, RunResult totals = {},
                Telemetry<T>* telemetry = nullptr);

  // one step on all rows as one batch, checked first; J as it was before the step, not finite if it was not taken
  ObjectiveValue step(const Examples& examples, double rate, const Poll& poll = {});

  // Brings every row of row-sparse parameters to the last step, before somebody looks at theta between runs. A run does
  // it only for the rows it reads, so the bits of what comes may depend on when it was done. While a run is under way
  // in another thread nothing is done.
  void settle() {
    if (!objective_->is_occupied()) options_.optimizer->settle(state_, network().theta().data);
  }

  // of the last step that was not taken because something in it was not finite
  const std::optional<Divergence>& divergence() const { return divergence_; }

  std::vector<std::string> moment_names() const { return options_.optimizer->moment_names(); }
  OptimizerState<T>& optimizer_state() { return state_; }
  Objective<T>& objective() { return *objective_; }
  Network<T>& network() { return objective_->network(); }

 private:
  using Draw = typename Objective<T>::Draw;
  double fastest() const;  // the largest factor of the rate
  bool is_constrained(const Segment& segment) const;
  void load(typename Objective<T>::Batch& batch, const Examples& examples, std::span<const Index> rows);
  Divergence diagnose(const Examples& examples, std::span<const Index> rows, const Draw& draw, double rate,
                      const Poll& poll);

  std::shared_ptr<Objective<T>> objective_;
  Options options_;
  OptimizerState<T> state_;
  std::vector<std::size_t> row_sparse_;          // segments, by piece of the state
  std::vector<std::span<const Index>> touched_;  // by piece: the rows of the batch under way
  std::optional<Divergence> divergence_;
};

}  // namespace nncpp
