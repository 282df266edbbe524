// Graph: nodes in the order they were added. A node may only use nodes before it, so the order is topological and a
// cycle cannot be written. Sequential is a loop over add.
#pragma once

#include <memory>

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
struct Node {
  std::string name;
  std::shared_ptr<const Layer<T>> layer;  // null for an input
  std::vector<int> inputs;
  std::vector<Shape> input_shapes;  // of one sample
  Shape shape;                      // of one sample
  double scale = 1;                 // of an input: what numbers are multiplied by as they come in
  bool has_rows = true;             // false: an array that is the same for all samples, kept as a batch of 1
  std::uint32_t stream = 0;         // its random numbers
  // its pieces of theta and of the state vector; two nodes of one layer have the same ones
  int first_segment = 0, num_segments = 0;
  int first_state = 0, num_states = 0;

  // shape of its output in a batch of n
  Shape batch(Index n) const { return shape.batch(has_rows ? n : 1); }
};

template <typename T>
class Graph {
 public:
  // the node's id. Its value is `scale` times what comes in. throws ShapeError unless every axis is >= 1, DataError
  // unless scale > 0 is a normal number in T
  int input(const Shape& sample_shape, std::string name, double scale = 1);

  // the node's id. A layer object that is already in the graph brings its weights along: they are shared.
  // throws ShapeError "name: expected ..., got ..."
  int add(std::shared_ptr<const Layer<T>> layer, std::vector<int> inputs, std::string name);

  // first values of theta (theta_size) and state (state_size), functions of seed alone
  void initialize(std::uint64_t seed, T* theta, T* state) const;

  const std::vector<Node<T>>& nodes() const { return nodes_; }
  const std::vector<Segment>& segments() const { return segments_; }
  const std::vector<Segment>& states() const { return states_; }
  Index theta_size() const { return theta_size_; }  // elements, padding included
  Index state_size() const { return state_size_; }

 private:
  std::vector<Node<T>> nodes_;
  std::vector<Segment> segments_, states_;
  Index theta_size_ = 0, state_size_ = 0;
};

}  // namespace nncpp
