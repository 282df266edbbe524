// Pools: what each window of u comes to, channel by channel, over those of its pixels that lie in the image:
//   MaxPool2D       v = max u                  du = dv at the largest, of several the first in row-major order
//   AveragePool2D   v = sum u / their number   du = dv / their number
//   LpPool2D        v = (sum |u|^p)^(1/p)      du = dv sign(u) (|u| / v)^(p - 1), 0 where v = 0
// Where windows overlap, du adds up. Padding is not seen: it never is the largest and does not count. NaN comes
// through.
//   u (N, H, W, C), v (N, H', W', C); sequences: u (N, T, C), v (N, T', C)
// A global pool has one window, the whole image: v (N, C). With lengths that of sequences sees the steps that count.
// LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86, 1998;
// Lin, Chen, Yan, "Network in network", ICLR 2014
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

// What pools have in common: shapes.
template <typename T>
class Pool2D : public Layer<T> {
 public:
  struct Options {
    Window::Options window;
    bool is_global = false;  // of the window only is_sequence counts
  };

  // Where the windows lie in an image.
  struct Geometry {
    Image image;
    Sweep rows, columns;
    const Sequences* packed = nullptr;                         // what a global pool sees instead of an image's rows
    Index places() const { return rows.size * columns.size; }  // of a window
    Index size() const { return rows.positions * columns.positions * image.channels; }  // of an image of v
  };

  // "MaxPool2D", "GlobalMaxPool1D", ...
  std::string kind() const override;
  Steps steps() const override { return is_global_ && window_.options().is_sequence ? Steps::kReads : Steps::kMixes; }
  bool keeps_steps() const override { return false; }
  // throws ShapeError also for a padding as long as the window, which could lie wholly in it
  Shape output_shape(std::span<const Shape> inputs) const override;

 protected:
  // throws DataError for a dilation; operation: "Max"
  Pool2D(const char* operation, const Options& options);
  Geometry over(const Shape& sample) const;
  // of a batch (N, ...)
  Geometry over(const Tensor<const T>& u, const Sequences* sequences) const;

 private:
  const char* operation_;
  bool is_global_;
  Window window_;
};

template <typename T>
class MaxPool2D final : public Pool2D<T> {
 public:
  static constexpr Index kMostPlaces = Index{1} << 24;  // of a window: float holds their numbers exactly

  explicit MaxPool2D(const typename Pool2D<T>::Options& options) : Pool2D<T>("Max", options) {}

  // throws ShapeError also for more than kMostPlaces
  Shape output_shape(std::span<const Shape> inputs) const override;
  // which place of its window each v is from, in as few bytes as hold the number of places
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;
};

template <typename T>
class AveragePool2D final : public Pool2D<T> {
 public:
  explicit AveragePool2D(const typename Pool2D<T>::Options& options) : Pool2D<T>("Average", options) {}

  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;
};

template <typename T>
class LpPool2D final : public Pool2D<T> {
 public:
  struct Options : Pool2D<T>::Options {
    double p = 2;
  };
  // throws DataError unless p is a finite number >= 1
  explicit LpPool2D(const Options& options);

  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  double p_;
};

}  // namespace nncpp
