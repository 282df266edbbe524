// The rules. How they are applied to theta is in optimizer_step.cpp.
#include "nncpp/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "nncpp/error.hpp"
#include "simd.hpp"

namespace nncpp {
namespace {

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
    throw DataError(
        text("epsilon: expected a finite number of at least ", kLeast, " in float", 8 * sizeof(T), ", got ", value));
}

using simd::ei::padd, simd::ei::pmul, simd::ei::psub;

// f(i) for each register of [0, size); vectors are padded to whole registers
template <typename T, typename F>
void by_register(Index size, F f) {
  for (Index i = 0; i < size; i += simd::kLanes<T>) f(i);
}

// rho old + (1 - rho) value
template <typename T>
simd::Packet<T> average(double rho, const simd::Packet<T>& old, const simd::Packet<T>& value) {
  return padd(pmul(simd::set(static_cast<T>(rho)), old), pmul(simd::set(static_cast<T>(1.0 - rho)), value));
}

// d(r) of the header
template <typename T>
simd::Packet<T> damp(const simd::Packet<T>& r, const Damping& damping) {
  const auto epsilon = simd::set(static_cast<T>(damping.epsilon));
  return damping.is_inside_root ? simd::sqrt<T>(padd(r, epsilon)) : padd(simd::sqrt<T>(r), epsilon);
}

// theta - rate direction / down
template <typename T>
simd::Packet<T> descended(const simd::Packet<T>& theta, T rate, const simd::Packet<T>& direction,
                          const simd::Packet<T>& down) {
  return psub(theta, simd::divide<T>(pmul(simd::set(rate), direction), down));
}

template <typename T>
void descend(T* theta, double rate, const simd::Packet<T>& direction, const simd::Packet<T>& down) {
  simd::store(theta, descended<T>(simd::load(theta), static_cast<T>(rate), direction, down));
}

// What is left of a moment that was multiplied by rho, as a T, so many times.
template <typename T>
double decayed(double rho, Index count) {
  return std::pow(static_cast<double>(static_cast<T>(rho)), static_cast<double>(count));
}

template <typename T>
void scale(T* values, double factor, Index size) {
  const T by = static_cast<T>(factor);
  for (Index i = 0; i < size; ++i) values[i] *= by;
}

}  // namespace

template <typename T>
SGD<T>::SGD(double momentum, bool nesterov, RowUpdate row_update)
    : Optimizer<T>(row_update), momentum_(static_cast<T>(momentum)), nesterov_(nesterov) {
  require_fraction<T>("momentum", momentum);
  if (nesterov && momentum == 0.0) throw DataError("nesterov: expected momentum > 0 with it, got 0");
}

template <typename T>
std::vector<std::string> SGD<T>::moment_names() const {
  if (momentum_ == T(0)) return {};
  return {"velocity"};
}

template <typename T>
void SGD<T>::update(Index /*t*/, double rate, const T* g_, T* theta_, T* const* moments, Index size) const {
  const T* __restrict g = g_;
  T* __restrict theta = theta_;
  const T mu = momentum_, step = static_cast<T>(rate);
  if (mu == T(0)) {
    for (Index i = 0; i < size; ++i) theta[i] -= step * g[i];
    return;
  }
  T* __restrict v = moments[0];
  for (Index i = 0; i < size; ++i) {
    v[i] = mu * v[i] - step * g[i];
    theta[i] += nesterov_ ? mu * v[i] - step * g[i] : v[i];
  }
}

// theta moves on by mu v + mu^2 v + ..., with Nesterov by mu times that
template <typename T>
void SGD<T>::rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const {
  const double mu = static_cast<double>(momentum_), left = decayed<T>(mu, steps.count());
  const T way = static_cast<T>((nesterov_ ? mu : 1.0) * mu * (1.0 - left) / (1.0 - mu));
  T* const v = moments[0];
  for (Index i = 0; i < size; ++i) theta[i] += way * v[i];
  scale(v, left, size);
}

template <typename T>
AdaGrad<T>::AdaGrad(const Damping& damping, RowUpdate row_update) : Optimizer<T>(row_update), damping_(damping) {
  require_epsilon<T>(damping.epsilon);
}

