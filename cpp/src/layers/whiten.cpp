#include "nncpp/layers/whiten.hpp"

#include "same_shape.hpp"

namespace nncpp {

template <typename T>
Shape Whiten<T>::output_shape(std::span<const Shape> inputs) const {
  return same_columns(inputs);
}

template <typename T>
std::vector<SegmentSpec> Whiten<T>::state(std::span<const Shape> inputs) const {
  const Index D = inputs[0].back();
  const Initializer zero{Initializer::Kind::kConstant, 0.0}, identity{Initializer::Kind::kIdentity};
  return {{"mean", {D}, SegmentKind::kState, zero}, {"matrix", {D, D}, SegmentKind::kState, identity}};
}

template <typename T>
LayerMemory Whiten<T>::memory(std::span<const Shape> inputs, Index n) const {
  return {.forward = numel(inputs[0].batch(n))};
}

template <typename T>
void Whiten<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];      // (N, D)
  const T* mean = pass.state[0].data;  // (D)
  const auto& M = pass.state[1];       // (D, D)
  const Index N = u.rows(), D = u.columns();

  T* const centred = pass.scratch;  // (N, D); u M - mean M would lose digits where the mean is large
  for (Index n = 0; n < N; ++n)
    for (Index d = 0; d < D; ++d) centred[n * D + d] = u.data[n * D + d] - mean[d];
  multiply(matrix<T>(centred, N, D), matrix(M.data, D, D), pass.output.data, Write::kAssign);
}

template <typename T>
void Whiten<T>::backward(const Backward<T>& pass) const {
  const auto& dv = pass.doutput;     // (N, D)
  const auto& M = pass.state[1];     // (D, D)
  const auto& du = pass.dinputs[0];  // (N, D)
  const Index N = dv.rows(), D = dv.columns();
  if (du.is_wanted()) multiply(matrix(dv.data, N, D), transposed(M.data, D, D), du.to.data, du.write);
}

template class Whiten<float>;
template class Whiten<double>;
template class Whiten<Dual>;

}  // namespace nncpp
