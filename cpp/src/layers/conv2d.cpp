#include "nncpp/layers/conv2d.hpp"

#include <algorithm>

#include "require_inputs.hpp"

namespace nncpp {
namespace {

// f(p, q, w) for each element of u (from its start) that meets an element of z through an element of W
template <typename F>
void for_products(const Image& image, const std::array<Sweep, 2>& sweeps, Index N, Index K, Index G, F f) {
  const auto& [rows, columns] = sweeps;
  const Index C = image.channels / G, filters = K / G;
  for (Index n = 0; n < N; ++n)
    for (Index y = 0; y < rows.positions; ++y)
      for (Index x = 0; x < columns.positions; ++x)
        for (Index i = 0; i < rows.size; ++i)
          for (Index j = 0; j < columns.size; ++j) {
            const Index row = y * rows.stride + i * rows.dilation - rows.padding[0];
            const Index column = x * columns.stride + j * columns.dilation - columns.padding[0];
            if (row < 0 || row >= image.height || column < 0 || column >= image.width) continue;
            for (Index g = 0; g < G; ++g)
              for (Index c = 0; c < C; ++c)
                for (Index k = g * filters; k < (g + 1) * filters; ++k)
                  f(((n * image.height + row) * image.width + column) * image.channels + g * C + c,
                    ((n * rows.positions + y) * columns.positions + x) * K + k,
                    ((i * columns.size + j) * C + c) * K + k);
          }
}

}  // namespace

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
LayerMemory Conv2D<T>::memory(std::span<const Shape> inputs, Index n) const {
  if (options_.activation == Activation::kIdentity) return {};
  const Index size = numel(output_shape(inputs).batch(n));  // of z and dz
  return {.saved = needs_z(options_.activation) ? size : 0, .backward = size};
}

template <typename T>
void Conv2D<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];
  const T* W = pass.weights[0].data;
  const Index N = u.shape[0], K = options_.filters;
  const Image image = window_.image(Shape(std::span(u.shape.begin() + 1, u.shape.rank() - 1)));
  T* const v = pass.output.data;
  T* const z = needs_z(options_.activation) && !pass.is_linear ? pass.saved : v;
  for (Index i = 0; i < pass.output.size(); ++i) z[i] = options_.use_bias ? pass.weights[1].data[i % K] : T(0);
  for_products(image, window_.over(image), N, K, options_.groups,
               [&](Index p, Index q, Index w) { z[q] += u.data[p] * W[w]; });
  if (!pass.is_linear && options_.activation != Activation::kIdentity)
    activate(options_.activation, z, v, pass.output.rows(), K);
}

template <typename T>
void Conv2D<T>::backward(const Backward<T>& pass) const {
  const auto& u = pass.inputs[0];
  const T* W = pass.weights[0].data;
  const Index N = u.shape[0], K = options_.filters, rows = pass.doutput.rows();
  const Image image = window_.image(Shape(std::span(u.shape.begin() + 1, u.shape.rank() - 1)));
  const T* dz = pass.doutput.data;
  if (!pass.is_linear && options_.activation != Activation::kIdentity) {
    activate_backward(options_.activation, pass.saved, pass.output.data, dz, pass.scratch, rows, K);
    dz = pass.scratch;
  }
  const auto& [du, dW] = std::pair{pass.dinputs[0], pass.dweights[0]};
  for (const auto* gradient : {&du, &dW})
    if (gradient->is_wanted() && gradient->write == Write::kAssign)
      std::fill(gradient->to.begin(), gradient->to.end(), T(0));
  for_products(image, window_.over(image), N, K, options_.groups, [&](Index p, Index q, Index w) {
    if (du.is_wanted()) du.to.data[p] += dz[q] * W[w];
    if (dW.is_wanted()) dW.to.data[w] += dz[q] * u.data[p];
  });
  if (options_.use_bias && pass.dweights[1].is_wanted())
    sum_rows(dz, rows, K, pass.dweights[1].to.data, pass.dweights[1].write);
}

template class Conv2D<float>;
template class Conv2D<double>;
template class Conv2D<Dual>;

}  // namespace nncpp
