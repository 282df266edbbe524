// Source: somebody's array as it lies in memory, any element type, any stride. Rows are gathered by index and converted
// on the way; the array itself is never copied or reordered.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nncpp/poll.hpp"
#include "nncpp/tensor.hpp"

namespace nncpp {

enum class ElementType {
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kFloat16,
  kFloat32,
  kFloat64,
  kDual
};

struct Source {
  const std::byte* data = nullptr;
  ElementType type = ElementType::kFloat32;
  Index rows = 0;
  Shape sample;                                  // shape of one row
  Index row_stride = 0;                          // bytes; may be negative or 0
  std::array<Index, Shape::kMaxRank> strides{};  // bytes, by axis of the sample
  std::string name;                              // "x", for messages

  bool is_integer() const { return type < ElementType::kFloat16; }
};

// to (rows.size(), sample): the rows of that index times `scale`, as T (float, double or Dual), or as they are for an
// Index; throws TypeError for dual numbers that are to be another T. requires: 0 <= index < source.rows
template <typename T>
void gather(const Source& source, std::span<const Index> rows, T* to, double scale = 1);
template <>
void gather(const Source& source, std::span<const Index> rows, Dual* to, double scale);

// throws DataError "x: expected finite numbers, got NaN or infinity in row 3; ...": finite as gather gives them
// throws Interrupted
template <typename T>
void require_finite(const Source& source, const Poll& poll = {}, double scale = 1);

// the same for rows that were gathered: values (rows, columns), of which the first is row first_row of the source
template <typename T>
void require_finite(const T* values, Index rows, Index columns, const Source& source, Index first_row);

}  // namespace nncpp