template <typename T>
void AdaGrad<T>::update(Index /*t*/, double rate, const T* g, T* theta, T* const* moments, Index size) const {
  T* const r = moments[0];
  by_register<T>(size, [&](Index i) {
    const auto gi = simd::load(g + i);
    const auto ri = padd(simd::load(r + i), pmul(gi, gi));
    simd::store(r + i, ri);
    descend(theta + i, rate, gi, damp<T>(ri, damping_));
  });
}

template <typename T>
RMSProp<T>::RMSProp(double rho, const Damping& damping, RowUpdate row_update)
    : Optimizer<T>(row_update), rho_(rho), damping_(damping) {
  require_fraction<T>("rho", rho);
  require_epsilon<T>(damping.epsilon);
}

template <typename T>
void RMSProp<T>::update(Index /*t*/, double rate, const T* g, T* theta, T* const* moments, Index size) const {
  T* const r = moments[0];
  by_register<T>(size, [&](Index i) {
    const auto gi = simd::load(g + i);
    const auto ri = average<T>(rho_, simd::load(r + i), pmul(gi, gi));
    simd::store(r + i, ri);
    descend(theta + i, rate, gi, damp<T>(ri, damping_));
  });
}

template <typename T>
void RMSProp<T>::rest(const RestingSteps& steps, T* /*theta*/, T* const* moments, Index size) const {
  scale(moments[0], decayed<T>(rho_, steps.count()), size);
}

template <typename T>
Adadelta<T>::Adadelta(double rho, double epsilon, RowUpdate row_update)
    : Optimizer<T>(row_update), rho_(rho), epsilon_(epsilon) {
  require_fraction<T>("rho", rho);
  require_epsilon<T>(epsilon);
}

template <typename T>
void Adadelta<T>::update(Index /*t*/, double rate, const T* g, T* theta, T* const* moments, Index size) const {
  T* const r = moments[0];
  T* const s = moments[1];
  const auto epsilon = simd::set(static_cast<T>(epsilon_)), step = simd::set(static_cast<T>(rate));
  by_register<T>(size, [&](Index i) {
    const auto gi = simd::load(g + i), si = simd::load(s + i);
    const auto ri = average<T>(rho_, simd::load(r + i), pmul(gi, gi));
    const auto u = simd::divide<T>(pmul(gi, simd::sqrt<T>(padd(si, epsilon))), simd::sqrt<T>(padd(ri, epsilon)));
    simd::store(r + i, ri);
    simd::store(s + i, average<T>(rho_, si, pmul(u, u)));
    simd::store(theta + i, psub(simd::load(theta + i), pmul(step, u)));
  });
}

template <typename T>
void Adadelta<T>::rest(const RestingSteps& steps, T* /*theta*/, T* const* moments, Index size) const {
  const double left = decayed<T>(rho_, steps.count());
  for (const int moment : {0, 1}) scale(moments[moment], left, size);
}

template <typename T>
Adam<T>::Adam(const Options& options) : Optimizer<T>(options.row_update), options_(options) {
  require_fraction<T>("beta1", options.beta1);
  require_fraction<T>("beta2", options.beta2);
  require_epsilon<T>(options.damping.epsilon);
  if (!(options.weight_decay >= 0.0 && std::isfinite(options.weight_decay)))
    throw DataError(text("weight_decay: expected a finite number >= 0, got ", options.weight_decay));
}

template <typename T>
void Adam<T>::update(Index t, double rate, const T* g, T* theta, T* const* moments, Index size) const {
  T* const m = moments[0];
  T* const v = moments[1];
  const double steps = static_cast<double>(t);
  const double correction1 = options_.bias_correction ? 1.0 - std::pow(options_.beta1, steps) : 1.0;
  const double correction2 = options_.bias_correction ? 1.0 - std::pow(options_.beta2, steps) : 1.0;
  const auto correct = simd::set(static_cast<T>(1.0 / correction2));
  const auto keep = simd::set(static_cast<T>(1.0 - rate * options_.weight_decay));
  by_register<T>(size, [&](Index i) {
    const auto gi = simd::load(g + i);
    const auto mi = average<T>(options_.beta1, simd::load(m + i), gi);
    const auto vi = average<T>(options_.beta2, simd::load(v + i), pmul(gi, gi));
    simd::store(m + i, mi);
    simd::store(v + i, vi);
    if (options_.weight_decay != 0.0) simd::store(theta + i, pmul(simd::load(theta + i), keep));
    descend(theta + i, rate / correction1, mi, damp<T>(pmul(vi, correct), options_.damping));
  });
}

