// Sources over arrays that tests own.
#pragma once

#include <type_traits>

#include "nncpp/source.hpp"

namespace nncpp::testing {

template <typename E>
constexpr ElementType element_type() {
  if constexpr (std::is_same_v<E, bool>) return ElementType::kBool;
  if constexpr (std::is_same_v<E, std::int8_t>) return ElementType::kInt8;
  if constexpr (std::is_same_v<E, std::int16_t>) return ElementType::kInt16;
  if constexpr (std::is_same_v<E, std::int32_t>) return ElementType::kInt32;
  if constexpr (std::is_same_v<E, std::int64_t>) return ElementType::kInt64;
  if constexpr (std::is_same_v<E, std::uint8_t>) return ElementType::kUint8;
  if constexpr (std::is_same_v<E, std::uint16_t>) return ElementType::kUint16;
  if constexpr (std::is_same_v<E, std::uint32_t>) return ElementType::kUint32;
  if constexpr (std::is_same_v<E, std::uint64_t>) return ElementType::kUint64;
  if constexpr (std::is_same_v<E, float>) return ElementType::kFloat32;
  if constexpr (std::is_same_v<E, double>) return ElementType::kFloat64;
}

// rows of `sample` in row-major order
template <typename E>
Source source(const E* data, Index rows, const Shape& sample, std::string name = "x") {
  Source result;
  result.data = reinterpret_cast<const std::byte*>(data);
  result.type = element_type<E>();
  result.rows = rows;
  result.sample = sample;
  result.name = std::move(name);
  Index stride = sizeof(E);
  for (std::size_t axis = sample.rank(); axis-- > 0;) {
    result.strides[axis] = stride;
    stride *= sample[axis];
  }
  result.row_stride = stride;
  return result;
}

}  // namespace nncpp::testing
