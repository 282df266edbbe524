// Max norm: after each step the incoming weights of a unit are projected onto the ball of radius limit,
// w_j = w_j min(1, limit / |w_j|_2). Srebro, Shraibman 2005; with dropout: Srivastava et al., JMLR 15, 2014.
#pragma once

#include <span>

#include "nncpp/shape.hpp"

namespace nncpp {

// A piece of theta as a matrix (rows, columns): a unit's weights are a column.
struct MaxNorm {
  Index offset = 0, rows = 0, columns = 0;
  double limit = 0;
};

// ensures: every column's norm is at most its limit, to rounding; a column that is within it keeps its bits
template <typename T>
void project(std::span<const MaxNorm> constraints, T* theta);

}  // namespace nncpp
