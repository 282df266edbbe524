#include "nncpp/module.hpp"

#include <algorithm>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {
namespace {

template <typename U, typename T>
std::vector<Tensor<U>> views(const std::vector<Segment>& segments, T* flat) {
  std::vector<Tensor<U>> result;
  for (const Segment& segment : segments) result.push_back(view(segment, flat));
  return result;
}

}  // namespace

template <typename T>
Module<T>::Module(std::shared_ptr<const Layer<T>> layer, const std::vector<Shape>& input_shapes, std::string name,
                  std::uint64_t seed)
    : seed_(seed) {
  std::vector<int> ids;
  for (std::size_t i = 0; i < input_shapes.size(); ++i)
    ids.push_back(
        graph_.input(input_shapes[i], name, 1, layer->num_tokens(i) > 0 ? InputKind::kTokens : InputKind::kNumbers));
  graph_.add(std::move(layer), ids, std::move(name));
  theta_ = Buffer<T>(graph_.theta_size());
  state_ = Buffer<T>(graph_.state_size());
  next_state_ = Buffer<T>(graph_.state_size());
  graph_.initialize(seed, theta(), state());
}

template <typename T>
Index Module<T>::require_inputs(const Call& call) const {
  const auto& shapes = node().input_shapes;
  if (call.inputs.size() != shapes.size())
    throw ShapeError(text(node().name, ": expected ", shapes.size(), " inputs, got ", call.inputs.size()));
  const Index n = call.inputs.empty() ? 1 : call.inputs[0].shape.rank() == 0 ? 0 : call.inputs[0].shape[0];
  for (std::size_t i = 0; i < shapes.size(); ++i)
    if (n < 1 || !(call.inputs[i].shape == shapes[i].batch(n)))
      throw ShapeError(
          text(node().name, ": expected input ", to_string(shapes[i], true), ", got ", call.inputs[i].shape));
  return n;
}

template <typename T>
typename Module<T>::Beside Module<T>::beside(const Call& call) const {
  Beside result;
  result.held.resize(call.inputs.size());
  for (std::size_t i = 0; i < call.inputs.size(); ++i) {
    const Node<T>& input = graph_.nodes()[i];
    const Tensor<const T>& u = call.inputs[i];
    if (input.has_steps && result.sequences.empty()) {
      result.sequences.emplace_back(u.shape[0], u.shape[1]);
      result.sequences.back().set(u.shape[0]);
    }
    if (input.kind == InputKind::kTokens) {
      Picks<T>& picks = result.held[i];
      picks.rows = u.size();
      for (const T token : u) {
        picks.columns.push_back(static_cast<Index>(token));
        if (static_cast<T>(picks.columns.back()) != token || token < T(0) || token >= static_cast<T>(input.bound))
          throw DataError(text(node().name, ": expected tokens 0 ... ", input.bound - 1, ", got ", token));
      }
      picks.group(input.bound);
    }
    result.picks.push_back(input.kind == InputKind::kTokens ? &result.held[i] : nullptr);
  }
  return result;
}

template <typename T>
void Module<T>::run_forward(const Call& call, Tensor<T> output, T* saved) {
  Buffer<T> scratch(node().layer->memory(node().input_shapes, output.shape[0]).forward);
  const auto weights = views<const T>(segments(), theta()), states_now = views<const T>(states(), state());
  const auto states_next = views<T>(states(), next_state_.data());
  const Beside beside = this->beside(call);
  named(node().name, [&] {
    node().layer->forward({.inputs = call.inputs,
                           .output = output,
                           .weights = weights,
                           .state = states_now,
                           .next_state = states_next,
                           .saved = saved,
                           .scratch = scratch.data(),
                           .mode = call.mode,
                           .key = {seed_, node().stream, call.step},
                           .is_linear = false,
                           .rows = {.epoch = call.step},
                           .sequences = beside.sequences.empty() ? nullptr : beside.sequences.data(),
                           .picks = beside.picks});
  });
}

template <typename T>
void Module<T>::forward(const Call& call, Tensor<T> output) {
  const Index n = require_inputs(call);
  if (!(output.shape == node().shape.batch(n)))
    throw ShapeError(text(node().name, ": expected output ", node().shape.batch(n), ", got ", output.shape));
  const FloatMode float_mode;
  Buffer<T> saved(node().layer->memory(node().input_shapes, n).saved);
  run_forward(call, output, saved.data());
}

template <typename T>
void Module<T>::backward(const Call& call, Tensor<const T> output, Tensor<const T> doutput,
                         std::span<const Gradient<T>> dinputs, std::span<const Gradient<T>> dweights) {
  const Index n = require_inputs(call);
  for (const auto& tensor : {output, doutput})
    if (!(tensor.shape == node().shape.batch(n)))
      throw ShapeError(text(node().name, ": expected v and dv ", node().shape.batch(n), ", got ", tensor.shape));
  named(node().name, [&] { require_derivative(node().layer->output_activation()); });
  const FloatMode float_mode;
  const LayerMemory memory = node().layer->memory(node().input_shapes, n);
  Buffer<T> saved(memory.saved), scratch(memory.backward);
  if (memory.saved > 0) {
    Buffer<T> again(output.size());
    run_forward(call, {again.data(), output.shape}, saved.data());
  }
  const auto weights = views<const T>(segments(), theta()), states_now = views<const T>(states(), state());
  const Beside beside = this->beside(call);
  // tokens have no gradient
  std::vector<Gradient<T>> du(dinputs.begin(), dinputs.end());
  for (std::size_t i = 0; i < du.size(); ++i) {
    if (beside.picks[i] == nullptr) continue;
    std::fill(du[i].to.begin(), du[i].to.end(), T(0));
    du[i].to.data = nullptr;
  }
  named(node().name, [&] {
    node().layer->backward({.inputs = call.inputs,
                            .output = output,
                            .doutput = doutput,
                            .dinputs = du,
                            .weights = weights,
                            .dweights = dweights,
                            .state = states_now,
                            .saved = saved.data(),
                            .scratch = scratch.data(),
                            .mode = call.mode,
                            .key = {seed_, node().stream, call.step},
                            .is_linear = false,
                            .rows = {.epoch = call.step},
                            .sequences = beside.sequences.empty() ? nullptr : beside.sequences.data(),
                            .picks = beside.picks});
  });
}

template class Module<float>;
template class Module<double>;

}  // namespace nncpp
