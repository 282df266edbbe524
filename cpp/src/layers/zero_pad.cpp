#include "nncpp/layers/zero_pad.hpp"

#include <algorithm>
#include <functional>

#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {
namespace {

// How many numbers of one image lie behind each other in v.
struct Parts {
  Index rows, row;                                       // of u
  Index before, after, row_of_v = before + row + after;  // zeros beside each row
  Index above, below;                                    // zeros over and under all rows

  Parts(const Image& image, const std::array<Zeros, 2>& padding)
      : rows(image.height),
        row(image.width * image.channels),
        before(padding[1][0] * image.channels),
        after(padding[1][1] * image.channels),
        above(padding[0][0] * row_of_v),
        below(padding[0][1] * row_of_v) {}
  Index from() const { return rows * row; }
  Index to() const { return above + rows * row_of_v + below; }
};

}  // namespace

template <typename T>
Shape ZeroPad2D<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  return window_.output_shape(inputs[0], window_.image(inputs[0]).channels);
}

template <typename T>
void ZeroPad2D<T>::forward(const Forward<T>& pass) const {
  const auto& [u, v] = std::pair{pass.inputs[0], pass.output};
  const Parts parts(window_.image(u.shape.sample()), window_.options().padding);
  parallel_for(u.shape[0], static_cast<double>(v.size()), [&](Index n) {
    const T* from = u.data + n * parts.from();
    T* to = std::fill_n(v.data + n * parts.to(), parts.above, T(0));
    for (Index y = 0; y < parts.rows; ++y, from += parts.row) {
      to = std::fill_n(to, parts.before, T(0));
      to = std::copy_n(from, parts.row, to);
      to = std::fill_n(to, parts.after, T(0));
    }
    std::fill_n(to, parts.below, T(0));
  });
}

template <typename T>
void ZeroPad2D<T>::backward(const Backward<T>& pass) const {
  const auto& [dv, du] = std::pair{pass.doutput, pass.dinputs[0]};
  if (!du.is_wanted()) return;
  const Parts parts(window_.image(du.to.shape.sample()), window_.options().padding);
  parallel_for(dv.shape[0], static_cast<double>(dv.size()), [&](Index n) {
    const T* from = dv.data + n * parts.to() + parts.above + parts.before;
    T* to = du.to.data + n * parts.from();
    for (Index y = 0; y < parts.rows; ++y, from += parts.row_of_v, to += parts.row) {
      if (du.write == Write::kAssign)
        std::copy_n(from, parts.row, to);
      else
        std::transform(from, from + parts.row, to, to, std::plus<T>());
    }
  });
}

template class ZeroPad2D<float>;
template class ZeroPad2D<double>;
template class ZeroPad2D<Dual>;

}  // namespace nncpp
