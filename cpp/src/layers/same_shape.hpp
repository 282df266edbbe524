// What layers of one input and an output of the same shape have in common.
#pragma once

#include "nncpp/error.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

inline Shape same_shape(std::span<const Shape> inputs) {
  if (inputs.size() != 1) throw ShapeError(text("expected 1 input, got ", inputs.size()));
  return inputs[0];
}

}  // namespace nncpp
