#include "nncpp/layers/up_sample.hpp"

#include <algorithm>

#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {

template <typename T>
Shape UpSample2D<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const auto [height, width, C] = window_.image(inputs[0]);
  const auto [down, across] = window_.options().size;
  return window_.options().is_sequence ? Shape{across * width, C} : Shape{down * height, across * width, C};
}

template <typename T>
void UpSample2D<T>::forward(const Forward<T>& pass) const {
  const auto& [u, v] = std::pair{pass.inputs[0], pass.output};
  const Image image = window_.image(u.shape.sample());
  const auto [down, across] = window_.options().size;
  const Index C = image.channels, row = across * image.width * C;  // of v
  parallel_for(u.shape[0], static_cast<double>(v.size()), [&](Index n) {
    const T* from = u.data + n * image.size();
    T* to = v.data + n * image.size() * down * across;
    for (Index y = 0; y < image.height; ++y) {
      const T* const first = to;
      for (Index x = 0; x < image.width; ++x, from += C)
        for (Index j = 0; j < across; ++j) to = std::copy_n(from, C, to);
      for (Index i = 1; i < down; ++i) to = std::copy_n(first, row, to);
    }
  });
}

template <typename T>
void UpSample2D<T>::backward(const Backward<T>& pass) const {
  const auto& [dv, du] = std::pair{pass.doutput, pass.dinputs[0]};
  if (!du.is_wanted()) return;
  const Image image = window_.image(du.to.shape.sample());
  const auto [down, across] = window_.options().size;
  const Index C = image.channels, row = image.width * C;  // of u
  parallel_for(dv.shape[0], static_cast<double>(dv.size()), [&](Index n) {
    const T* from = dv.data + n * image.size() * down * across;
    T* to = du.to.data + n * image.size();
    if (du.write == Write::kAssign) std::fill_n(to, image.size(), T(0));
    for (Index y = 0; y < image.height; ++y, to += row)
      for (Index i = 0; i < down; ++i)
        for (Index at = 0; at < row; at += C)
          for (Index j = 0; j < across; ++j, from += C)
            for (Index c = 0; c < C; ++c) to[at + c] += from[c];
  });
}

template class UpSample2D<float>;
template class UpSample2D<double>;
template class UpSample2D<Dual>;

}  // namespace nncpp
