// v = a b, with NumPy's rules on samples: a (..., M, K), b (..., K, N), v (..., M, N); axes before the last two are
// stacks, which broadcast. a (K) is a row, b (K) a column, and v has no such axis then.
// da = dv b^T, db = a^T dv, summed over what the operand repeats along
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Matmul final : public Layer<T> {
 public:
  std::string kind() const override { return "Matmul"; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;
};

}  // namespace nncpp
