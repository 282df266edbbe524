#include "nncpp/layers/conv2d_transpose.hpp"

#include <algorithm>

#include "../convolution.hpp"
#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {

template <typename T>
Conv2DTranspose<T>::Conv2DTranspose(const Options& options) : options_(options), window_(options.window) {
  if (options.filters < 1) throw DataError(text("filters: expected 1 or more, got ", options.filters));
  if (options.window.is_same) throw DataError("padding: expected numbers of zeros, got same");
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Index open = options.output_padding[axis], stride = options.window.strides[axis];
    if (open < 0 || open >= stride)
      throw DataError(
          text("output_padding: expected 0 ... ", stride - 1, " with a stride of ", stride, ", got ", open));
  }
}

template <typename T>
Image Conv2DTranspose<T>::output(const Image& input) const {
  const Window::Options& window = window_.options();
  const auto length = [&](Index V, std::size_t axis) {
    const auto [before, after] = window.padding[axis];
    return (V - 1) * window.strides[axis] + window.dilation[axis] * (window.size[axis] - 1) + 1 - before - after +
           options_.output_padding[axis];
  };
  return {length(input.height, 0), length(input.width, 1), options_.filters};
}

// from images like v to images like u
template <typename T>
Convolution<T> Conv2DTranspose<T>::convolution(const Image& input) const {
  const Image image = output(input);
  return {image, window_.over(image), input.channels, 1};
}

template <typename T>
Shape Conv2DTranspose<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const Image image = output(window_.image(inputs[0]));
  if (image.height < 1 || image.width < 1)
    throw ShapeError(text("expected padding that leaves something, got ", inputs[0], ", of which ", image.height, " x ",
                          image.width, " would be left; take less padding"));
  if (window_.options().is_sequence) return {image.width, image.channels};
  return {image.height, image.width, image.channels};
}

template <typename T>
std::vector<SegmentSpec> Conv2DTranspose<T>::parameters(std::span<const Shape> inputs) const {
  const auto [height, width] = window_.options().size;
  const Index C = window_.image(inputs[0]).channels, K = options_.filters;
  const Index fan_in = height * width * C, fan_out = height * width * K;
  const Shape weight = window_.options().is_sequence ? Shape{width, K, C} : Shape{height, width, K, C};
  std::vector<SegmentSpec> specs{
      {"weight", weight, SegmentKind::kWeight, options_.weight_initializer, fan_in, fan_out}};
  if (options_.use_bias) specs.push_back({"bias", {K}, SegmentKind::kBias, options_.bias_initializer, fan_in, fan_out});
  return specs;
}

template <typename T>
LayerMemory Conv2DTranspose<T>::memory(std::span<const Shape> inputs, Index n) const {
  const Index size = numel(output_shape(inputs).batch(n));  // of z and dz
  const Index of_dz = options_.activation == Activation::kIdentity ? 0 : padded<T>(size);
  const Index of_du = numel(inputs[0].batch(n)), of_dW = convolution(window_.image(inputs[0])).memory(n);
  return {.saved = needs_z(options_.activation) ? size : 0, .backward = of_dz + std::max(of_du, of_dW)};
}

template <typename T>
void Conv2DTranspose<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];   // (N, H, W, C)
  const auto& W = pass.weights[0];  // (F_h, F_w, K, C)
  const Index K = options_.filters, C = u.shape.back(), pixels = pass.output.rows();

  T* const v = pass.output.data;                                                  // (N, H', W', K)
  T* const z = needs_z(options_.activation) && !pass.is_linear ? pass.saved : v;  // in place unless it is kept
  const auto slopes = [&](Index first, Index, T*) -> const T* { return u.data + first * C; };
  convolution(window_.image(u.shape.sample()))
      .backward(u.shape[0], nullptr, W.data, std::cref(slopes), {.du = {{z, pass.output.shape}}, .dW = {}, .db = {}},
                nullptr);
  if (options_.use_bias) {
    const T* const b = pass.weights[1].data;  // (K)
    parallel_blocks(pixels, static_cast<double>(K), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i)
        for (Index k = 0; k < K; ++k) z[i * K + k] += b[k];
    });
  }
  if (!pass.is_linear && options_.activation != Activation::kIdentity) activate(options_.activation, z, v, pixels, K);
}

template <typename T>
void Conv2DTranspose<T>::backward(const Backward<T>& pass) const {
  const auto& u = pass.inputs[0];   // (N, H, W, C)
  const auto& W = pass.weights[0];  // (F_h, F_w, K, C)
  const Index N = u.shape[0], K = options_.filters, C = u.shape.back(), pixels = pass.doutput.rows();

  const T* dz = pass.doutput.data;  // (N, H', W', K)
  T* scratch = pass.scratch;
  if (!pass.is_linear && options_.activation != Activation::kIdentity) {
    activate_backward(options_.activation, pass.saved, pass.output.data, dz, scratch, pixels, K);
    dz = scratch;
    scratch += padded<T>(pixels * K);
  }
  const auto transpose = convolution(window_.image(u.shape.sample()));
  if (const auto& du = pass.dinputs[0]; du.is_wanted()) {
    T* const to = du.write == Write::kAdd ? scratch : du.to.data;
    const auto add = [&](Index first, Index count) {
      for (Index i = first * C; du.write == Write::kAdd && i < (first + count) * C; ++i) du.to.data[i] += to[i];
    };
    transpose.forward(N, dz, W.data, nullptr, to, std::cref(add));
  }
  if (pass.dweights[0].is_wanted()) {
    const auto slopes = [&](Index first, Index, T*) -> const T* { return u.data + first * C; };
    transpose.backward(N, dz, W.data, std::cref(slopes), {.du = {}, .dW = pass.dweights[0], .db = {}}, scratch);
  }
  if (options_.use_bias && pass.dweights[1].is_wanted())
    sum_rows(dz, pixels, K, pass.dweights[1].to.data, pass.dweights[1].write);
}

template class Conv2DTranspose<float>;
template class Conv2DTranspose<double>;
template class Conv2DTranspose<Dual>;

}  // namespace nncpp
