#include "nncpp/layers/selection.hpp"

#include "axes.hpp"
#include "broadcast.hpp"
#include "nncpp/dual.hpp"

namespace nncpp {

template <typename T>
Shape Where<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 3);
  return broadcast(inputs);
}

template <typename T>
LayerMemory Where<T>::memory(std::span<const Shape> inputs, Index n) const {
  return {.backward = n * numel(output_shape(inputs))};
}

template <typename T>
void Where<T>::forward(const Forward<T>& pass) const {
  broadcast_forward<3>(pass, 1.0, [](T c, T a, T b) { return c != T(0) ? a : b; });
}

template <typename T>
void Where<T>::backward(const Backward<T>& pass) const {
  zero_gradient(pass.dinputs[0]);
  broadcast_backward<3>(pass, 1, 1.0, [](T dv, T, T c, T, T) { return c != T(0) ? dv : T(0); });
  broadcast_backward<3>(pass, 2, 1.0, [](T dv, T, T c, T, T) { return c != T(0) ? T(0) : dv; });
}

// u is (rows of u, before, length, after), indices (rows of indices, count), v (rows, before, count, after)
template <typename T>
struct Gather<T>::Sizes {
  Index rows, before, length, after, count;
  bool u_repeats, indices_repeat;  // over the rows

  // element i of the indices for a row of v
  Index place(const T* indices, Index row, Index i) const {
    const Real<T> value = value_of(indices[(indices_repeat ? 0 : row) * count + i]);
    const auto end = static_cast<Real<T>>(length);
    const Index index = value >= -end && value < end ? static_cast<Index>(value) : length;
    if (index == length || static_cast<Real<T>>(index) != value)
      throw DataError(text("expected indices among the whole numbers ", -length, " ... ", length - 1, ", got ", value));
    return index < 0 ? index + length : index;
  }
};

template <typename T>
typename Gather<T>::Sizes Gather<T>::sizes(const Shape& u, const Shape& indices) const {
  const std::size_t axis = axis_of(axis_, u.rank() - 1) + 1;
  Sizes sizes{std::max(u[0], indices[0]), 1, u[axis], 1, numel(indices) / indices[0], false, false};
  for (std::size_t i = 1; i < u.rank(); ++i) (i < axis ? sizes.before : sizes.after) *= i == axis ? 1 : u[i];
  sizes.u_repeats = u[0] < sizes.rows;
  sizes.indices_repeat = indices[0] < sizes.rows;
  return sizes;
}

template <typename T>
Shape Gather<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 2);
  const Shape &u = inputs[0], &indices = inputs[1];
  const auto axis = static_cast<std::ptrdiff_t>(axis_of(axis_, u.rank()));
  std::vector<Index> axes(u.begin(), u.begin() + axis);
  axes.insert(axes.end(), indices.begin(), indices.end());
  axes.insert(axes.end(), u.begin() + axis + 1, u.end());
  return Shape(axes);
}

template <typename T>
void Gather<T>::forward(const Forward<T>& pass) const {
  const Sizes s = sizes(pass.inputs[0].shape, pass.inputs[1].shape);
  const T* const indices = pass.inputs[1].data;
  parallel_for(s.rows * s.before, static_cast<double>(pass.output.size()), [&](Index task) {
    const Index row = task / s.before, from = s.u_repeats ? task % s.before : task;
    const T* const u = pass.inputs[0].data + from * s.length * s.after;
    T* const v = pass.output.data + task * s.count * s.after;
    for (Index i = 0; i < s.count; ++i) std::copy_n(u + s.place(indices, row, i) * s.after, s.after, v + i * s.after);
  });
}

template <typename T>
void Gather<T>::backward(const Backward<T>& pass) const {
  zero_gradient(pass.dinputs[1]);
  const auto& du = pass.dinputs[0];
  if (!du.is_wanted()) return;
  zero_gradient(du);
  const Sizes s = sizes(pass.inputs[0].shape, pass.inputs[1].shape);
  const T* const indices = pass.inputs[1].data;
  constexpr Index kWidth = 64;  // columns of a task: it alone writes to them, in the order of the rows
  const Index tiles = (s.after + kWidth - 1) / kWidth, slabs = (s.u_repeats ? 1 : s.rows) * s.before;
  parallel_for(slabs * tiles, static_cast<double>(pass.doutput.size()), [&](Index task) {
    const Index slab = task / tiles, first = task % tiles * kWidth, width = std::min(kWidth, s.after - first);
    const Index step = s.u_repeats ? s.before : s.rows * s.before;  // from row to row of v that read this slab
    for (Index from = slab; from < s.rows * s.before; from += step) {
      const T* const dv = pass.doutput.data + from * s.count * s.after + first;
      for (Index i = 0; i < s.count; ++i) {
        T* const to = du.to.data + (slab * s.length + s.place(indices, from / s.before, i)) * s.after + first;
        for (Index j = 0; j < width; ++j) to[j] += dv[i * s.after + j];
      }
    }
  });
}

template class Where<float>;
template class Where<double>;
template class Where<Dual>;
template class Gather<float>;
template class Gather<double>;
template class Gather<Dual>;

}  // namespace nncpp
