// Source: somebody's array as it lies in memory, any element type, any stride. Rows are gathered by index and converted
// on the way; the array itself is never copied or reordered.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nncpp/picks.hpp"
#include "nncpp/poll.hpp"
#include "nncpp/sequences.hpp"
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
  // Rows of a sparse matrix instead: entries begins[r] ... begins[r + 1] - 1 of `columns` and of data, which is then
  // one number for each of so many entries.
  const Index *begins = nullptr, *columns = nullptr;
  Index num_entries = 0;

  bool is_integer() const { return type < ElementType::kFloat16; }
  bool is_sparse() const { return begins != nullptr; }
  // Of rows that are sequences, (rows, T, ...): step t of all rows, and the first `length` steps of row r as rows.
  Source step(Index t) const;
  Source sequence(Index r, Index length) const;
};

// to (rows.size(), sample): the rows of that index times `scale`, as T (float, double or Dual), or as they are for an
// Index; throws TypeError for dual numbers that are to be another T. requires: 0 <= index < source.rows
template <typename T>
void gather(const Source& source, std::span<const Index> rows, T* to, double scale = 1);
template <>
void gather(const Source& source, std::span<const Index> rows, Dual* to, double scale);

// The same for sequences of these lengths: `rows` are by rank, to is packed (P, ...), as `sequences` says.
template <typename T>
void gather(const Source& source, std::span<const Index> rows, const Sequences& sequences, T* to, double scale = 1);

// the rows of a sparse source, values times nothing. throws DataError for entries or columns that are out of range
template <typename T>
void gather(const Source& source, std::span<const Index> rows, Picks<T>& picks);

// throws DataError "x: expected tokens 0 ... 99, got 100 in row 3"
void require_tokens(const Source& source, Index bound);
// throws DataError unless begins and columns of a sparse source are in order, and columns ascend in each row
void require_sparse(const Source& source);

// throws DataError "x: expected finite numbers, got NaN or infinity in row 3; ...": finite as gather gives them
// throws Interrupted
template <typename T>
void require_finite(const Source& source, const Poll& poll = {}, double scale = 1);

// the same for rows that were gathered, (rows, columns), from row first_row on; of sparse rows: for entries, (., 1)
template <typename T>
void require_finite(const T* values, Index rows, Index columns, const Source& source, Index first_row);

}  // namespace nncpp
