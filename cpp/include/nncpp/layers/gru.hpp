// GRU, a recurrent layer (recurrent.hpp) of gates r, z, n, in this order; s = sigmoid, x W + b is called a here and
// h_{t-1} U with a bias of its own is called q:
//   r, z = s(a_r + q_r), s(a_z + q_z),  n = tanh(a_n + r q_n): reset after the product
//   h_t = (1 - z) n + z h_{t-1}
// da_n = dh_t (1 - z) (1 - n^2), dq_n = r da_n
// da_r = dq_r = q_n da_n r (1 - r), da_z = dq_z = dh_t (h_{t-1} - n) z (1 - z);  dh_{t-1} = z dh_t + dq U^T
// Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, with the reset where it lets
// h_{t-1} U be one product
#pragma once

#include "nncpp/layers/recurrent.hpp"

namespace nncpp {

template <typename T>
class GRU final : public Recurrent<T> {
 public:
  using Recurrent<T>::Recurrent;

  std::string kind() const override { return "GRU"; }

 private:
  Index num_gates() const override { return 3; }
  Index num_kept() const override { return 1; }  // q_n
  bool has_recurrent_bias() const override { return true; }
  void step(const StepForward<T>& step) const override;
  void step(const StepBackward<T>& step) const override;
};

}  // namespace nncpp
