// What layers of K units that see the last axis have in common.
#pragma once

#include <span>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

// (N, ..., D) -> (N, ..., K)
inline Shape with_last_axis(std::span<const Shape> inputs, Index units) {
  if (inputs.size() != 1) throw ShapeError(text("expected 1 input, got ", inputs.size()));
  if (inputs[0].rank() == 0) throw ShapeError("expected input (N, ..., D), got (N)");
  std::vector<Index> axes(inputs[0].begin(), inputs[0].end());
  axes.back() = units;
  return Shape(axes);
}

}  // namespace nncpp
