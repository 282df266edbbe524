#include "nncpp/layers/variable.hpp"

#include <algorithm>
#include <functional>

#include "nncpp/error.hpp"

namespace nncpp {
namespace {

void require_no_inputs(std::span<const Shape> inputs) {
  if (!inputs.empty()) throw ShapeError(text("expected no input, got ", inputs.size()));
}

template <typename T>
void copy(Tensor<const T> from, Tensor<T> to) {
  std::copy(from.begin(), from.end(), to.data);
}

}  // namespace

template <typename T>
Variable<T>::Variable(Shape shape) : shape_(shape) {
  numel(shape);
}

template <typename T>
Shape Variable<T>::output_shape(std::span<const Shape> inputs) const {
  require_no_inputs(inputs);
  return shape_;
}

template <typename T>
std::vector<SegmentSpec> Variable<T>::parameters(std::span<const Shape>) const {
  return {{"value", shape_, SegmentKind::kWeight, {}}};
}

template <typename T>
void Variable<T>::forward(const Forward<T>& pass) const {
  copy(pass.weights[0], pass.output);  // (...) to (1, ...)
}

template <typename T>
void Variable<T>::backward(const Backward<T>& pass) const {
  const auto& dW = pass.dweights[0];  // (...)
  if (!dW.is_wanted()) return;
  if (dW.write == Write::kAssign) return copy(pass.doutput, dW.to);
  std::transform(dW.to.begin(), dW.to.end(), pass.doutput.data, dW.to.data, std::plus<T>());
}

template <typename T>
Constant<T>::Constant(Shape shape) : shape_(shape) {
  numel(shape);
}

template <typename T>
Shape Constant<T>::output_shape(std::span<const Shape> inputs) const {
  require_no_inputs(inputs);
  return shape_;
}

template <typename T>
std::vector<SegmentSpec> Constant<T>::state(std::span<const Shape>) const {
  return {{"value", shape_, SegmentKind::kState, {}}};
}

template <typename T>
void Constant<T>::forward(const Forward<T>& pass) const {
  copy(pass.state[0], pass.output);  // (...) to (1, ...)
}

template class Variable<float>;
template class Variable<double>;
template class Variable<Dual>;
template class Constant<float>;
template class Constant<double>;
template class Constant<Dual>;

}  // namespace nncpp
