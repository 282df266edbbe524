// Operators that put the numbers of a sample elsewhere; gradients go back the same way.
//   Reshape       v has the numbers of u in their order, in another shape
//   Transpose     axis i of v is axis axes[i] of u
//   Slice         v[i, j, ...] = u[start_0 + i step_0, start_1 + j step_1, ...]; du is 0 elsewhere
//   Concatenate   operands one behind the other along an axis; an array (1, ...) beside operands with rows repeats
#pragma once

#include <optional>

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Reshape final : public Layer<T> {
 public:
  // one length may be -1: what is left over
  explicit Reshape(std::vector<Index> axes) : axes_(std::move(axes)) {}

  std::string kind() const override { return "Reshape"; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool is_view() const override { return true; }
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  std::vector<Index> axes_;
};

template <typename T>
class Transpose final : public Layer<T> {
 public:
  // none: the reverse order
  explicit Transpose(std::optional<std::vector<Index>> axes) : axes_(std::move(axes)) {}

  std::string kind() const override { return "Transpose"; }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  std::vector<std::size_t> order(std::size_t rank) const;

  std::optional<std::vector<Index>> axes_;
};

template <typename T>
class Slice final : public Layer<T> {
 public:
  struct Axis {
    Index start = 0, length = 1, step = 1;
  };
  // one for each axis of a sample
  explicit Slice(std::vector<Axis> axes) : axes_(std::move(axes)) {}

  std::string kind() const override { return "Slice"; }
  bool is_operator() const override { return true; }
  // of all steps in their order: the graph sees whether v has as many as u
  Steps steps() const override {
    return !axes_.empty() && axes_[0].start == 0 && axes_[0].step == 1 ? Steps::kEach : Steps::kMixes;
  }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  std::vector<Axis> axes_;
};

template <typename T>
class Concatenate final : public Layer<T> {
 public:
  // of a sample, a negative one from its end
  explicit Concatenate(Index axis) : axis_(axis) {}

  std::string kind() const override { return "Concatenate"; }
  bool is_operator() const override { return true; }
  Steps steps() const override { return axis_ == 0 ? Steps::kMixes : Steps::kEach; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Index axis_;
};

}  // namespace nncpp
