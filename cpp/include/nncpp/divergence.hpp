// Divergence: where in a step the first number arises that is not finite. Nothing here runs in a step that is good.
#pragma once

#include <limits>
#include <optional>

#include "nncpp/objective.hpp"

namespace nncpp {

struct Divergence {
  // kForward: of a parameter or an output; kLoss: of a mean, or of a penalty; kBackward: of a gradient;
  // kUpdate: all of these are finite, but the norm of the gradient or the rate times it is too large for T
  enum class Stage { kForward, kLoss, kBackward, kUpdate };
  Stage stage = Stage::kLoss;
  std::string layer;
  std::string tensor = "loss";  // "output", "weight", "gradient of weight", "gradient of the input", ...
  double value = std::numeric_limits<double>::infinity();  // the number, where one stands for it
  // of the examples: a few of those that it comes from; none where it comes from all, or from no single one
  std::vector<Index> rows = {};
  bool has_more_rows = false;
};

// What of a step by a gradient that is finite would be too large, "norm of the gradient" or "update"; empty if nothing.
// It may clip the gradient.
using TooLarge = std::function<std::string_view()>;

// A step on these rows with the same random numbers once more, everything it writes looked at in order; nothing where
// all is finite. Of a sum over rows, such as the gradient of a weight, those rows are named whose part alone is not
// finite. requires: the batch keeps values; the rest as Objective::forward. ensures: as Objective::backward
template <typename T>
std::optional<Divergence> find_divergence(Objective<T>& objective, typename Objective<T>::Batch& batch,
                                          const Examples& examples, std::span<const Index> rows,
                                          const typename Objective<T>::Draw& draw, const TooLarge& too_large,
                                          const Poll& poll);

// the same on all rows as one batch
// requires: require_valid(examples) has passed. throws Interrupted, Error
template <typename T>
std::optional<Divergence> find_divergence(Objective<T>& objective, const Examples& examples,
                                          const typename Objective<T>::Draw& draw, const Poll& poll = {});

// Of a gradient that is finite, but too large for a step: the layer with its largest element
template <typename T>
Divergence too_large(const Graph<T>& graph, const T* dtheta, std::string tensor);

}  // namespace nncpp
