// Arrays that are read through strides: how operators broadcast, fold, permute and slice.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "nncpp/linalg.hpp"
#include "nncpp/parallel.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

// From one element along an axis to the next; 0 along an axis where the array repeats.
using Strides = std::array<Index, Shape::kMaxRank>;

// of an array as it lies in memory
inline Strides strides_of(const Shape& shape) {
  Strides strides{};
  Index stride = 1;
  for (std::size_t axis = shape.rank(); axis-- > 0; stride *= shape[axis]) strides[axis] = stride;
  return strides;
}

// K arrays that are read in one shape. Axes that lie one behind the other in all of them are taken for one.
template <std::size_t K>
class Walk {
 public:
  Walk(const Shape& shape, const std::array<Strides, K>& strides) {
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 1) continue;
      size_ *= shape[axis];
      bool continues = rank_ > 0;
      for (std::size_t k = 0; k < K; ++k)
        continues = continues && strides_[rank_ - 1][k] == shape[axis] * strides[k][axis];
      if (!continues) length_[rank_++] = 1;
      length_[rank_ - 1] *= shape[axis];
      for (std::size_t k = 0; k < K; ++k) strides_[rank_ - 1][k] = strides[k][axis];
    }
    if (rank_ == 0) length_[rank_++] = 1;
  }

  Index size() const { return size_; }
  // from one element of a run to the next, by array
  const std::array<Index, K>& steps() const { return strides_[rank_ - 1]; }

  // f(at, length, offsets) for runs that cover [begin, end): elements at ... at + length - 1 of the shape, the first of
  // which is element offsets[k] of array k
  template <typename F>
  void for_runs(Index begin, Index end, F&& f) const {
    for (Index at = begin; at < end;) {
      std::array<Index, K> offsets{};
      Index rest = at;
      for (std::size_t axis = rank_; axis-- > 0; rest /= length_[axis])
        for (std::size_t k = 0; k < K; ++k) offsets[k] += rest % length_[axis] * strides_[axis][k];
      const Index length = std::min(length_[rank_ - 1] - at % length_[rank_ - 1], end - at);
      f(at, length, offsets);
      at += length;
    }
  }

 private:
  std::size_t rank_ = 0;
  Index size_ = 1;
  std::array<Index, Shape::kMaxRank> length_{};
  std::array<std::array<Index, K>, Shape::kMaxRank> strides_{};
};

// The axes of K arrays in two parts: those that stay, and those that are folded: summed, or searched for the largest.
template <std::size_t K>
struct Fold {
  Walk<K> kept, folded;

  // folds the axes of `shape` where `result`, of the same rank, is 1
  Fold(const Shape& shape, const std::array<Strides, K>& strides, const Shape& result)
      : kept(part(shape, result, false), strides), folded(part(shape, result, true), strides) {}

 private:
  static Shape part(const Shape& shape, const Shape& result, bool is_folded) {
    std::array<Index, Shape::kMaxRank> axes{};
    for (std::size_t i = 0; i < shape.rank(); ++i) axes[i] = (result[i] == 1) == is_folded ? shape[i] : 1;
    return Shape(std::span<const Index>(axes.data(), shape.rank()));
  }
};

// to (row-major) = or += factor * from, read by the walk
template <typename T>
void read(const Walk<1>& walk, const T* from, T* to, Write write, T factor = T(1)) {
  const bool adds = write == Write::kAdd;
  parallel_blocks(walk.size(), 1.0, [&](Index begin, Index end) {
    walk.for_runs(begin, end, [&](Index at, Index length, const std::array<Index, 1>& offsets) {
      const T* x = from + offsets[0];
      T* y = to + at;
      const Index step = walk.steps()[0];
      for (Index i = 0; i < length; ++i) y[i] = adds ? y[i] + factor * x[i * step] : factor * x[i * step];
    });
  });
}

// the reverse: where the walk reads, to = or += from (row-major). requires: it reads no element twice
template <typename T>
void write_back(const Walk<1>& walk, const T* from, T* to, Write write) {
  const bool adds = write == Write::kAdd;
  parallel_blocks(walk.size(), 1.0, [&](Index begin, Index end) {
    walk.for_runs(begin, end, [&](Index at, Index length, const std::array<Index, 1>& offsets) {
      const T* x = from + at;
      T* y = to + offsets[0];
      const Index step = walk.steps()[0];
      for (Index i = 0; i < length; ++i) y[i * step] = adds ? y[i * step] + x[i] : x[i];
    });
  });
}

// to (result) = or += sums of from (shape) over the axes where result, of the same rank, is 1. Every sum has one order,
// which depends on the shapes only, and halves what it adds up: its error grows with the logarithm of its length.
template <typename T>
void sum_to(const T* from, const Shape& shape, T* to, const Shape& result, Write write, T factor = T(1));

}  // namespace nncpp
