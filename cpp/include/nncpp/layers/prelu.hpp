// v = u where u > 0, else a u;  u, v (N, ..., D), slope a (D), or (1) where it is shared
// du = dv where u > 0, else a dv;  da = sum over all axes but the last (all axes where it is shared) of u dv, u <= 0
// a = 0.25 unless told otherwise. No penalty goes with it: decay would pull it to ReLU.
// He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class PReLU final : public Layer<T> {
 public:
  struct Options {
    bool is_shared = false;
    Initializer slope_initializer{Initializer::Kind::kConstant, 0.25};
  };
  explicit PReLU(const Options& options) : options_(options) {}

  std::string kind() const override { return "PReLU"; }
  Steps steps() const override { return Steps::kEach; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Options options_;
};

}  // namespace nncpp
