#include "nncpp/layers/gru.hpp"

#include "../pointwise.hpp"

namespace nncpp {

using namespace simd::ei;

// the gates keep r, z, n
template <typename T>
void GRU<T>::step(const StepForward<T>& step) const {
  const Index H = step.units;
  for (Index row = 0; row < step.rows; ++row) {
    T *const gates = step.gates[row], *const kept = step.kept[row], *const h = step.state[0][row];
    const T* const product = step.product[row];
    simd::for_lanes<T>(H, [&](const auto& at) {
      const auto a = [&](Index gate) { return at.load(gates + gate * H); };
      const auto q = [&](Index gate) { return at.load(product + gate * H); };
      const auto r = pointwise::Sigmoid<T>::value(padd(a(0), q(0))), z = pointwise::Sigmoid<T>::value(padd(a(1), q(1)));
      const auto n = pointwise::Tanh<T>::value(padd(pmul(r, q(2)), a(2)));
      at.store(kept, q(2));
      at.store(h, padd(pmul(z, psub(at.load(h), n)), n));
      at.store(gates, r);
      at.store(gates + H, z);
      at.store(gates + 2 * H, n);
    });
  }
}

template <typename T>
void GRU<T>::step(const StepBackward<T>& step) const {
  const Index H = step.units;
  for (Index row = 0; row < step.rows; ++row) {
    const T *const gates = step.gates[row], *const kept = step.kept[row], *const h = step.previous[0][row];
    T *const da = step.dz[row], *const dq = step.dproduct[row], *const dh = step.dstate[0][row];
    simd::for_lanes<T>(H, [&](const auto& at) {
      using pointwise::Sigmoid, pointwise::Tanh;
      const auto r = at.load(gates), z = at.load(gates + H), n = at.load(gates + 2 * H), dout = at.load(dh);
      const auto da_n = pmul(pmul(dout, psub(simd::set<T>(T(1)), z)), Tanh<T>::slope(n, n));
      const auto da_r = pmul(pmul(at.load(kept), da_n), Sigmoid<T>::slope(r, r));
      const auto da_z = pmul(pmul(dout, psub(at.load(h), n)), Sigmoid<T>::slope(z, z));
      for (T* const to : {da, dq}) {
        at.store(to, da_r);
        at.store(to + H, da_z);
      }
      at.store(da + 2 * H, da_n);
      at.store(dq + 2 * H, pmul(r, da_n));
      at.store(dh, pmul(z, dout));
    });
  }
}

template class GRU<float>;
template class GRU<double>;
template class GRU<Dual>;

}  // namespace nncpp
