// Operators that choose.
//   Where    v = a where c is not 0, else b; broadcasts. da = dv where c is not 0, db = dv elsewhere; dc = 0
//   Gather   v = the elements of u at whole-number indices along an axis of the sample, as np.take(u, indices, axis):
//            u (..., L, ...), indices (I), v (..., I, ...); index -1 is the last. du = dv added up over the places of
//            each element, dindices = 0. u an array and indices with rows: an embedding
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Where final : public Layer<T> {
 public:
  std::string kind() const override { return "Where"; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;
};

template <typename T>
class Gather final : public Layer<T> {
 public:
  // of a sample of u, a negative one from its end
  explicit Gather(Index axis) : axis_(axis) {}

  std::string kind() const override { return "Gather"; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_output() const override { return false; }
  // throws DataError for an index that is not a whole number or lies outside the axis
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  struct Sizes;
  Sizes sizes(const Shape& u, const Shape& indices) const;

  Index axis_;
};

}  // namespace nncpp
