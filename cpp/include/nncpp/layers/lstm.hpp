// LSTM, a recurrent layer (recurrent.hpp) of gates i, f, g, o, in this order, and of two states; s = sigmoid, a = z +
// r:
//   i, f, o = s(a_i), s(a_f), s(a_o), g = tanh(a_g)
//   c_t = f c_{t-1} + i g,  h_t = o tanh(c_t)
// dc_t += dh_t o (1 - tanh(c_t)^2);  dc_{t-1} = f dc_t
// da_i = g dc_t i (1 - i), da_f = c_{t-1} dc_t f (1 - f), da_g = i dc_t (1 - g^2), da_o = tanh(c_t) dh_t o (1 - o)
// dz = dr = da
// Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; with forget gates: Gers, Schmidhuber,
// Cummins, "Learning to forget", Neural Computation 12, 2000
#pragma once

#include "nncpp/layers/recurrent.hpp"

namespace nncpp {

template <typename T>
class LSTM final : public Recurrent<T> {
 public:
  using Recurrent<T>::Recurrent;

  std::string kind() const override { return "LSTM"; }

 private:
  Index num_gates() const override { return 4; }
  Index num_states() const override { return 2; }
  void step(const StepForward<T>& step) const override;
  void step(const StepBackward<T>& step) const override;
};

}  // namespace nncpp
