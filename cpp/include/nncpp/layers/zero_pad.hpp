// v = u with zeros around it: v[y + P_top, x + P_left, c] = u[y, x, c], 0 elsewhere;  du = dv inside of the zeros
//   u (N, H, W, C), v (N, H + P_top + P_bottom, W + P_left + P_right, C); sequences: u (N, T, C), v (N, T', C)
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

template <typename T>
class ZeroPad2D final : public Layer<T> {
 public:
  struct Options {
    std::array<Zeros, 2> padding{};  // rows, columns
    bool is_sequence = false;        // samples are (T, C), of columns only
  };
  // throws DataError unless every number of zeros is one
  explicit ZeroPad2D(const Options& options)
      : window_({.padding = options.padding, .is_sequence = options.is_sequence}) {}

  std::string kind() const override { return window_.options().is_sequence ? "ZeroPad1D" : "ZeroPad2D"; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Window window_;  // of one pixel: it goes over the padded image
};

}  // namespace nncpp
