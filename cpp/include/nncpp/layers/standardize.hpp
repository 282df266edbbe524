// v = (u - mean) / deviation;  du = dv / deviation.  u, v (N, D); mean, deviation (D) are state, set from training data
// A model that starts with it takes raw columns: the scaling is saved with the weights and never fitted to test data.
// LeCun, Bottou, Orr, Mueller, "Efficient BackProp", 1998, 4.3
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Standardize final : public Layer<T> {
 public:
  std::string kind() const override { return "Standardize"; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> state(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;
};

}  // namespace nncpp
