#include "nncpp/layers/dense.hpp"

#include "../picked_rows.hpp"
#include "last_axis.hpp"

namespace nncpp {

template <typename T>
Dense<T>::Dense(const Options& options) : options_(options) {
  if (options.units < 1) throw DataError(text("units: expected 1 or more, got ", options.units));
}

template <typename T>
Shape Dense<T>::output_shape(std::span<const Shape> inputs) const {
  return with_last_axis(inputs, options_.units);
}

template <typename T>
std::vector<SegmentSpec> Dense<T>::parameters(std::span<const Shape> inputs) const {
  const Index D = inputs[0].back(), K = options_.units;
  std::vector<SegmentSpec> specs{{"weight", {D, K}, SegmentKind::kWeight, options_.weight_initializer, D, K}};
  if (options_.use_bias) specs.push_back({"bias", {K}, SegmentKind::kBias, options_.bias_initializer, D, K});
  return specs;
}

template <typename T>
LayerMemory Dense<T>::memory(std::span<const Shape> inputs, Index n) const {
  if (options_.activation == Activation::kIdentity) return {};
  const Index size = numel(output_shape(inputs).batch(n));  // of z and dz
  return {.saved = needs_z(options_.activation) ? size : 0, .backward = size};
}

template <typename T>
void Dense<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];                                   // (N, D)
  const auto& W = pass.weights[0];                                  // (D, K)
  const T* b = options_.use_bias ? pass.weights[1].data : nullptr;  // (K)
  const Index N = u.rows(), D = u.columns(), K = options_.units;
  const Picks<T>* const rows = pass.picks.empty() ? nullptr : pass.picks[0];  // of u, where they are sparse

  T* const v = pass.output.data;                                                  // (N, K)
  T* const z = needs_z(options_.activation) && !pass.is_linear ? pass.saved : v;  // (N, K), in place unless it is kept
  if (rows != nullptr)
    multiply_picked(*rows, W, z, b);
  else
    multiply(matrix(u.data, N, D), matrix(W.data, D, K), z, Write::kAssign, b);
  if (!pass.is_linear && options_.activation != Activation::kIdentity) activate(options_.activation, z, v, N, K);
}

template <typename T>
void Dense<T>::backward(const Backward<T>& pass) const {
  const auto& u = pass.inputs[0];   // (N, D)
  const auto& W = pass.weights[0];  // (D, K)
  const Index N = u.rows(), D = u.columns(), K = options_.units;
  const Picks<T>* const rows = pass.picks.empty() ? nullptr : pass.picks[0];

  const T* dz = pass.doutput.data;  // (N, K)
  if (!pass.is_linear && options_.activation != Activation::kIdentity) {
    activate_backward(options_.activation, pass.saved, pass.output.data, dz, pass.scratch, N, K);
    dz = pass.scratch;
  }
  const auto& [du, dW] = std::pair{pass.dinputs[0], pass.dweights[0]};
  if (du.is_wanted()) multiply(matrix(dz, N, K), transposed(W.data, D, K), du.to.data, du.write);
  if (dW.is_wanted()) {
    if (rows != nullptr)
      multiply_picked_backward(*rows, dz, dW);
    else
      multiply(transposed(u.data, N, D), matrix(dz, N, K), dW.to.data, dW.write);
  }
  if (options_.use_bias && pass.dweights[1].is_wanted())
    sum_rows(dz, N, K, pass.dweights[1].to.data, pass.dweights[1].write);
}

template class Dense<float>;
template class Dense<double>;
template class Dense<Dual>;

}  // namespace nncpp
