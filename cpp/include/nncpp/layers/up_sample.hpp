// v = u with every pixel repeated S_h times down and S_w times across: v[y, x, c] = u[y / S_h, x / S_w, c], rounded
// down (nearest neighbour);  du = sum of dv over the S_h S_w copies
//   u (N, H, W, C), v (N, S_h H, S_w W, C); sequences: u (N, T, C), v (N, S T, C)
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

template <typename T>
class UpSample2D final : public Layer<T> {
 public:
  struct Options {
    std::array<Index, 2> size{2, 2};  // S: rows, columns
    bool is_sequence = false;         // samples are (T, C), of columns only
  };
  // throws DataError unless both sizes are >= 1
  explicit UpSample2D(const Options& options)
      : window_({.size = options.size, .strides = options.size, .is_sequence = options.is_sequence}) {}

  std::string kind() const override { return window_.options().is_sequence ? "UpSample1D" : "UpSample2D"; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Window window_;  // the copies of a pixel: it goes over v
};

}  // namespace nncpp
