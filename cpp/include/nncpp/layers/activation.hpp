// v = f(u), dL/du = f'(u) dL/dv;  u, v (N, ...); softmax over the last axis. The formulas: nncpp/activation.hpp
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class ActivationLayer final : public Layer<T> {
 public:
  explicit ActivationLayer(Activation activation) : activation_(activation) {}

  std::string kind() const override { return "Activation"; }
  Steps steps() const override { return Steps::kEach; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return needs_z(activation_); }
  bool backward_reads_output() const override { return !needs_z(activation_); }
  Activation output_activation() const override { return activation_; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Activation activation_;
};

}  // namespace nncpp
