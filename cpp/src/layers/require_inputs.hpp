// How many inputs a layer takes.
#pragma once

#include <span>

#include "nncpp/error.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

inline void require_inputs(std::span<const Shape> inputs, std::size_t count) {
  if (inputs.size() != count)
    throw ShapeError(text("expected ", count, count == 1 ? " input, got " : " inputs, got ", inputs.size()));
}

}  // namespace nncpp
