#include "nncpp/layers/last_step.hpp"

#include <algorithm>

#include "last_axis.hpp"

namespace nncpp {
namespace {

template <typename T>
void put(const T* from, Index count, T* to, Write write) {
  for (Index j = 0; j < count; ++j) to[j] = write == Write::kAdd ? to[j] + from[j] : from[j];
}

template <typename T>
void zero(const Gradient<T>& gradient) {
  if (gradient.write == Write::kAssign) std::fill(gradient.to.begin(), gradient.to.end(), T(0));
}

}  // namespace

template <typename T>
Shape LastStep<T>::output_shape(std::span<const Shape> inputs) const {
  if (same_shape(inputs).rank() < 2)
    throw ShapeError(text("expected input (N, T, ...), got ", to_string(inputs[0], true)));
  return inputs[0].sample();
}

template <typename T>
Index LastStep<T>::row(const Sequences& sequences, Index rank) const {
  return sequences.row(rank, is_first_ ? 0 : sequences.length(rank) - 1);
}

template <typename T>
void LastStep<T>::forward(const Forward<T>& pass) const {
  const Sequences& sequences = *pass.sequences;
  const Index size = pass.output.size() / sequences.count();
  for (Index rank = 0; rank < sequences.count(); ++rank)
    std::copy_n(pass.inputs[0].data + row(sequences, rank) * size, size,
                pass.output.data + sequences.sample(rank) * size);
}

template <typename T>
void LastStep<T>::backward(const Backward<T>& pass) const {
  const Gradient<T>& du = pass.dinputs[0];
  if (!du.is_wanted()) return;
  const Sequences& sequences = *pass.sequences;
  const Index size = pass.doutput.size() / sequences.count();
  zero(du);
  for (Index rank = 0; rank < sequences.count(); ++rank)
    put(pass.doutput.data + sequences.sample(rank) * size, size, du.to.data + row(sequences, rank) * size, du.write);
}

template <typename T>
Columns<T>::Columns(Index first, Index count) : first_(first), count_(count) {
  if (first < 0) throw DataError(text("first: expected 0 or more, got ", first));
  if (count < 1) throw DataError(text("count: expected 1 or more, got ", count));
}

template <typename T>
Shape Columns<T>::output_shape(std::span<const Shape> inputs) const {
  const Shape shape = with_last_axis(inputs, count_);
  if (inputs[0].back() < first_ + count_)
    throw ShapeError(text("expected at least ", first_ + count_, " columns, got ", to_string(inputs[0], true)));
  return shape;
}

template <typename T>
void Columns<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];
  for (Index row = 0; row < u.rows(); ++row)
    std::copy_n(u.data + row * u.columns() + first_, count_, pass.output.data + row * count_);
}

template <typename T>
void Columns<T>::backward(const Backward<T>& pass) const {
  const Gradient<T>& du = pass.dinputs[0];
  if (!du.is_wanted()) return;
  zero(du);
  for (Index row = 0; row < du.to.rows(); ++row)
    put(pass.doutput.data + row * count_, count_, du.to.data + row * du.to.columns() + first_, du.write);
}

#define NNCPP_INSTANTIATE(T)  \
  template class LastStep<T>; \
  template class Columns<T>;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
