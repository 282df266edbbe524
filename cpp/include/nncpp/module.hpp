// Module: one layer on its own, with parameters and buffers: forward and backward one at a time, to look at or to
// check.
#pragma once

#include <memory>

#include "nncpp/graph.hpp"

namespace nncpp {

template <typename T>
class Module {
 public:
  // throws ShapeError "name: expected ..., got ..."
  Module(std::shared_ptr<const Layer<T>> layer, const std::vector<Shape>& input_shapes, std::string name,
         std::uint64_t seed);

  const Node<T>& node() const { return graph_.nodes().back(); }
  const std::vector<Segment>& segments() const { return graph_.segments(); }
  const std::vector<Segment>& states() const { return graph_.states(); }
  T* theta() { return theta_.data(); }
  T* state() { return state_.data(); }

  // What both directions take: u_i (N, ...), tokens as numbers too, and which of the layer's random numbers.
  struct Call {
    std::span<const Tensor<const T>> inputs;
    Mode mode = Mode::kInference;
    std::uint32_t step = 0;
  };
  // throws ShapeError unless the inputs have the shapes the module was made for
  void forward(const Call& call, Tensor<T> output);
  // dinputs by input, dweights by segment; runs forward again where the layer keeps something for backward
  void backward(const Call& call, Tensor<const T> output, Tensor<const T> doutput, std::span<const Gradient<T>> dinputs,
                std::span<const Gradient<T>> dweights);

 private:
  Index require_inputs(const Call& call) const;
  void run_forward(const Call& call, Tensor<T> output, T* saved);
  // What a layer gets beside tensors.
  struct Beside {
    std::vector<Picks<T>> held;
    std::vector<const Picks<T>*> picks;
    std::vector<Sequences> sequences;
  };
  Beside beside(const Call& call) const;

  Graph<T> graph_;
  std::uint64_t seed_;
  Buffer<T> theta_, state_, next_state_;
};

}  // namespace nncpp
