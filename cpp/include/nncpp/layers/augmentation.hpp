// Augmentation: images that are turned, moved and cut at random in training, so that no row is twice the same. Every
// pixel of v (N, h, w, C) is one of u (N, H, W, C), or 0:
//   v[n, y, x] = u[n, row +- y, column +- x];  du: each dv goes back to the pixel that it came from, others get 0
// Which one is a function of (seed, layer, epoch, row of the examples): neither batches, nor their order, nor threads
// change it. In prediction v = u, or its middle.
// Simard, Steinkraus, Platt, "Best practices for convolutional neural networks", ICDAR 2003; Krizhevsky, Sutskever,
// Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012, 4.1
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/random.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

// v[y, x] = u[row + down y, column + right x], 0 outside of u
struct Placement {
  Index row = 0, column = 0;
  Index down = 1, right = 1;  // or -1

  // from v to u: u[y, x] = v[...]
  Placement inverse() const { return {-down * row, -right * column, down, right}; }
};

template <typename T>
class Augmentation : public Layer<T> {
 public:
  // throws ShapeError unless the sample is an image (H, W, C)
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  virtual Placement draw(const Image& u, const Philox4& words) const = 0;
  virtual Placement in_prediction(const Image& /*u*/) const { return {}; }
  virtual Image output(const Image& u) const { return u; }

  Placement place(const Image& u, Mode mode, const RandomKey& key, const Rows& rows, Index i) const;
};

// left and right, or top and bottom, or both, change places with probability 1/2 each
template <typename T>
class RandomFlip final : public Augmentation<T> {
 public:
  RandomFlip(bool is_horizontal, bool is_vertical) : is_horizontal_(is_horizontal), is_vertical_(is_vertical) {}
  std::string kind() const override { return "RandomFlip"; }

 private:
  Placement draw(const Image& u, const Philox4& words) const override;

  bool is_horizontal_, is_vertical_;
};

// down and to the right by whole pixels, each of -p ... p equally likely
template <typename T>
class RandomShift final : public Augmentation<T> {
 public:
  // throws DataError unless 0 <= p <= 2^20
  RandomShift(Index rows, Index columns);
  std::string kind() const override { return "RandomShift"; }

 private:
  Placement draw(const Image& u, const Philox4& words) const override;

  Index rows_, columns_;
};

// a window (h, w) of the image: any, equally likely, or always the middle one, nearer to the top left by half a pixel
// where there are two
template <typename T>
class Crop final : public Augmentation<T> {
 public:
  // throws DataError unless 1 <= h, w
  Crop(Index height, Index width, bool is_random);
  std::string kind() const override { return is_random_ ? "RandomCrop" : "CenterCrop"; }

 private:
  Placement draw(const Image& u, const Philox4& words) const override;
  Placement in_prediction(const Image& u) const override;
  Image output(const Image& u) const override;

  Index height_, width_;
  bool is_random_;
};

}  // namespace nncpp
