// v = (u - mean) M;  du = dv M^T.  u, v (N, D); mean (D) and matrix M (D, D) are state, set from training data so that
// the columns of v are uncorrelated, each of variance 1; M = I at first
// A model that starts with it takes raw columns: the whitening is saved with the weights and never fitted to test data.
// LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Whiten final : public Layer<T> {
 public:
  std::string kind() const override { return "Whiten"; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> state(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;
};

}  // namespace nncpp
