// The plain-loop twin of convolutions, in double. Never optimise this file.
#pragma once

#include <array>

#include "reference.hpp"

namespace nncpp::reference {

struct Convolution {
  Index N = 1, H = 1, W = 1, C = 1, K = 1;
  std::array<Index, 2> size{1, 1}, strides{1, 1}, dilation{1, 1};  // rows, columns
  std::array<std::array<Index, 2>, 2> padding{};
  Index groups = 1;

  // pixels from the first that a window sees to the last that another sees when it stands at the end
  Index room(std::size_t axis) const {
    return (axis == 0 ? H : W) + padding[axis][0] + padding[axis][1] - dilation[axis] * (size[axis] - 1) - 1;
  }
  bool fits() const { return room(0) >= 0 && room(1) >= 0; }
  Index rows() const { return room(0) / strides[0] + 1; }
  Index columns() const { return room(1) / strides[1] + 1; }
  Index products() const { return N * rows() * columns() * size[0] * size[1] * C * (K / groups); }
};

// f(p, q, w): element q of z has the term u_p W_w
template <typename F>
void for_terms(const Convolution& c, F f) {
  const Index channels = c.C / c.groups, filters = c.K / c.groups;
  std::size_t q = 0;
  for (Index n = 0; n < c.N; ++n)
    for (Index y = 0; y < c.rows(); ++y)
      for (Index x = 0; x < c.columns(); ++x)
        for (Index k = 0; k < c.K; ++k, ++q)
          for (Index i = 0; i < c.size[0]; ++i)
            for (Index j = 0; j < c.size[1]; ++j) {
              const Index row = y * c.strides[0] + i * c.dilation[0] - c.padding[0][0];
              const Index column = x * c.strides[1] + j * c.dilation[1] - c.padding[1][0];
              if (row < 0 || row >= c.H || column < 0 || column >= c.W) continue;  // a zero
              const Index pixel = (n * c.H + row) * c.W + column, group = k / filters;
              for (Index channel = 0; channel < channels; ++channel)
                f(at(pixel, group * channels + channel, c.C), q, at((i * c.size[1] + j) * channels + channel, k, c.K));
            }
}

inline Product zeros(std::size_t size) { return {Vector(size), Vector(size)}; }

inline void add(Product& sums, std::size_t i, double term) {
  sums.values[i] += term;
  sums.magnitudes[i] += std::abs(term);
}

// z (N, H', W', K) of u (N, H, W, C) and W (F_h, F_w, C/G, K)
template <typename T>
Product convolve(const Convolution& c, const T* u, const T* weight, const T* bias) {
  Product z = zeros(static_cast<std::size_t>(c.N * c.rows() * c.columns() * c.K));
  if (bias)
    for (std::size_t q = 0; q < z.values.size(); ++q)
      add(z, q, static_cast<double>(bias[q % static_cast<std::size_t>(c.K)]));
  for_terms(c, [&](std::size_t p, std::size_t q, std::size_t w) {
    add(z, q, static_cast<double>(u[p]) * static_cast<double>(weight[w]));
  });
  return z;
}

struct ConvolutionGradients {
  Product du, dweight;
};

template <typename T>
ConvolutionGradients convolve_backward(const Convolution& c, const T* u, const T* weight, const T* dz) {
  ConvolutionGradients gradients{zeros(static_cast<std::size_t>(c.N * c.H * c.W * c.C)),
                                 zeros(static_cast<std::size_t>(c.size[0] * c.size[1] * (c.C / c.groups) * c.K))};
  for_terms(c, [&](std::size_t p, std::size_t q, std::size_t w) {
    const auto dq = static_cast<double>(dz[q]);
    add(gradients.du, p, dq * static_cast<double>(weight[w]));
    add(gradients.dweight, w, dq * static_cast<double>(u[p]));
  });
  return gradients;
}

}  // namespace nncpp::reference
