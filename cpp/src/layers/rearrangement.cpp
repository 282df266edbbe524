#include "nncpp/layers/rearrangement.hpp"

#include <algorithm>

#include "axes.hpp"
#include "broadcast.hpp"
#include "nncpp/dual.hpp"

namespace nncpp {

template <typename T>
Shape Reshape<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  std::vector<Index> axes = axes_;
  const auto open = std::find(axes.begin(), axes.end(), -1);
  if (open != axes.end()) {
    *open = 1;
    *open = numel(inputs[0]) / std::max<Index>(numel(Shape(axes)), 1);
  }
  const Shape shape(axes);
  if (numel(shape) != numel(inputs[0]))
    throw ShapeError(text("expected a shape of ", numel(inputs[0]), " numbers for ", inputs[0], ", got ", shape));
  return shape;
}

template <typename T>
void Reshape<T>::forward(const Forward<T>& pass) const {
  std::copy(pass.inputs[0].begin(), pass.inputs[0].end(), pass.output.data);
}

template <typename T>
void Reshape<T>::backward(const Backward<T>& pass) const {
  const auto& du = pass.dinputs[0];
  const Shape line{pass.doutput.size()};
  if (du.is_wanted()) read(Walk<1>(line, {strides_of(line)}), pass.doutput.data, du.to.data, du.write);
}

template <typename T>
std::vector<std::size_t> Transpose<T>::order(std::size_t rank) const {
  if (axes_) return different_axes(*axes_, rank);
  std::vector<std::size_t> reversed;
  for (std::size_t i = rank; i-- > 0;) reversed.push_back(i);
  return reversed;
}

template <typename T>
Shape Transpose<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const Shape& u = inputs[0];
  std::vector<Index> axes;
  for (const std::size_t axis : order(u.rank())) axes.push_back(u[axis]);
  if (axes.size() != u.rank()) throw ShapeError(text("expected ", u.rank(), " axes for ", u, ", got ", axes.size()));
  return Shape(axes);
}

// u (N, ...) as v reads it
static Walk<1> transposed(const Shape& u, const Shape& v, const std::vector<std::size_t>& order) {
  const Strides own = strides_of(u);
  Strides strides{own[0]};
  for (std::size_t i = 0; i < order.size(); ++i) strides[i + 1] = own[order[i] + 1];
  return {v, {strides}};
}

template <typename T>
void Transpose<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];
  const Shape& v = pass.output.shape;
  read(transposed(u.shape, v, order(v.rank() - 1)), u.data, pass.output.data, Write::kAssign);
}

template <typename T>
void Transpose<T>::backward(const Backward<T>& pass) const {
  const auto& du = pass.dinputs[0];
  const auto& dv = pass.doutput;
  if (du.is_wanted())
    write_back(transposed(du.to.shape, dv.shape, order(dv.shape.rank() - 1)), dv.data, du.to.data, du.write);
}

template <typename T>
Shape Slice<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const Shape& u = inputs[0];
  if (axes_.size() != u.rank()) throw ShapeError(text("expected ", axes_.size(), " axes, got ", u));
  std::vector<Index> axes;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const auto& [start, length, step] = axes_[i];
    const Index last = start + (length - 1) * step;
    if (length < 1) throw ShapeError(text("expected at least 1 element along axis ", i, " of ", u, ", got none"));
    if (std::min(start, last) < 0 || std::max(start, last) >= u[i])
      throw ShapeError(text("expected elements 0 ... ", u[i] - 1, " along axis ", i, ", got ", start, " ... ", last));
    axes.push_back(length);
  }
  return Shape(axes);
}

// u (N, ...) as v reads it, from its element `first` on
template <typename Axis>
static std::pair<Walk<1>, Index> sliced(const Shape& u, const Shape& v, const std::vector<Axis>& axes) {
  Strides strides = strides_of(u);
  Index first = 0;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    first += axes[i].start * strides[i + 1];
    strides[i + 1] *= axes[i].step;
  }
  return {Walk<1>(v, {strides}), first};
}

