// v = f(z), z = b + sum over the window of u W, with filters of its own at every position (y, x):
//   z[y, x, k] = b[y, x, k] + sum over i, j, c of u[y S_h + i - P_h, x S_w + j - P_w, c] W[i, j, c, y, x, k]
// with u = 0 outside of the image.
//   u (N, H, W, C), W (F_h, F_w, C, H', W', K), b (H', W', K), v (N, H', W', K)
//   sequences: u (N, T, C), W (F, C, T', K), b (T', K), v (N, T', K)
// As for Dense, a unit's weights are a column of W as a matrix (F_h F_w C, H' W' K).
// dz = f'(z) dv;  du: each dz[y, x, k] W[i, j, c, y, x, k] goes to the u it met,
// dW[i, j, c, y, x, k] = sum over n of u dz, db = sum over n of dz
// W ~ Glorot uniform with fans F_h F_w C and F_h F_w K, as for Conv2D, b = 0 unless told otherwise
// Taigman, Yang, Ranzato, Wolf, "DeepFace: closing the gap to human-level performance in face verification", CVPR 2014
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

template <typename T>
class LocallyConnected2D final : public Layer<T> {
 public:
  struct Options {
    Index filters = 1;  // K, at each position
    Window::Options window;
    Activation activation = Activation::kIdentity;
    bool use_bias = true;
    Initializer weight_initializer{Initializer::Kind::kGlorotUniform};
    Initializer bias_initializer{};
  };
  // throws DataError unless filters >= 1 and the window has no gaps
  explicit LocallyConnected2D(const Options& options);

  std::string kind() const override {
    return window_.options().is_sequence ? "LocallyConnected1D" : "LocallyConnected2D";
  }
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
  struct Sizes;
  Sizes sizes(const Shape& sample) const;

  Options options_;
  Window window_;
};

}  // namespace nncpp
