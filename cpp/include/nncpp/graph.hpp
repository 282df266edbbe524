// Graph: nodes in the order they were added. A node may only use nodes before it, so the order is topological and a
// cycle cannot be written. Sequential is a loop over add.
#pragma once

#include <memory>

#include "nncpp/layer.hpp"

namespace nncpp {

// What comes in at an input: numbers; whole numbers 0, 1, ... that stand for words or the like; rows of a sparse
// matrix.
enum class InputKind { kNumbers, kTokens, kSparse };

template <typename T>
struct Node {
  std::string name;
  std::shared_ptr<const Layer<T>> layer;  // null for an input
  std::vector<int> inputs;
  std::vector<Shape> input_shapes;  // of one sample
  Shape shape;                      // of one sample
  double scale = 1;                 // of an input: what numbers are multiplied by as they come in
  InputKind kind = InputKind::kNumbers;
  Index bound = 0;           // of an input of tokens or sparse rows: tokens, or columns, are below it
  bool has_steps = false;    // the first axis of a sample is time
  bool has_rows = true;      // false: an array that is the same for all samples, kept as a batch of 1
  std::uint32_t stream = 0;  // its random numbers
  // its pieces of theta and of the state vector; two nodes of one layer have the same ones
  int first_segment = 0, num_segments = 0;
  int first_state = 0, num_states = 0;

  // shape of its output in a batch of n
  Shape batch(Index n) const { return shape.batch(has_rows ? n : 1); }
};

template <typename T>
class Graph {
 public:
  // the node's id. Its value is `scale` times what comes in. throws ShapeError unless every axis is >= 1, and there is
  // one for sparse rows; DataError unless scale > 0 is a normal number in T, and 1 but for numbers
  int input(const Shape& sample_shape, std::string name, double scale = 1, InputKind kind = InputKind::kNumbers);

  // the node's id. A layer object that is already in the graph brings its weights along: they are shared.
  // throws ShapeError "name: expected ..., got ..."
  int add(std::shared_ptr<const Layer<T>> layer, std::vector<int> inputs, std::string name);

  // T, if the model takes lengths; throws DataError that says which node does not, ShapeError for inputs of several T
  Index require_lengths() const;
  // rows of each batch of a model whose state goes on from batch to batch; 0 for all others
  Index num_streams() const { return num_streams_; }

  // first values of theta (theta_size) and state (state_size), functions of seed alone
  void initialize(std::uint64_t seed, T* theta, T* state) const;

  const std::vector<Node<T>>& nodes() const { return nodes_; }
  const std::vector<Segment>& segments() const { return segments_; }
  const std::vector<Segment>& states() const { return states_; }
  Index theta_size() const { return theta_size_; }  // elements, padding included
  Index state_size() const { return state_size_; }

 private:
  void connect_steps(Node<T>& node);
  void connect_picks(Node<T>& node);

  std::vector<Node<T>> nodes_;
  std::vector<Segment> segments_, states_;
  Index theta_size_ = 0, state_size_ = 0, num_streams_ = 0;
  std::string mixes_steps_;  // the first node that takes steps for one sample's numbers
};

}  // namespace nncpp
