// v_k = max_j z_kj, z = u W + b;  u (N, D), W (D, K, m), b (K, m), v (N, K), j = 1 ... m pieces; more axes before the
// last count as rows
// dz_kj = dv_k for the largest piece j of output k (the first of several), 0 for the others
// du = dz W^T, dW = u^T dz, db = sum over rows of dz, with W as a (D, K m) matrix
// W ~ Glorot uniform with D inputs and K outputs a unit, b = 0 unless told otherwise
// Goodfellow, Warde-Farley, Mirza, Courville, Bengio, "Maxout networks", ICML 2013
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Maxout final : public Layer<T> {
 public:
  static constexpr Index kMostPieces = Index{1} << 24;  // float holds their numbers exactly

  struct Options {
    Index units = 1;
    Index pieces = 2;
    bool use_bias = true;
    Initializer weight_initializer{Initializer::Kind::kGlorotUniform};
    Initializer bias_initializer{};
  };
  // throws DataError unless units >= 1 and 1 <= pieces <= kMostPieces
  explicit Maxout(const Options& options);

  std::string kind() const override { return "Maxout"; }
  Steps steps() const override { return Steps::kEach; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Options options_;
};

}  // namespace nncpp
