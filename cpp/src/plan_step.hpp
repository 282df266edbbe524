// What a plan holds of each node: for the files that make a plan, and that fill and run it.
#pragma once

#include "nncpp/plan.hpp"

namespace nncpp {

// Moments of a pass over nodes 0 ... n - 1: node i runs forward at i, losses at n, node i backward at 2 n - i.
template <typename T>
struct Plan<T>::Lifetime {
  T** data;    // where the address goes
  Index size;  // elements
  int first, last;
  Index offset = 0;
};

template <typename T>
struct Plan<T>::Step {
  const Node<T>* node = nullptr;
  bool is_output = false;
  bool is_linear = false;
  bool has_gradient = false;  // something before it, or in it, wants one
  bool is_reached = false;    // and an output depends on it
  int owner = 0;              // the node whose output and doutput it has: itself, unless it is a view
  LayerMemory memory;

  Sequences* sequences = nullptr;              // of its own time axis
  const Sequences* input_sequences = nullptr;  // of that of the first input that has one, or whole ones
  std::vector<const Picks<T>*> picks;          // by input

  Shape shape;           // of output and doutput in the batch that was set
  T* output = nullptr;   // (N, ...)
  T* doutput = nullptr;  // (N, ...)
  T* saved = nullptr;
  T* scratch_forward = nullptr;
  T* scratch_backward = nullptr;

  std::vector<Tensor<const T>> inputs, weights, state;
  std::vector<Tensor<T>> next_state;
  std::vector<Gradient<T>> dinputs, dweights;
};

}  // namespace nncpp
