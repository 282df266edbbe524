// v = f(z), z = b + the transpose of a Conv2D, of the one that would make an image like u from one like v: each u goes
// to the pixels that this Conv2D would have taken it from. With Y S + I D - P meaning (y S_h + i D_h - P_h, x S_w + j
// D_w - P_w):
//   z[Y S + I D - P, k] = b[k] + sum over Y, I, c that meet there of u[Y, c] W[I, k, c]
//   H' = (H - 1) S_h + D_h (F_h - 1) + 1 - P_top - P_bottom + Q_h: Q rows that a stride above 1 leaves open
//   u (N, H, W, C), W (F_h, F_w, K, C): that of the Conv2D, b (K), v (N, H', W', K)
//   sequences: u (N, T, C), W (F, K, C), v (N, T', K)
// dz = f'(z) dv;  du = the Conv2D of dz, dW[I, k, c] = sum over n, Y of dz[Y S + I D - P, k] u[Y, c],
// db = sum over n and pixels of dz
// W ~ Glorot uniform with fans F_h F_w C and F_h F_w K, b = 0 unless told otherwise
// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, 2016, chapter 4
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

template <typename T>
class Convolution;

template <typename T>
class Conv2DTranspose final : public Layer<T> {
 public:
  struct Options {
    Index filters = 1;                      // K
    Window::Options window;                 // of the Conv2D, its padding in numbers
    std::array<Index, 2> output_padding{};  // Q
    Activation activation = Activation::kIdentity;
    bool use_bias = true;
    Initializer weight_initializer{Initializer::Kind::kGlorotUniform};
    Initializer bias_initializer{};
  };
  // throws DataError unless filters >= 1, padding is in numbers, and 0 <= output_padding < strides
  explicit Conv2DTranspose(const Options& options);

  std::string kind() const override { return window_.options().is_sequence ? "Conv1DTranspose" : "Conv2DTranspose"; }
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
  Image output(const Image& input) const;
  Convolution<T> convolution(const Image& input) const;

  Options options_;
  Window window_;
};

}  // namespace nncpp
