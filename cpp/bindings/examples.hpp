// Examples from NumPy arrays.
#pragma once

#include "nncpp/objective.hpp"
#include "numpy.hpp"

namespace nncpp::python {

using Inputs = std::vector<py::object>;  // arrays, and sparse matrices
using Arrays = std::vector<py::array>;
using MaybeArray = std::optional<py::array>;

inline Source lengths_of(const MaybeArray& lengths) { return lengths ? source_of(*lengths, "lengths") : Source{}; }

// requires: the arrays outlive the examples
inline Examples examples_of(const Inputs& inputs, const Arrays& targets, const MaybeArray& weights,
                            const MaybeArray& lengths) {
  Examples examples{sources_of(inputs, "x"), sources_of(targets, "y"), {}, lengths_of(lengths)};
  if (weights) examples.weights = source_of(*weights, "sample_weight");
  return examples;
}

inline Mode mode_of(bool training) { return training ? Mode::kTraining : Mode::kInference; }

}  // namespace nncpp::python
