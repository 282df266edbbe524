// Lengths cut into pieces.
#pragma once

#include <algorithm>

#include "nncpp/shape.hpp"

namespace nncpp {

// `size` in equal pieces of at most `most`: 64 rows by 24 would be 24 + 24 + 16, here 22 + 21 + 21
struct Pieces {
  Index size, count;
  Pieces(Index size_, Index most) : size(size_), count((size_ + most - 1) / most) {}
  Index begin(Index i) const { return i * (size / count) + std::min(i, size % count); }
};

}  // namespace nncpp
