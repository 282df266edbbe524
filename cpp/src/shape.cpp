#include "nncpp/shape.hpp"

#include <algorithm>

#include "nncpp/error.hpp"

namespace nncpp {

Shape::Shape(std::span<const Index> axes) : rank_(axes.size()) {
  if (rank_ > kMaxRank) throw ShapeError(text("expected at most ", kMaxRank, " axes, got ", rank_));
  for (std::size_t i = 0; i < rank_; ++i) {
    if (axes[i] < 0) throw ShapeError(text("expected axes of length 0 or more, got ", axes[i]));
    axes_[i] = axes[i];
  }
}

bool Shape::operator==(const Shape& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

Shape Shape::batch(Index n) const {
  if (rank_ == kMaxRank) throw ShapeError(text("expected at most ", kMaxRank - 1, " axes a sample, got ", rank_));
  Shape result;
  result.rank_ = rank_ + 1;
  result.axes_[0] = n;
  std::copy(begin(), end(), result.axes_.begin() + 1);
  return result;
}

Index numel(const Shape& shape) {
  Index product = 1;
  for (const Index axis : shape) {
    if (axis != 0 && product > kMostElements / axis)
      throw ShapeError(text("expected at most 2^40 elements, got shape ", to_string(shape)));
    product *= axis;
  }
  return product;
}

std::string to_string(const Shape& shape, bool batch) {
  std::string out = batch ? "(N" : "(";
  bool first = !batch;
  for (const Index axis : shape) {
    if (!first) out += ", ";
    out += std::to_string(axis);
    first = false;
  }
  if (!batch && shape.rank() == 1) out += ",";
  return out + ")";
}

}  // namespace nncpp
