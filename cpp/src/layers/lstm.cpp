#include "nncpp/layers/lstm.hpp"

#include "../pointwise.hpp"

namespace nncpp {

using namespace simd::ei;

// the gates keep i, f, g, o
template <typename T>
void LSTM<T>::step(const StepForward<T>& step) const {
  const Index H = step.units;
  for (Index row = 0; row < step.rows; ++row) {
    T *const gates = step.gates[row], *const h = step.state[0][row], *const c = step.state[1][row];
    const T* const product = step.product[row];
    simd::for_lanes<T>(H, [&](const auto& at) {
      const auto a = [&](Index gate) { return padd(at.load(gates + gate * H), at.load(product + gate * H)); };
      const auto i = pointwise::Sigmoid<T>::value(a(0)), f = pointwise::Sigmoid<T>::value(a(1));
      const auto g = pointwise::Tanh<T>::value(a(2)), o = pointwise::Sigmoid<T>::value(a(3));
      const auto cell = padd(pmul(f, at.load(c)), pmul(i, g));
      at.store(c, cell);
      at.store(h, pmul(o, pointwise::Tanh<T>::value(cell)));
      at.store(gates, i);
      at.store(gates + H, f);
      at.store(gates + 2 * H, g);
      at.store(gates + 3 * H, o);
    });
  }
}

template <typename T>
void LSTM<T>::step(const StepBackward<T>& step) const {
  const Index H = step.units;
  for (Index row = 0; row < step.rows; ++row) {
    const T *const gates = step.gates[row], *const c = step.previous[1][row];
    T *const dz = step.dz[row], *const dh = step.dstate[0][row], *const dc = step.dstate[1][row];
    simd::for_lanes<T>(H, [&](const auto& at) {
      using pointwise::Sigmoid, pointwise::Tanh;
      const auto i = at.load(gates), f = at.load(gates + H), g = at.load(gates + 2 * H), o = at.load(gates + 3 * H);
      const auto before = at.load(c), out = Tanh<T>::value(padd(pmul(f, before), pmul(i, g)));  // tanh(c_t)
      const auto dout = at.load(dh);
      const auto dcell = padd(pmul(pmul(dout, o), Tanh<T>::slope(out, out)), at.load(dc));
      at.store(dz, pmul(pmul(g, dcell), Sigmoid<T>::slope(i, i)));
      at.store(dz + H, pmul(pmul(before, dcell), Sigmoid<T>::slope(f, f)));
      at.store(dz + 2 * H, pmul(pmul(i, dcell), Tanh<T>::slope(g, g)));
      at.store(dz + 3 * H, pmul(pmul(out, dout), Sigmoid<T>::slope(o, o)));
      at.store(dc, pmul(f, dcell));
      at.store(dh, simd::set<T>(T(0)));
    });
  }
}

template class LSTM<float>;
template class LSTM<double>;
template class LSTM<Dual>;

}  // namespace nncpp