namespace {

// The numbers of Adam's steps last + 1, last + 2, ..., each worked out when it is asked for first.
template <typename T>
class AdamSteps {
 public:
  struct Step {
    T rate;     // / (1 - beta1^t)
    T correct;  // 1 / (1 - beta2^t)
    T keep;     // of theta
    T most;     // no step from here on has a larger rate than that
  };
  AdamSteps(const RestingSteps& steps, const typename Adam<T>::Options& options)
      : steps_(steps), options_(options), run_(steps.runs.begin()) {
    if (!options.bias_correction) return;
    power1_ = std::pow(options.beta1, static_cast<double>(steps.last));
    power2_ = std::pow(options.beta2, static_cast<double>(steps.last));
  }

  const Step& operator[](Index k) {
    while (static_cast<Index>(known_.size()) <= k) append();
    return known_[static_cast<std::size_t>(k)];
  }

  // what decay leaves of theta in the steps from the k-th on
  double kept(Index k) const {
    const Index step = steps_.last + 1 + k;
    if (step > steps_.t) return 1.0;
    const auto runs = steps_.runs;
    const auto next =
        std::upper_bound(runs.begin(), runs.end(), step, [](Index t, const auto& r) { return t < r.first; });
    const Index end = next == runs.end() ? steps_.t + 1 : next->first;
    return std::pow(keep((next - 1)->rate), static_cast<double>(end - step)) * (next == runs.end() ? 1.0 : next->kept);
  }

 private:
  double keep(double rate) const { return 1.0 - rate * options_.weight_decay; }

  void append() {
    const Index step = steps_.last + 1 + static_cast<Index>(known_.size());
    while (run_ + 1 != steps_.runs.end() && (run_ + 1)->first <= step) ++run_;
    power1_ *= options_.beta1;
    power2_ *= options_.beta2;
    const double correction1 = 1.0 - power1_;
    known_.push_back({static_cast<T>(run_->rate / correction1), static_cast<T>(1.0 / (1.0 - power2_)),
                      static_cast<T>(keep(run_->rate)), static_cast<T>(run_->most / correction1)});
  }

  RestingSteps steps_;
  const typename Adam<T>::Options& options_;
  std::span<const RestingSteps::Run>::iterator run_;
  double power1_ = 0, power2_ = 0;  // beta^t; 0 where nothing is corrected
  std::vector<Step> known_;
};

}  // namespace

// Step by step until theta stands still: a later step is at most most |m| / d(v), which shrinks by beta1 / sqrt(beta2)
// from step to step, or, where that is above 1, most |m| / d(0), which shrinks by beta1. The rest is a power.
template <typename T>
void Adam<T>::rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const {
  constexpr Index kLook = 8;  // every so many steps
  const bool is_shrinking = options_.beta1 * options_.beta1 <= options_.beta2, decays = options_.weight_decay != 0.0;
  const auto beta1 = simd::set(static_cast<T>(options_.beta1)), beta2 = simd::set(static_cast<T>(options_.beta2));
  const Index count = steps.count();
  AdamSteps<T> numbers(steps, options_);
  by_register<T>(size, [&](Index i) {
    auto at = simd::load(theta + i), m = simd::load(moments[0] + i), v = simd::load(moments[1] + i);
    Index k = 0;
    for (; k < count; ++k) {
      const auto& step = numbers[k];
      if (k % kLook == 0) {
        const auto damping = damp<T>(is_shrinking ? v : simd::set(T(0)), options_.damping);
        const auto moved = psub(at, descended<T>(at, step.most, m, damping));
        if (simd::ei::predux_max(simd::ei::pabs(moved)) == T(0)) break;
      }
      m = pmul(beta1, m);
      v = pmul(beta2, v);
      if (decays) at = pmul(at, simd::set(step.keep));
      at = descended<T>(at, step.rate, m, damp<T>(pmul(v, simd::set(step.correct)), options_.damping));
    }
    if (decays) at = pmul(at, simd::set(static_cast<T>(numbers.kept(k))));
    simd::store(theta + i, at);
  });
  scale(moments[0], decayed<T>(options_.beta1, count), size);
  scale(moments[1], decayed<T>(options_.beta2, count), size);
}

#define NNCPP_INSTANTIATE(T)  \
  template class SGD<T>;      \
  template class AdaGrad<T>;  \
  template class RMSProp<T>;  \
  template class Adadelta<T>; \
  template class Adam<T>;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
