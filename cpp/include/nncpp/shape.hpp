// Shape: the lengths of an array's axes, and the one place that multiplies them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>

namespace nncpp {

using Index = std::int64_t;

class Shape {
 public:
  static constexpr std::size_t kMaxRank = 6;

  Shape() = default;
  Shape(std::initializer_list<Index> axes) : Shape(std::span<const Index>(axes.begin(), axes.size())) {}
  // requires: rank <= kMaxRank, every axis >= 0; throws ShapeError
  explicit Shape(std::span<const Index> axes);

  std::size_t rank() const { return rank_; }
  Index operator[](std::size_t axis) const { return axes_[axis]; }
  Index back() const { return axes_[rank_ - 1]; }
  const Index* begin() const { return axes_.data(); }
  const Index* end() const { return axes_.data() + rank_; }
  bool operator==(const Shape& other) const;

  // (D, ...) -> (n, D, ...): the shape of a batch of such samples
  Shape batch(Index n) const;
  // the other way round. requires: an axis
  Shape sample() const { return Shape(std::span<const Index>(begin() + 1, rank_ - 1)); }

 private:
  std::array<Index, kMaxRank> axes_{};
  std::size_t rank_ = 0;
};

// More than any machine holds, and few enough that sums and products of a few sizes never overflow.
inline constexpr Index kMostElements = Index{1} << 40;

// product of the axes; 1 for the empty shape; throws ShapeError beyond kMostElements
Index numel(const Shape& shape);

// "(3, 4)"; with batch = true the shape of a batch of such samples, "(N, 3, 4)"
std::string to_string(const Shape& shape, bool batch = false);

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << to_string(shape); }

}  // namespace nncpp
