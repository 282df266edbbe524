// Penalties on single segments of theta: l1 sum |w| + l2/2 sum w^2, gradient l1 sign(w) + l2 w, with sign(0) = 0.
// Added to the objective after backward; they never see a batch. Goodfellow, Bengio, Courville, Deep Learning, 7.1.
#pragma once

#include <span>

#include "nncpp/dual.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

struct Penalty {
  Index offset = 0, size = 0;  // elements of theta
  double l1 = 0, l2 = 0;
};

// the sum of all penalties; their gradients are added to dtheta unless it is null
template <typename T>
Wide<T> add_penalties(std::span<const Penalty> penalties, const T* theta, T* dtheta);

}  // namespace nncpp
