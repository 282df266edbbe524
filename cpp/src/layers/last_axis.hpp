// What layers of K units that see the last axis have in common.
#pragma once

#include <vector>

#include "same_shape.hpp"

namespace nncpp {

// (N, ..., D) -> (N, ..., K)
inline Shape with_last_axis(std::span<const Shape> inputs, Index units) {
  const Shape input = same_shape_with_columns(inputs);
  std::vector<Index> axes(input.begin(), input.end());
  axes.back() = units;
  return Shape(axes);
}

}  // namespace nncpp
