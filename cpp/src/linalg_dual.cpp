// Dual numbers through the products of doubles: (A + A' e) (B + B' e) = A B + (A' B + A B') e.
#include "nncpp/dual.hpp"
#include "nncpp/linalg.hpp"
#include "nncpp/tensor.hpp"

namespace nncpp {
namespace {

static_assert(sizeof(Dual) == 2 * sizeof(double));

// values and slopes of an array apart, row by row
struct Split {
  Buffer<double> values, slopes;

  explicit Split(Index size) : values(size), slopes(size) {}
  explicit Split(const Matrix<Dual>& m) : Split(m.rows * m.columns) {
    for (Index i = 0, k = 0; i < m.rows; ++i)
      for (Index j = 0; j < m.columns; ++j, ++k) {
        const Dual& x = m.data[i * m.row_stride + j * m.column_stride];
        values.data()[k] = x.value;
        slopes.data()[k] = x.slope;
      }
  }
};

}  // namespace

template <>
void multiply(const Matrix<Dual>& a, const Matrix<Dual>& b, Dual* c, Write write, const Dual* bias) {
  const Split left(a), right(b), offset(matrix(bias, bias == nullptr ? 0 : 1, b.columns));
  Split product(a.rows * b.columns);
  const auto A = matrix(left.values.data(), a.rows, a.columns), dA = matrix(left.slopes.data(), a.rows, a.columns);
  const auto B = matrix(right.values.data(), b.rows, b.columns), dB = matrix(right.slopes.data(), b.rows, b.columns);
  multiply(A, B, product.values.data(), Write::kAssign, offset.values.data());
  multiply(A, dB, product.slopes.data(), Write::kAssign, offset.slopes.data());
  multiply(dA, B, product.slopes.data(), Write::kAdd);
  for (Index i = 0; i < a.rows * b.columns; ++i) {
    const Dual value(product.values.data()[i], product.slopes.data()[i]);
    c[i] = write == Write::kAdd ? c[i] + value : value;
  }
}

// a row of dual numbers is one of twice as many doubles
template <>
void sum_rows(const Dual* x, Index rows, Index columns, Dual* y, Write write) {
  sum_rows(reinterpret_cast<const double*>(x), rows, 2 * columns, reinterpret_cast<double*>(y), write);
}

}  // namespace nncpp
