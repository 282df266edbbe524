// training: v = u + deviation n, n_i ~ N(0, 1);  inference: v = u;  du = dv in both.  u, v, n (N, ...)
// n is a function of (seed, layer, epoch, row of the examples, place in the row); numbers come in pairs, so a row of
// odd length draws one that it does not need. Steps of a sequence have the same n with lengths as without them
// Sietsma, Dow, "Creating artificial neural networks that generalize", Neural Networks 4, 1991
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class GaussianNoise final : public Layer<T> {
 public:
  // throws DataError unless deviation >= 0 and T holds it
  explicit GaussianNoise(double deviation);

  std::string kind() const override { return "GaussianNoise"; }
  Steps steps() const override { return Steps::kReads; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  void add_to_sequences(const Forward<T>& pass, const RandomKey& key) const;

  double deviation_;
};

}  // namespace nncpp
