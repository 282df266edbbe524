// Operators of one operand, element by element; u, v (N, ...).
//   Negative   v = -u         du = -dv
//   Exp        v = exp(u)     du = v dv
//   Log        v = log(u)     du = dv / u
//   Sqrt       v = sqrt(u)    du = dv / (2 v)
//   Square     v = u^2        du = 2 u dv
//   Abs        v = |u|        du = sign(u) dv, 0 where u is 0
#pragma once

#include <string_view>

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Elementwise final : public Layer<T> {
 public:
  // throws DataError for any other kind
  explicit Elementwise(std::string_view kind);

  std::string kind() const override;
  Steps steps() const override { return Steps::kEach; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override;
  bool backward_reads_output() const override;
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  enum class Operation { kNegative, kExp, kLog, kSqrt, kSquare, kAbs };

  Operation operation_;
};

}  // namespace nncpp
