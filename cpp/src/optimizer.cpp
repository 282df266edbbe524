#include "nncpp/optimizer.hpp"

#include <atomic>
#include <cmath>
#include <limits>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "simd.hpp"

namespace nncpp {
namespace {

constexpr double kWorkPerElement = 16.0;

template <typename T>
void require_fraction(const char* name, double value) {
  if (!(value >= 0.0 && static_cast<T>(value) < T(1)))
    throw DataError(text(name, ": expected 0 <= ", name, " < 1 in float", 8 * sizeof(T), ", got ", value));
}

// A smaller one would be flushed to 0, and 0 / 0 is what it is there to prevent.
template <typename T>
void require_epsilon(double value) {
  constexpr T kLeast = std::numeric_limits<T>::min();
  if (!(static_cast<T>(value) >= kLeast && std::isfinite(static_cast<T>(value))))
    throw DataError(text("epsilon: expected a finite number of at least ", kLeast, " in float", 8 * sizeof(T), ", got ", value));
}

}  // namespace

template <typename T>
void require_rate(double rate) {
  if (!(rate >= 0.0 && std::isfinite(static_cast<T>(rate))))
    throw DataError(text("learning_rate: expected a number >= 0 that is finite in float", 8 * sizeof(T), ", got ", rate));
}

template <typename T>
OptimizerState<T> Optimizer<T>::start(Index size) const {
  OptimizerState<T> state;
  for (std::size_t i = 0; i < moment_names().size(); ++i) state.moments.emplace_back(size);
  return state;
}

template <typename T>
void Optimizer<T>::step(OptimizerState<T>& state, double rate, const T* gradient, T* theta, Index size) const {
  require_rate<T>(rate);
  ++state.t;
  parallel_blocks(size, kWorkPerElement, [&](Index begin, Index end) {
    update(state, static_cast<T>(rate), gradient, theta, begin, end);
  });
}

template <typename T>
bool is_step_finite(double rate, const T* g, Index size) {
  std::atomic<bool> is_finite{true};
  parallel_blocks(size, 1.0, [&](Index begin, Index end) {
    const T square = simd::sum(g + begin, end - begin, T(0), [](const auto& x) { return simd::ei::pmul(x, x); });
    if (!std::isfinite(square) || !std::isfinite(static_cast<T>(rate) * std::sqrt(square))) is_finite = false;
  });
  return is_finite;
}

template <typename T>
SGD<T>::SGD(double momentum, bool nesterov) : momentum_(static_cast<T>(momentum)), nesterov_(nesterov) {
  require_fraction<T>("momentum", momentum);
  if (nesterov && momentum == 0.0) throw DataError("nesterov: expected momentum > 0 with it, got 0");
}

template <typename T>
std::vector<std::string> SGD<T>::moment_names() const {
  if (momentum_ == T(0)) return {};
  return {"velocity"};
}

template <typename T>
void SGD<T>::update(OptimizerState<T>& state, T rate, const T* g_, T* theta_, Index begin, Index end) const {
  const T* __restrict g = g_;
  T* __restrict theta = theta_;
  const T mu = momentum_;
  if (mu == T(0)) {
    for (Index i = begin; i < end; ++i) theta[i] -= rate * g[i];
    return;
  }
  T* __restrict v = state.moments[0].data();
  if (nesterov_) {
    for (Index i = begin; i < end; ++i) {
      v[i] = mu * v[i] - rate * g[i];
      theta[i] += mu * v[i] - rate * g[i];
    }
  } else {
    for (Index i = begin; i < end; ++i) {
      v[i] = mu * v[i] - rate * g[i];
      theta[i] += v[i];
    }
  }
}

template <typename T>
Adam<T>::Adam(const Options& options) : options_(options) {
  require_fraction<T>("beta1", options.beta1);
  require_fraction<T>("beta2", options.beta2);
  require_epsilon<T>(options.epsilon);
}

template <typename T>
std::vector<std::string> Adam<T>::moment_names() const {
  return {"m", "v"};
}

template <typename T>
void Adam<T>::update(OptimizerState<T>& state, T rate, const T* g_, T* theta_, Index begin, Index end) const {
  const T* __restrict g = g_;
  T* __restrict theta = theta_;
  T* __restrict m = state.moments[0].data();
  T* __restrict v = state.moments[1].data();
  const double t = static_cast<double>(state.t);
  const double correction1 = options_.bias_correction ? 1.0 - std::pow(options_.beta1, t) : 1.0;
  const double correction2 = options_.bias_correction ? 1.0 - std::pow(options_.beta2, t) : 1.0;
  const T beta1 = static_cast<T>(options_.beta1), keep1 = static_cast<T>(1.0 - options_.beta1);
  const T beta2 = static_cast<T>(options_.beta2), keep2 = static_cast<T>(1.0 - options_.beta2);
  const T step = static_cast<T>(static_cast<double>(rate) / correction1);
  const T root = static_cast<T>(1.0 / std::sqrt(correction2));
  const T epsilon = static_cast<T>(options_.epsilon);
  constexpr Index L = simd::kLanes<T>;
  for (Index i = begin; i < end; i += L) {  // vectors are padded to whole registers
    using namespace simd::ei;
    const auto gi = simd::load(g + i);
    const auto mi = padd(pmul(simd::set(beta1), simd::load(m + i)), pmul(simd::set(keep1), gi));
    const auto vi = padd(pmul(simd::set(beta2), simd::load(v + i)), pmul(simd::set(keep2), pmul(gi, gi)));
    const auto down = padd(pmul(simd::sqrt<T>(vi), simd::set(root)), simd::set(epsilon));
    simd::store(m + i, mi);
    simd::store(v + i, vi);
    simd::store(theta + i, psub(simd::load(theta + i), simd::divide<T>(pmul(simd::set(step), mi), down)));
  }
}

template class Optimizer<float>;
template class Optimizer<double>;
template void require_rate<float>(double);
template void require_rate<double>(double);
template bool is_step_finite<float>(double, const float*, Index);
template bool is_step_finite<double>(double, const double*, Index);
template class SGD<float>;
template class SGD<double>;
template class Adam<float>;
template class Adam<double>;

}  // namespace nncpp
