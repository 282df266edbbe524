#include "nncpp/layers/standardize.hpp"

#include "same_shape.hpp"

namespace nncpp {

template <typename T>
Shape Standardize<T>::output_shape(std::span<const Shape> inputs) const {
  return same_columns(inputs);
}

template <typename T>
std::vector<SegmentSpec> Standardize<T>::state(std::span<const Shape> inputs) const {
  const Initializer zero{Initializer::Kind::kConstant, 0.0}, one{Initializer::Kind::kConstant, 1.0};
  return {{"mean", inputs[0], SegmentKind::kState, zero}, {"deviation", inputs[0], SegmentKind::kState, one}};
}

template <typename T>
void Standardize<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];           // (N, D)
  const T* mean = pass.state[0].data;       // (D)
  const T* deviation = pass.state[1].data;  // (D)
  const Index N = u.rows(), D = u.columns();
  for (Index n = 0; n < N; ++n)
    for (Index d = 0; d < D; ++d) pass.output.data[n * D + d] = (u.data[n * D + d] - mean[d]) / deviation[d];
}

template <typename T>
void Standardize<T>::backward(const Backward<T>& pass) const {
  const auto& dv = pass.doutput;            // (N, D)
  const auto& du = pass.dinputs[0];         // (N, D)
  const T* deviation = pass.state[1].data;  // (D)
  const Index N = dv.rows(), D = dv.columns();
  if (!du.is_wanted()) return;
  for (Index n = 0; n < N; ++n) {
    for (Index d = 0; d < D; ++d) {
      const T value = dv.data[n * D + d] / deviation[d];
      T& to = du.to.data[n * D + d];
      to = du.write == Write::kAdd ? to + value : value;
    }
  }
}

template class Standardize<float>;
template class Standardize<double>;
template class Standardize<Dual>;

}  // namespace nncpp
