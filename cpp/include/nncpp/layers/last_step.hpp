// Pieces of what a recurrent layer gives.
//   LastStep   v = u at the last step of each sequence, or at the first;  u (N, T, ...), v (N, ...); du is 0 elsewhere
//   Columns    v = columns first ... first + count - 1 of u (N, ..., D); du is 0 elsewhere
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class LastStep final : public Layer<T> {
 public:
  explicit LastStep(bool is_first) : is_first_(is_first) {}

  std::string kind() const override { return "LastStep"; }
  Steps steps() const override { return Steps::kReads; }
  bool keeps_steps() const override { return false; }
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Index row(const Sequences& sequences, Index rank) const;

  bool is_first_;
};

template <typename T>
class Columns final : public Layer<T> {
 public:
  // throws DataError unless first >= 0, count >= 1
  Columns(Index first, Index count);

  std::string kind() const override { return "Columns"; }
  Steps steps() const override { return Steps::kEach; }
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Index first_, count_;
};

}  // namespace nncpp
