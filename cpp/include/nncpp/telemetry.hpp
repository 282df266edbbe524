// Telemetry: what goes on inside the layers in every so many steps. A step that is recorded has the bits it would have
// without; it runs on a plan that keeps its values (Objective::Keep::kValues).
#pragma once

#include <array>
#include <limits>

#include "nncpp/objective.hpp"

namespace nncpp {

// Of one layer in one step; NaN where a quantity does not apply. With theta all its parameters as one vector:
struct LayerRecord {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  double update_ratio = kNone;    // |theta after - theta before| / |theta before|, infinite where that was 0
  double parameter_norm = kNone;  // |theta before|
  double gradient_norm = kNone;   // |dJ/dtheta| with penalties, before clipping
  // of v in training, over the rows of the batch; where the loss takes the activation over, v = f(z) is computed here
  double mean = kNone, deviation = kNone;  // over all numbers
  double dead = kNone;       // fraction of units (places on the last axis) that are 0 in every row, see can_die
  double saturated = kNone;  // fraction of numbers near a limit, see saturation
};

// Is the slope 0 where v is 0? Then a unit that is 0 in every row learns nothing.
bool can_die(Activation activation);

// v is near a limit where |v - center| >= distance: within 2.5 % of the range from it; hard_tanh: at it.
// The slope of sigmoid and tanh is less than a tenth of the steepest there [Glorot, Bengio 2010 on saturation].
struct Saturation {
  double center, distance;
};
// distance infinite for an activation without two limits
Saturation saturation(Activation activation);

template <typename T>
class Telemetry {
 public:
  // throws DataError unless every >= 1
  Telemetry(Objective<T>& objective, Index every);

  const std::vector<std::string>& layers() const { return names_; }  // each once, in the order of the graph
  bool is_due(Index t) const { return t % every_ == 0; }

  // Room for the records of so many steps: recording them asks for no memory.
  void reserve(Index steps);

  // The two halves of a record. requires: plan keeps its values and has run backward; dtheta is whole, not clipped
  void begin(const Plan<T>& plan, const T* theta, const T* dtheta);
  void end(Index t, const T* theta);

  // by step; and by step, then layer
  const std::vector<Index>& steps() const { return steps_; }
  const std::vector<LayerRecord>& records() const { return records_; }
  void clear();

 private:
  struct Member {  // a layer
    const Layer<T>* layer;
    std::vector<int> nodes;    // its places
    Index begin = 0, end = 0;  // of its parameters in theta, with their padding, which is 0
  };
  void measure_output(const Member& member, const Plan<T>& plan, LayerRecord& record);
  Tensor<const T> output(const Plan<T>& plan, int node);

  Index every_;
  std::vector<std::string> names_;
  std::vector<Member> members_;
  std::vector<bool> is_linear_;    // by node
  std::vector<LayerRecord> next_;  // that of the step under way, by layer
  Buffer<T> theta_, values_;       // before the step; v of an output that is z in the plan
  std::vector<Index> steps_;
  std::vector<LayerRecord> records_;
};

}  // namespace nncpp
