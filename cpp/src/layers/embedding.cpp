#include "nncpp/layers/embedding.hpp"

#include "../picked_rows.hpp"
#include "nncpp/error.hpp"
#include "require_inputs.hpp"

namespace nncpp {

template <typename T>
Embedding<T>::Embedding(const Options& options) : options_(options) {
  if (options.vocabulary < 1) throw DataError(text("vocabulary: expected 1 or more, got ", options.vocabulary));
  if (options.dimensions < 1) throw DataError(text("dimensions: expected 1 or more, got ", options.dimensions));
}

template <typename T>
Shape Embedding<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  std::vector<Index> axes(inputs[0].begin(), inputs[0].end());
  axes.push_back(options_.dimensions);
  return Shape(axes);
}

template <typename T>
std::vector<SegmentSpec> Embedding<T>::parameters(std::span<const Shape> /*inputs*/) const {
  const Index C = options_.vocabulary, D = options_.dimensions;
  return {{"weight", {C, D}, SegmentKind::kWeight, options_.weight_initializer, C, D, options_.is_trainable}};
}

template <typename T>
void Embedding<T>::forward(const Forward<T>& pass) const {
  multiply_picked<T>(*pass.picks[0], pass.weights[0], pass.output.data);
}

template <typename T>
void Embedding<T>::backward(const Backward<T>& pass) const {
  if (pass.dweights[0].is_wanted()) multiply_picked_backward<T>(*pass.picks[0], pass.doutput.data, pass.dweights[0]);
}

template class Embedding<float>;
template class Embedding<double>;
template class Embedding<Dual>;

}  // namespace nncpp
