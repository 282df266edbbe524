#include "nncpp/layers/conv2d.hpp"

#include "../convolution.hpp"
#include "require_inputs.hpp"

namespace nncpp {

template <typename T>
Conv2D<T>::Conv2D(const Options& options) : options_(options), window_(options.window) {
  if (options.filters < 1) throw DataError(text("filters: expected 1 or more, got ", options.filters));
  if (options.groups < 1) throw DataError(text("groups: expected 1 or more, got ", options.groups));
  if (options.filters % options.groups != 0)
    throw DataError(text("groups: expected a divisor of the ", options.filters, " filters, got ", options.groups));
}

template <typename T>
Shape Conv2D<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const Index C = window_.image(inputs[0]).channels;
  if (C % options_.groups != 0)
    throw ShapeError(text("expected channels that ", options_.groups, " groups divide, got ", C));
  return window_.output_shape(inputs[0], options_.filters);
}

template <typename T>
std::vector<SegmentSpec> Conv2D<T>::parameters(std::span<const Shape> inputs) const {
  const auto [height, width] = window_.options().size;
  const Index C = window_.image(inputs[0]).channels / options_.groups, K = options_.filters;
  const Index fan_in = height * width * C, fan_out = height * width * (K / options_.groups);
  const Shape weight = window_.options().is_sequence ? Shape{width, C, K} : Shape{height, width, C, K};
  std::vector<SegmentSpec> specs{
      {"weight", weight, SegmentKind::kWeight, options_.weight_initializer, fan_in, fan_out}};
  if (options_.use_bias) specs.push_back({"bias", {K}, SegmentKind::kBias, options_.bias_initializer, fan_in, fan_out});
  return specs;
}

template <typename T>
static Convolution<T> convolution_of(const Window& window, const typename Conv2D<T>::Options& options,
                                     const Shape& sample) {
  const Image image = window.image(sample);
  return {image, window.over(image), options.filters, options.groups};
}

template <typename T>
LayerMemory Conv2D<T>::memory(std::span<const Shape> inputs, Index n) const {
  return {.saved = needs_z(options_.activation) ? numel(output_shape(inputs).batch(n)) : 0,  // z
          .backward = convolution_of<T>(window_, options_, inputs[0]).memory(n)};
}

template <typename T>
void Conv2D<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];                                   // (N, H, W, C)
  const auto& W = pass.weights[0];                                  // (F_h, F_w, C/G, K)
  const T* b = options_.use_bias ? pass.weights[1].data : nullptr;  // (K)
  const Index K = options_.filters;
  T* const v = pass.output.data;                                                  // (N, H', W', K)
  T* const z = needs_z(options_.activation) && !pass.is_linear ? pass.saved : v;  // in place unless it is kept
  const auto finish = [&](Index first, Index count) {
    if (!pass.is_linear && options_.activation != Activation::kIdentity)
      activate(options_.activation, z + first * K, v + first * K, count, K);
  };
  convolution_of<T>(window_, options_, u.shape.sample()).forward(u.shape[0], u.data, W.data, b, z, std::cref(finish));
}

template <typename T>
void Conv2D<T>::backward(const Backward<T>& pass) const {
  const auto& u = pass.inputs[0];   // (N, H, W, C)
  const auto& W = pass.weights[0];  // (F_h, F_w, C/G, K)
  const Index K = options_.filters;
  const auto dz = [&](Index first, Index count, T* room) -> const T* {
    const Index at = first * K;
    if (pass.is_linear || options_.activation == Activation::kIdentity) return pass.doutput.data + at;
    activate_backward(options_.activation, pass.saved + at, pass.output.data + at, pass.doutput.data + at, room, count,
                      K);
    return room;
  };
  const Gradient<T> db = options_.use_bias ? pass.dweights[1] : Gradient<T>{};
  convolution_of<T>(window_, options_, u.shape.sample())
      .backward(u.shape[0], u.data, W.data, std::cref(dz), {pass.dinputs[0], pass.dweights[0], db}, pass.scratch);
}

template class Conv2D<float>;
template class Conv2D<double>;
template class Conv2D<Dual>;

}  // namespace nncpp
