// training: v = m u / (1 - rate), m_i = 1 with probability 1 - rate, else 0;  du = m dv / (1 - rate)
// inference: v = u, du = dv.  u, v, m (N, ...); rate is the probability of dropping
// m is a function of (seed, layer, step, index), so backward makes it again instead of keeping it
// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15, 2014; scaled in training ("inverted")
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Dropout final : public Layer<T> {
 public:
  // throws DataError unless 0 <= rate < 1
  explicit Dropout(double rate);

  std::string kind() const override { return "Dropout"; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  double rate_;
};

}  // namespace nncpp
