// Axes of a sample as callers count them: from 0, or from -1 at the end.
#pragma once

#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

inline std::size_t axis_of(Index axis, std::size_t rank) {
  const auto count = static_cast<Index>(rank);
  if (axis < -count || axis >= count)
    throw ShapeError(text("expected an axis among ", -count, " ... ", count - 1, " of a sample, got ", axis));
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

inline std::vector<std::size_t> different_axes(const std::vector<Index>& axes, std::size_t rank) {
  std::vector<std::size_t> result;
  std::vector<bool> is_taken(rank, false);
  for (const Index axis : axes) {
    result.push_back(axis_of(axis, rank));
    if (is_taken[result.back()]) throw ShapeError(text("expected each axis once, got ", axis, " again"));
    is_taken[result.back()] = true;
  }
  return result;
}

}  // namespace nncpp
