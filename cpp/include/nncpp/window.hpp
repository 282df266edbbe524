// Window: what a filter or a pool sees of an image (N, H, W, C), and where it stops. Along an axis of V pixels, with a
// window of F, stride S and dilation D, and zeros before and after it:
//   extent = D (F - 1) + 1,   positions = floor((V + before + after - extent) / S) + 1
// What the last step would not reach is dropped. A sequence (N, T, C) is an image of one row.
// Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, 2016
#pragma once

#include <array>
#include <string>
#include <vector>

#include "nncpp/shape.hpp"

namespace nncpp {

// (before, after): zeros at the two ends of an axis
using Zeros = std::array<Index, 2>;

// A window along one axis of an image.
struct Sweep {
  Index length = 1;  // pixels of the image
  Index size = 1, stride = 1, dilation = 1;
  Zeros padding{};
  Index positions = 1;  // of the window: the length of what comes out
  Index dropped = 0;    // pixels at the end, zeros included, that no position sees

  Index extent() const { return dilation * (size - 1) + 1; }
  Index padded_length() const { return length + padding[0] + padding[1]; }
  // paddings near this one that drop nothing; those with as many zeros at both ends first
  std::vector<Zeros> fitting_paddings() const;
};

// One sample of an image.
struct Image {
  Index height = 1, width = 1, channels = 1;
  Index size() const { return height * width * channels; }
};

class Window {
 public:
  struct Options {
    std::array<Index, 2> size{1, 1}, strides{1, 1}, dilation{1, 1};  // rows, columns
    std::array<Zeros, 2> padding{};
    bool is_same = false;      // padding such that positions = length: (V - 1) S + extent - V zeros, the odd one after
    bool is_strict = false;    // what would be dropped is an error
    bool is_sequence = false;  // samples are (T, C)
  };
  // throws DataError for numbers that make no sense
  explicit Window(const Options& options);

  // throws ShapeError unless the sample is (H, W, C), or (T, C) for sequences
  Image image(const Shape& sample) const;
  // along rows and columns; throws ShapeError for an image that is smaller than the window, not divided if strict, or
  // larger than any array with its zeros
  std::array<Sweep, 2> over(const Image& image) const;
  // (H', W', channels), or (T', channels)
  Shape output_shape(const Shape& sample, Index channels) const;

  const Options& options() const { return options_; }

 private:
  Options options_;
};

}  // namespace nncpp
