// -log P(c | h) of V classes that are the leaves of a binary tree, each of whose V - 1 inner nodes j tells left from
// right by a logistic unit:  z_j = h w_j + b_j,  P(left) = 1 / (1 + exp(-z_j))
//   v = sum over the nodes j on the path from the root to class c of log(1 + exp(-s_j z_j)),  s_j = +1 left, -1 right
// h (N, ..., D), c (N, ...) tokens, v (N, ..., 1), W (V - 1, D), b (V - 1)
//   dz_j = -s_j / (1 + exp(s_j z_j)) dv;  dh = sum_j dz_j w_j, dw_j = sum over rows of dz_j h, db_j = sum of dz_j
// The probabilities of all classes add up to 1, and a row costs D times the length of its path: about D log2 V. Only
// rows of W and b that lie on a path have a gradient.
// Morin, Bengio, "Hierarchical probabilistic neural network language model", AISTATS 2005; with a Huffman tree: Mikolov
// et al., "Distributed representations of words and phrases and their compositionality", NIPS 2013
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class HierarchicalSoftmax final : public Layer<T> {
 public:
  // The tree: its classes, and its inner nodes, a node before its left subtree before its right one. A node that parts
  // leaves first ... end - 1 has first ... split - 1 on its left.
  struct Options {
    std::vector<Index> leaves;                             // (V) classes from left to right
    std::vector<Index> splits;                             // (V - 1) by node
    Initializer weight_initializer{}, bias_initializer{};  // zeros
  };
  // throws DataError unless leaves are 0 ... V - 1, V >= 2, each once, and splits part them to single ones
  explicit HierarchicalSoftmax(const Options& options);

  std::string kind() const override { return "HierarchicalSoftmax"; }
  Steps steps() const override { return Steps::kEach; }
  Index num_tokens(std::size_t i) const override { return i == 1 ? num_classes() : 0; }
  Index num_row_sparse() const override { return 2; }
  void append_touched_rows(const Picks<T>& picks, std::vector<Index>& rows) const override;
  // the classes have the axes of h but for its last; (1) stands for no axis
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Index num_classes() const { return static_cast<Index>(places_.size()); }
  Index place(Index c) const { return places_[static_cast<std::size_t>(c)]; }
  template <typename F>
  void for_path(Index place, F f) const;

  std::vector<Index> places_, splits_;  // places_[c]: which leaf from the left it is
  Index longest_ = 0;                   // path
  Initializer weight_initializer_, bias_initializer_;
};

}  // namespace nncpp
