// Convolution: the sums of a layer of filters over a batch of images, and their two transposes. Conv2D runs them one
// way, Conv2DTranspose the other; bias and activation are the layers'.
//   z[y, x, k] = sum over i, j, c of u[y S_h + i D_h - P_h, x S_w + j D_w - P_w, g C/G + c] W[i, j, c, k]
//   u (N, H, W, C), W (F_h, F_w, C/G, K), z (N, H', W', K); u = 0 outside of the image; filter k is of group g
// Images are cut into tasks by shape alone. No window is unfolded: beside the arguments a thread has an image with its
// padding, and its slopes.
#pragma once

#include <functional>

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

namespace convolution {
struct Windows;
}

template <typename T>
class Convolution {
 public:
  Convolution(const Image& image, const std::array<Sweep, 2>& sweeps, Index filters, Index groups)
      : image_(image),
        rows_(sweeps[0]),
        columns_(sweeps[1]),
        filters_(filters),
        groups_(groups),
        group_channels_(image.channels / groups),
        group_filters_(filters / groups) {}

  // called when `count` pixels of z from `first` on are done, which still lie in the cache
  using Finish = std::function<void(Index first, Index count)>;
  // z = b + the sums; b (K) may be null
  void forward(Index N, const T* u, const T* W, const T* b, T* z, const Finish& finish = {}) const;

  // `count` pixels of dz from `first` on: where they lie in memory, or written to room (count, K)
  using Slopes = std::function<const T*(Index first, Index count, T* room)>;
  struct Gradients {
    Gradient<T> du, dW, db;  // each where it is wanted
  };
  // du: dz W, added up where z took its u from; dW = sum over images and pixels of u dz; db = that of dz
  // u may be null unless dW is wanted; scratch: memory(N) elements unless only du is
  void backward(Index N, const T* u, const T* W, const Slopes& dz, const Gradients& gradients, T* scratch) const;
  Index memory(Index N) const;

 private:
  class Backward;
  template <typename F>
  void for_products(Index N, F f) const;
  Index pixels() const { return rows_.positions * columns_.positions; }  // of an image of z
  Index weights() const { return rows_.size * columns_.size * group_channels_ * filters_; }
  double work(Index N) const { return static_cast<double>(N * pixels()) * static_cast<double>(weights()); }
  // A row of a window lies in one piece, unless pixels or channels are left out between.
  bool is_run() const { return groups_ == 1 && columns_.dilation == 1; }
  // Each channel has one filter of its own.
  bool is_depthwise() const { return groups_ > 1 && group_channels_ == 1 && group_filters_ == 1; }
  convolution::Windows windows() const;
  // Rows [first, last) of an image of u with its zeros: where they are, or where they were put
  const T* padded_image(const T* u, Index n, Index first, Index last) const;
  Index pieces() const { return is_run() ? 1 : columns_.size; }
  Index width() const { return columns_.padded_length() * image_.channels; }  // of a row of u with its zeros

  Image image_;
  Sweep rows_, columns_;
  Index filters_, groups_;
  Index group_channels_, group_filters_;
};

}  // namespace nncpp
