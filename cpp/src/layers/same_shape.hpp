// What layers of one input and an output of the same shape have in common.
#pragma once

#include "require_inputs.hpp"

namespace nncpp {

inline Shape same_shape(std::span<const Shape> inputs) {
  require_inputs(inputs, 1);
  return inputs[0];
}

// the same for layers of columns, (N, D)
inline Shape same_columns(std::span<const Shape> inputs) {
  if (same_shape(inputs).rank() != 1) throw ShapeError(text("expected input (N, D), got ", to_string(inputs[0], true)));
  return inputs[0];
}

// (N, ..., D), with something for each of D columns
inline Shape same_shape_with_columns(std::span<const Shape> inputs) {
  if (same_shape(inputs).rank() == 0) throw ShapeError("expected input (N, ..., D), got (N)");
  return inputs[0];
}

}  // namespace nncpp
