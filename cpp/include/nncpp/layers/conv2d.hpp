// v = f(z), z = b + sum over the window of u W: for position (y, x), filter k and the group g that it belongs to,
//   z[y, x, k] = b[k] + sum over i, j, c of u[y S_h + i D_h - P_h, x S_w + j D_w - P_w, g C/G + c] W[i, j, c, k]
// with u = 0 outside of the image (a cross-correlation: the filter is not turned over, as everywhere in this field).
//   u (N, H, W, C), W (F_h, F_w, C/G, K), b (K), v (N, H', W', K); sequences: u (N, T, C), W (F, C/G, K), v (N, T', K)
// dz = f'(z) dv;  du = the same sums turned around: each dz[y, x, k] W[i, j, c, k] goes to the u it met,
// dW[i, j, c, k] = sum over n, y, x of u dz, db = sum over n, y, x of dz
// W ~ Glorot uniform with fans F_h F_w C/G and F_h F_w K/G, b = 0 unless told otherwise
// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86, 1998
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

template <typename T>
class Conv2D final : public Layer<T> {
 public:
  struct Options {
    Index filters = 1;  // K
    Window::Options window{};
    Index groups = 1;  // G: input and filters in G parts that do not see each other; G = C is depthwise
    Activation activation = Activation::kIdentity;
    bool use_bias = true;
    Initializer weight_initializer{Initializer::Kind::kGlorotUniform};
    Initializer bias_initializer{};
  };
  // throws DataError unless filters >= 1 and groups divide them
  explicit Conv2D(const Options& options);

  std::string kind() const override { return window_.options().is_sequence ? "Conv1D" : "Conv2D"; }
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
  Window window_;
};

}  // namespace nncpp