template <typename T>
void Slice<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];
  const auto [walk, first] = sliced(u.shape, pass.output.shape, axes_);
  read(walk, u.data + first, pass.output.data, Write::kAssign);
}

template <typename T>
void Slice<T>::backward(const Backward<T>& pass) const {
  const auto& du = pass.dinputs[0];
  if (!du.is_wanted()) return;
  const auto [walk, first] = sliced(du.to.shape, pass.doutput.shape, axes_);
  zero_gradient(du);
  write_back(walk, pass.doutput.data, du.to.data + first, Write::kAdd);
}

template <typename T>
Shape Concatenate<T>::output_shape(std::span<const Shape> inputs) const {
  if (inputs.empty()) throw ShapeError("expected at least 1 input, got 0");
  const Shape& first = inputs[0];
  const std::size_t axis = axis_of(axis_, first.rank());
  std::vector<Index> axes(first.begin(), first.end());
  for (const Shape& u : inputs.subspan(1)) {
    bool fits = u.rank() == first.rank();
    for (std::size_t i = 0; fits && i < u.rank(); ++i) fits = i == axis || u[i] == first[i];
    if (!fits) throw ShapeError(text("expected shapes that differ in axis ", axis, " only, got ", first, " and ", u));
    axes[axis] += u[axis];
  }
  return Shape(axes);
}

template <typename T>
LayerMemory Concatenate<T>::memory(std::span<const Shape> inputs, Index n) const {
  Index largest = 0;
  for (const Shape& u : inputs) largest = std::max(largest, numel(u));
  return {.backward = n * largest};
}

// f(part, where v holds it, the part's shape with v's rows) for each operand
template <typename Operands, typename F>
static void for_parts(const Operands& operands, const Shape& v, Index axis, F f) {
  const std::size_t place = axis_of(axis, v.rank() - 1) + 1;
  const Strides strides = strides_of(v);
  Index first = 0;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    std::vector<Index> axes(v.begin(), v.end());
    axes[place] = operands[k][place];
    f(k, Walk<1>(Shape(axes), {strides}), first * strides[place], Shape(axes));
    first += axes[place];
  }
}

template <typename T>
void Concatenate<T>::forward(const Forward<T>& pass) const {
  std::vector<Shape> shapes;
  for (const auto& u : pass.inputs) shapes.push_back(u.shape);
  for_parts(shapes, pass.output.shape, axis_, [&](std::size_t k, const Walk<1>&, Index first, const Shape& part) {
    const Walk<2> both(part, {strides_of(pass.output.shape), broadcast_strides(shapes[k], part)});
    parallel_blocks(both.size(), 1.0, [&](Index begin, Index end) {
      both.for_runs(begin, end, [&](Index, Index length, const std::array<Index, 2>& offsets) {
        T* const v = pass.output.data + first + offsets[0];
        const T* const u = pass.inputs[k].data + offsets[1];
        for (Index i = 0; i < length; ++i) v[i * both.steps()[0]] = u[i * both.steps()[1]];
      });
    });
  });
}

template <typename T>
void Concatenate<T>::backward(const Backward<T>& pass) const {
  std::vector<Shape> shapes;
  for (const auto& u : pass.inputs) shapes.push_back(u.shape);
  const Shape& v = pass.doutput.shape;
  for_parts(shapes, v, axis_, [&](std::size_t k, const Walk<1>& walk, Index first, const Shape& part) {
    const auto& du = pass.dinputs[k];
    if (!du.is_wanted()) return;
    if (du.to.size() == numel(part)) return read(walk, pass.doutput.data + first, du.to.data, du.write);
    read(walk, pass.doutput.data + first, pass.scratch, Write::kAssign);
    sum_to(pass.scratch, part, du.to.data, shapes[k], du.write);
  });
}

#define NNCPP_INSTANTIATE(T)   \
  template class Reshape<T>;   \
  template class Transpose<T>; \
  template class Slice<T>;     \
  template class Concatenate<T>;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
