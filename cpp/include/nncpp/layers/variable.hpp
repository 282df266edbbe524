// Variable: v = W, a trained array (...) that is the same for every sample; dW = dv.
// Constant: v = C, one that is not trained: its values are state.
// Both stand at the beginning of a flow graph, without inputs; what is computed from them has no rows either.
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Variable final : public Layer<T> {
 public:
  // throws ShapeError unless every axis is >= 1
  explicit Variable(Shape shape);

  std::string kind() const override { return "Variable"; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Shape shape_;
};

template <typename T>
class Constant final : public Layer<T> {
 public:
  // throws ShapeError unless every axis is >= 1
  explicit Constant(Shape shape);

  std::string kind() const override { return "Constant"; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> state(std::span<const Shape> inputs) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>&) const override {}

 private:
  Shape shape_;
};

}  // namespace nncpp
