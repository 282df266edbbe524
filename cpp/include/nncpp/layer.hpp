// Layer: a const object with hyper-parameters only. Everything that changes comes in as an argument, so that one layer
// may stand in two places, two threads may predict at once, and every backward can be checked.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nncpp/activation.hpp"
#include "nncpp/parameters.hpp"
#include "nncpp/picks.hpp"
#include "nncpp/sequences.hpp"

namespace nncpp {

enum class Mode { kInference, kTraining };

// Where a gradient goes. The plan knows which write is the first (assign) and which come on top of it (add).
template <typename T>
struct Gradient {
  Tensor<T> to;
  Write write = Write::kAssign;
  bool is_wanted() const { return to.data != nullptr; }
};

// Which rows of the examples a batch is made of, and in which epoch: what augmentation is keyed by, so that it depends
// neither on the size of batches nor on the order of rows.
struct Rows {
  std::span<const Index> index = {};  // empty: 0, 1, 2, ...
  std::uint32_t epoch = 0;

  Index operator[](Index i) const { return index.empty() ? i : index[static_cast<std::size_t>(i)]; }
};

// How a layer goes about an input with a time axis, (N, T, ...). kEach: a step of v depends on that step of u alone.
// kReads: it knows where each sequence ends, by pass.sequences. kMixes: it takes steps for one sample's numbers, so
// that a model with it cannot be given lengths.
enum class Steps { kEach, kReads, kMixes };

// u -> v
template <typename T>
struct Forward {
  std::span<const Tensor<const T>> inputs;   // u_i (N, ...)
  Tensor<T> output;                          // v (N, ...)
  std::span<const Tensor<const T>> weights;  // in the order of parameters()
  std::span<const Tensor<const T>> state;    // in the order of state()
  // What state becomes once the whole step has succeeded; training only. It starts as state, and a layer in two places
  // of a model changes it twice.
  std::span<const Tensor<T>> next_state;
  T* saved;    // memory().saved elements, kept for backward
  T* scratch;  // memory().forward elements
  Mode mode;
  RandomKey key;   // this layer's numbers in this step
  bool is_linear;  // the loss takes the output activation over: v is to be z
  Rows rows = {};
  // of the first input that has a time axis; where none has, a layer that reads them takes u for (N, T, ...)
  const Sequences* sequences = nullptr;
  std::span<const Picks<T>* const> picks = {};  // by input: tokens and sparse rows, which have no tensor; else null
};

// u, v, dL/dv -> dL/du, dL/dW
template <typename T>
struct Backward {
  std::span<const Tensor<const T>> inputs;  // u_i (N, ...)
  Tensor<const T> output;                   // v (N, ...)
  Tensor<const T> doutput;                  // dL/dv (N, ...); dL/dz where is_linear
  std::span<const Gradient<T>> dinputs;     // dL/du_i
  std::span<const Tensor<const T>> weights;
  std::span<const Gradient<T>> dweights;  // dL/dW
  std::span<const Tensor<const T>> state;
  const T* saved;
  T* scratch;  // memory().backward elements
  Mode mode;
  RandomKey key;
  bool is_linear;
  Rows rows = {};
  const Sequences* sequences = nullptr;
  std::span<const Picks<T>* const> picks = {};
};

// elements of T that a layer needs beside its inputs and its output, for a batch of n
struct LayerMemory {
  Index saved = 0, forward = 0, backward = 0;
};

template <typename T>
class Layer {
 public:
  virtual ~Layer() = default;

  // "Dense"
  virtual std::string kind() const = 0;

  // Shapes are those of one sample: (D) stands for (N, D).
  // throws ShapeError: "expected ..., got ..."; the graph puts the layer's name before it
  virtual Shape output_shape(std::span<const Shape> inputs) const = 0;
  virtual std::vector<SegmentSpec> parameters(std::span<const Shape> /*inputs*/) const { return {}; }
  virtual std::vector<SegmentSpec> state(std::span<const Shape> /*inputs*/) const { return {}; }
  virtual LayerMemory memory(std::span<const Shape> /*inputs*/, Index /*n*/) const { return {}; }

  // An operator takes inputs with rows (N, ...) beside arrays that have none (1, ...), which are the same for each row;
  // every other layer takes inputs of one sort. Output and gradients are of their sorts: (1, ...) for an array, where
  // the gradient is a sum over the rows.
  virtual bool is_operator() const { return false; }

  // v is u under another shape: a plan may let it have the memory of u, and call neither forward nor backward.
  virtual bool is_view() const { return false; }

  virtual Steps steps() const { return Steps::kMixes; }
  // of one that reads sequences: does v have the time axis of u
  virtual bool keeps_steps() const { return true; }

  // How many different tokens input i may hold; 0: it takes numbers.
  virtual Index num_tokens(std::size_t /*i*/) const { return 0; }
  // its only input may be rows of a sparse matrix
  virtual bool takes_sparse() const { return false; }
  // With tokens or sparse rows the gradients of its first so many parameters are 0 but in the rows that these pick.
  virtual Index num_row_sparse() const { return num_tokens(0) > 0 || takes_sparse() ? 1 : 0; }
  // Which rows that are, each once, ascending: by default those of the picks themselves.
  virtual void append_touched_rows(const Picks<T>& picks, std::vector<Index>& rows) const {
    rows.insert(rows.end(), picks.picked.begin(), picks.picked.end());
  }
  // Of a layer whose state goes on from batch to batch: how many rows each batch has, row i after row i; else 0.
  virtual Index num_streams() const { return 0; }

  // What backward reads; the rest may be overwritten before it runs.
  virtual bool backward_reads_inputs() const { return true; }
  virtual bool backward_reads_output() const { return true; }

  // The activation that v went through last; a loss paired with it sets is_linear and gives dL/dz.
  virtual Activation output_activation() const { return Activation::kIdentity; }

  // requires: shapes as output_shape() says
  // ensures: v written whole; the same bits for the same arguments on any number of threads
  virtual void forward(const Forward<T>& pass) const = 0;

  // requires: forward ran with the same arguments, saved is as it left it
  // ensures: writes each wanted gradient as its `write` says, in their order: two inputs may be one node; inputs,
  // output and doutput are not changed
  virtual void backward(const Backward<T>& pass) const = 0;
};

}  // namespace nncpp
