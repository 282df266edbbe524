// v = gamma x + beta, x = (u - mean) / sqrt(var + epsilon);  u, v (N, ..., D); gamma, beta, mean, var (D)
// training: mean and var of the batch, over all axes but the last, M = N ... rows; var is the sum of squares over M
//   dx = gamma dv;  du = (dx - mean of dx - x mean of (dx x)) / sqrt(var + epsilon), exact for any epsilon
//   running_mean = momentum running_mean + (1 - momentum) mean, and running_var with var M / (M - 1)
// inference, and training with M = 1 (a row has no deviation from itself): mean = running_mean, var = running_var,
//   which are constants and stay as they are;  du = gamma dv / sqrt(var + epsilon)
// dgamma = sum over rows of x dv, dbeta = sum over rows of dv.  First: gamma = 1, beta = 0, running 0 and 1
// Deviations are taken from the batch's first row before its mean is, so a large mean costs no digits and a constant
// column gives x = 0 exactly. A variance that overflows gives NaN, so that no step is taken.
// Ioffe, Szegedy, "Batch normalization", ICML 2015
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class BatchNorm final : public Layer<T> {
 public:
  struct Options {
    double momentum = 0.9;  // weight of the old value
    double epsilon = 1e-5;
    Initializer gamma_initializer{Initializer::Kind::kConstant, 1.0};
    Initializer beta_initializer{};
  };
  // throws DataError unless 0 <= momentum < 1 and T holds epsilon > 0
  explicit BatchNorm(const Options& options);

  std::string kind() const override { return "BatchNorm"; }
  Steps steps() const override { return Steps::kEach; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> state(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Options options_;
};

}  // namespace nncpp
