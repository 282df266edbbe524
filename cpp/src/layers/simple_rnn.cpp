#include "nncpp/layers/simple_rnn.hpp"

#include "../pointwise.hpp"
#include "nncpp/error.hpp"

namespace nncpp {

using namespace simd::ei;

template <typename T>
SimpleRNN<T>::SimpleRNN(const RecurrentOptions& options, Activation activation)
    : Recurrent<T>(options), activation_(activation) {
  if (!pointwise::with_activation<T>(activation, [](auto) {}))
    throw DataError(text("activation: expected one of each number alone, got '", to_string(activation), "'"));
}

// the gate keeps h_t, or what f was taken of where the slope of f needs that
template <typename T>
void SimpleRNN<T>::step(const StepForward<T>& step) const {
  pointwise::with_activation<T>(activation_, [&](auto f) {
    for (Index row = 0; row < step.rows; ++row) {
      T *const gate = step.gates[row], *const h = step.state[0][row];
      const T* const product = step.product[row];
      simd::for_lanes<T>(step.units, [&](const auto& at) {
        const auto a = padd(at.load(gate), at.load(product));
        const auto value = decltype(f)::value(a);
        at.store(gate, f.kNeedsZ ? a : value);
        at.store(h, value);
      });
    }
  });
}

template <typename T>
void SimpleRNN<T>::step(const StepBackward<T>& step) const {
  require_derivative(activation_);
  pointwise::with_activation<T>(activation_, [&](auto f) {
    for (Index row = 0; row < step.rows; ++row) {
      const T* const gate = step.gates[row];
      T *const dz = step.dz[row], *const dh = step.dstate[0][row];
      simd::for_lanes<T>(step.units, [&](const auto& at) {
        const auto x = at.load(gate);
        at.store(dz, pmul(decltype(f)::slope(x, x), at.load(dh)));
        at.store(dh, simd::set<T>(T(0)));
      });
    }
  });
}

template class SimpleRNN<float>;
template class SimpleRNN<double>;
template class SimpleRNN<Dual>;

}  // namespace nncpp
