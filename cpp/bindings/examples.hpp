// Examples from NumPy arrays.
#pragma once

#include "nncpp/objective.hpp"
#include "numpy.hpp"

namespace nncpp::python {

using Arrays = std::vector<py::array>;
using MaybeArray = std::optional<py::array>;

// requires: the arrays outlive the examples
inline Examples examples_of(const Arrays& inputs, const Arrays& targets, const MaybeArray& weights) {
  Examples examples{sources_of(inputs, "x"), sources_of(targets, "y"), {}};
  if (weights) examples.weights = source_of(*weights, "sample_weight");
  return examples;
}

inline Mode mode_of(bool training) { return training ? Mode::kTraining : Mode::kInference; }

}  // namespace nncpp::python
