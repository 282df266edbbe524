// v = f(z), z = u W + b;  u (N, D), W (D, K), b (K), v (N, K); more axes before the last count as rows
// dz = f'(z) dv;  du = dz W^T,  dW = u^T dz,  db = sum over rows of dz
// Rows of a sparse matrix u cost as much as it has entries, there and back; then there is no du.
// W ~ Glorot uniform, b = 0 unless told otherwise
// Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323, 1986
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Dense final : public Layer<T> {
 public:
  struct Options {
    Index units = 1;
    Activation activation = Activation::kIdentity;
    bool use_bias = true;
    Initializer weight_initializer{Initializer::Kind::kGlorotUniform};
    Initializer bias_initializer{};
  };
  // throws DataError unless units >= 1
  explicit Dense(const Options& options);

  std::string kind() const override { return "Dense"; }
  Steps steps() const override { return Steps::kEach; }
  bool takes_sparse() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_output() const override {
    return options_.activation != Activation::kIdentity && !needs_z(options_.activation);
  }
  Activation output_activation() const override { return options_.activation; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Options options_;
};

}  // namespace nncpp
