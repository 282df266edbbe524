// Matrix products on row-major matrices: the only file that multiplies matrices.
// Every element of C is one sum over k = 0, 1, ... in blocks of kBlockK, whatever tile, thread or batch it falls
// in: a row of a large batch has the bits it would have alone.
#pragma once

#include "nncpp/dual.hpp"
#include "nncpp/shape.hpp"

namespace nncpp {

// A matrix as it lies in memory: element (i, j) of the operand is data[i * row_stride + j * column_stride].
// One of the strides is 1.
template <typename T>
struct Matrix {
  const T* data;
  Index rows, columns;
  Index row_stride, column_stride;
};

template <typename T>
Matrix<T> matrix(const T* data, Index rows, Index columns) {
  return {data, rows, columns, columns, 1};
}
// the transpose of a row-major (rows, columns) matrix, without moving anything
template <typename T>
Matrix<T> transposed(const T* data, Index rows, Index columns) {
  return {data, columns, rows, 1, columns};
}

enum class Write { kAssign, kAdd };

// C (M, N) = A (M, K) B (K, N) [+ bias (N) on every row], or C += A B; C row-major with leading dimension N.
// requires: A.columns == B.rows; bias only with kAssign; C apart from A and B
template <typename T>
void multiply(const Matrix<T>& a, const Matrix<T>& b, T* c, Write write, const T* bias = nullptr);

// B (K, N) packed once for many products on a few rows each, as the steps of a recurrent net have them.
template <typename T>
struct PackedMatrix {
  const T* data;
  Index rows, columns;
};
// elements of `room`
template <typename T>
Index packed_size(Index rows, Index columns);
// requires: room aligned to kAlignment
template <typename T>
PackedMatrix<T> pack(const Matrix<T>& b, T* room);

// C (M, N) = A (M, K) B [+ bias (N) on every row], or C += A B, on the calling thread; rows of A and of C lie
// `a_stride` and `c_stride` apart. The sums are those of the product above.
template <typename T>
void multiply(Index rows, const T* a, Index a_stride, const PackedMatrix<T>& b, T* c, Index c_stride, Write write,
              const T* bias = nullptr);

// y (N) = sum of the rows of x (M, N), or y += it
template <typename T>
void sum_rows(const T* x, Index rows, Index columns, T* y, Write write);

template <>
void multiply(const Matrix<Dual>& a, const Matrix<Dual>& b, Dual* c, Write write, const Dual* bias);
template <>
void sum_rows(const Dual* x, Index rows, Index columns, Dual* y, Write write);

}  // namespace nncpp
