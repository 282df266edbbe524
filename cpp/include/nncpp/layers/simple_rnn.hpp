// SimpleRNN: h_t = f(x_t W + h_{t-1} U + b), f any pointwise activation; a recurrent layer (recurrent.hpp) of one gate
// da = f'(a) dh_t for what f is taken of;  dz = dr = da
// Elman, "Finding structure in time", Cognitive Science 14, 1990
#pragma once

#include "nncpp/layers/recurrent.hpp"

namespace nncpp {

template <typename T>
class SimpleRNN final : public Recurrent<T> {
 public:
  // throws DataError for an activation over an axis, too
  explicit SimpleRNN(const RecurrentOptions& options, Activation activation = Activation::kTanh);

  std::string kind() const override { return "SimpleRNN"; }

 private:
  Index num_gates() const override { return 1; }
  void step(const StepForward<T>& step) const override;
  void step(const StepBackward<T>& step) const override;

  Activation activation_;
};

}  // namespace nncpp
