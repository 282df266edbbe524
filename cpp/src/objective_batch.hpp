// What an objective holds of one batch: for the files that fill it, and that compute with it.
#pragma once

#include "nncpp/objective.hpp"

namespace nncpp {

// Does y stand for classes: one label for each row of the output?
template <typename T>
bool has_labels(const Loss<T>& loss, const Source& y, const Shape& output) {
  return loss.takes_labels() && numel(y.sample) * output.back() == numel(output);
}

// A training plan and the targets beside it. `targets` and `weights` also serve evaluation.
template <typename T>
struct Objective<T>::Batch {
  std::unique_ptr<Plan<T>> plan;
  Keep keep = Keep::kNothing;
  std::vector<Buffer<T>> values;      // by loss (capacity, ...)
  std::vector<Buffer<Index>> labels;  // by loss (capacity, ...)
  std::vector<Target<T>> targets;     // by loss: which of the two holds
  std::vector<Buffer<T>> weights;     // by loss (capacity), or (capacity T) where its output has steps
  bool has_weights = false;
  std::vector<Index> rows;
  typename Network<T>::Loader loader;
  std::vector<LossSums> sums;
};

}  // namespace nncpp
