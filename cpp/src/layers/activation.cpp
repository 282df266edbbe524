#include "nncpp/layers/activation.hpp"

#include "same_shape.hpp"

namespace nncpp {

template <typename T>
Shape ActivationLayer<T>::output_shape(std::span<const Shape> inputs) const {
  const bool has_columns = activation_ == Activation::kSoftmax || activation_ == Activation::kLogSoftmax;
  return has_columns ? same_shape_with_columns(inputs) : same_shape(inputs);
}

template <typename T>
void ActivationLayer<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];  // (N, ..., K)
  activate(pass.is_linear ? Activation::kIdentity : activation_, u.data, pass.output.data, u.rows(), u.columns());
}

template <typename T>
void ActivationLayer<T>::backward(const Backward<T>& pass) const {
  const auto& v = pass.output;       // (N, ..., K)
  const auto& du = pass.dinputs[0];  // (N, ..., K)
  if (!du.is_wanted()) return;
  activate_backward(pass.is_linear ? Activation::kIdentity : activation_, pass.inputs[0].data, v.data,
                    pass.doutput.data, du.to.data, v.rows(), v.columns(), du.write);
}

template class ActivationLayer<float>;
template class ActivationLayer<double>;
template class ActivationLayer<Dual>;

}  // namespace nncpp
