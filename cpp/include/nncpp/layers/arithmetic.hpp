// Operators of two operands, element by element, which broadcast: samples as in NumPy, arrays (1, ...) over the rows.
// A gradient is summed over what its operand repeats along.
//   Add        v = a + b            da = dv                                   db = dv
//   Subtract   v = a - b            da = dv                                   db = -dv
//   Multiply   v = a b              da = b dv                                 db = a dv
//   Divide     v = a / b            da = dv / b                               db = -v dv / b
//   Power      v = a^b              da = b a^(b - 1) dv, 0 where b is 0       db = v log(a) dv where a > 0, else 0
//   Maximum    v = max(a, b)        da = dv where a >= b, else 0              db = dv where a < b, else 0
//   Minimum    v = min(a, b)        da = dv where a <= b, else 0              db = dv where a > b, else 0
// Of equal operands the first has the gradient. NaN comes through.
// Comparisons give 1 where they hold, else 0, and pass no gradient: Greater, GreaterEqual, Less, LessEqual.
#pragma once

#include <string_view>

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Arithmetic final : public Layer<T> {
 public:
  // throws DataError for any other kind
  explicit Arithmetic(std::string_view kind);

  std::string kind() const override;
  bool is_operator() const override { return true; }
  Steps steps() const override { return Steps::kEach; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_inputs() const override;
  bool backward_reads_output() const override;
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  enum class Operation { kAdd, kSubtract, kMultiply, kDivide, kPower, kMaximum, kMinimum };
  template <typename F>
  void with_operation(F&& f) const;

  Operation operation_;
};

template <typename T>
class Comparison final : public Layer<T> {
 public:
  // throws DataError for any other kind
  explicit Comparison(std::string_view kind);

  std::string kind() const override;
  bool is_operator() const override { return true; }
  Steps steps() const override { return Steps::kEach; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  enum class Operation { kGreater, kGreaterEqual, kLess, kLessEqual };

  Operation operation_;
};

}  // namespace nncpp
