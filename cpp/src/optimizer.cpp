#include "nncpp/optimizer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

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
    throw DataError(
        text("epsilon: expected a finite number of at least ", kLeast, " in float", 8 * sizeof(T), ", got ", value));
}

using simd::ei::padd, simd::ei::pmul, simd::ei::psub;

// f(i) for each register of [begin, end); vectors are padded to whole registers
template <typename T, typename F>
void by_register(Index begin, Index end, F f) {
  for (Index i = begin; i < end; i += simd::kLanes<T>) f(i);
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

// theta -= rate direction / down
template <typename T>
void descend(T* theta, double rate, const simd::Packet<T>& direction, const simd::Packet<T>& down) {
  const auto step = pmul(simd::set(static_cast<T>(rate)), direction);
  simd::store(theta, psub(simd::load(theta), simd::divide<T>(step, down)));
}

}  // namespace

template <typename T>
void require_rate(double rate) {
  if (!(rate >= 0.0 && std::isfinite(static_cast<T>(rate))))
    throw DataError(
        text("learning_rate: expected a number >= 0 that is finite in float", 8 * sizeof(T), ", got ", rate));
}

std::vector<RateRange> cover(std::vector<RateRange> ranges, Index size) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<RateRange> all;
  Index position = 0;
  for (const RateRange& range : ranges) {
    if (!(std::isfinite(range.factor) && range.factor >= 0))
      throw DataError(text("rate_factors: expected finite numbers >= 0, got ", range.factor));
    if (range.begin < position || range.end > size) throw Error("rate_factors: expected pieces that do not overlap");
    if (range.begin > position) all.push_back({position, range.begin});
    all.push_back(range);
    position = range.end;
  }
  if (position < size) all.push_back({position, size});
  return all;
}

template <typename T>
OptimizerState<T> Optimizer<T>::start(Index size) const {
  OptimizerState<T> state;
  for (std::size_t i = 0; i < moment_names().size(); ++i) state.moments.emplace_back(size);
  return state;
}

template <typename T>
void Optimizer<T>::step(OptimizerState<T>& state, double rate, const T* gradient, T* theta,
                        std::span<const RateRange> ranges) const {
  for (const RateRange& range : ranges) require_rate<T>(rate * range.factor);
  ++state.t;
  for (const RateRange& range : ranges) {
    parallel_blocks(range.end - range.begin, kWorkPerElement, [&](Index begin, Index end) {
      update(state, rate * range.factor, gradient, theta, range.begin + begin, range.begin + end);
    });
  }
}

template <typename T>
void Optimizer<T>::step(OptimizerState<T>& state, double rate, const T* gradient, T* theta, Index size) const {
  const RateRange all{0, size, 1.0};
  step(state, rate, gradient, theta, {&all, 1});
}

namespace {

// |g|_2; a block's sum of squares is a T and may overflow, which the norm then shows
template <typename T>
double norm(const T* g, Index size) {
  constexpr Index kBlock = 8192, kMostTasks = 64;
  const Index blocks = (size + kBlock - 1) / kBlock, tasks = std::min(blocks, kMostTasks);
  std::array<double, kMostTasks> squares{};
  parallel_for(tasks, static_cast<double>(size), [&](Index task) {
    double sum = 0;
    for (Index block = task * blocks / tasks; block < (task + 1) * blocks / tasks; ++block) {
      const Index first = block * kBlock;
      sum += static_cast<double>(
          simd::sum(g + first, std::min(kBlock, size - first), T(0), [](const auto& x) { return pmul(x, x); }));
    }
    squares[static_cast<std::size_t>(task)] = sum;
  });
  return std::sqrt(std::accumulate(squares.begin(), squares.begin() + tasks, 0.0));
}

}  // namespace

template <typename T>
double clip(const Clipping& clipping, T* g, Index size) {
  constexpr double kWork = 1.0;
  if (std::isfinite(clipping.value)) {
    const T most = static_cast<T>(clipping.value);
    parallel_blocks(size, kWork, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) g[i] = g[i] > most ? most : g[i] < -most ? -most : g[i];  // NaN stays
    });
  }
  const double before = norm(g, size);
  if (!(before > clipping.norm && std::isfinite(before))) return before;
  const T factor = static_cast<T>(clipping.norm / before);
  parallel_blocks(size, kWork, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) g[i] *= factor;
  });
  return clipping.norm;
}

template <typename T>
bool is_step_finite(double rate, double norm) {
  return std::isfinite(norm) && std::isfinite(static_cast<T>(rate * norm));
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
void SGD<T>::update(OptimizerState<T>& state, double rate, const T* g_, T* theta_, Index begin, Index end) const {
  const T* __restrict g = g_;
  T* __restrict theta = theta_;
  const T mu = momentum_, step = static_cast<T>(rate);
  if (mu == T(0)) {
    for (Index i = begin; i < end; ++i) theta[i] -= step * g[i];
    return;
  }
  T* __restrict v = state.moments[0].data();
  for (Index i = begin; i < end; ++i) {
    v[i] = mu * v[i] - step * g[i];
    theta[i] += nesterov_ ? mu * v[i] - step * g[i] : v[i];
  }
}

template <typename T>
AdaGrad<T>::AdaGrad(const Damping& damping) : damping_(damping) {
  require_epsilon<T>(damping.epsilon);
}

template <typename T>
void AdaGrad<T>::update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const {
  T* const r = state.moments[0].data();
  by_register<T>(begin, end, [&](Index i) {
    const auto gi = simd::load(g + i);
    const auto ri = padd(simd::load(r + i), pmul(gi, gi));
    simd::store(r + i, ri);
    descend(theta + i, rate, gi, damp<T>(ri, damping_));
  });
}

template <typename T>
RMSProp<T>::RMSProp(double rho, const Damping& damping) : rho_(rho), damping_(damping) {
  require_fraction<T>("rho", rho);
  require_epsilon<T>(damping.epsilon);
}

template <typename T>
void RMSProp<T>::update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const {
  T* const r = state.moments[0].data();
  by_register<T>(begin, end, [&](Index i) {
    const auto gi = simd::load(g + i);
    const auto ri = average<T>(rho_, simd::load(r + i), pmul(gi, gi));
    simd::store(r + i, ri);
    descend(theta + i, rate, gi, damp<T>(ri, damping_));
  });
}

template <typename T>
Adadelta<T>::Adadelta(double rho, double epsilon) : rho_(rho), epsilon_(epsilon) {
  require_fraction<T>("rho", rho);
  require_epsilon<T>(epsilon);
}

template <typename T>
void Adadelta<T>::update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const {
  T* const r = state.moments[0].data();
  T* const s = state.moments[1].data();
  const auto epsilon = simd::set(static_cast<T>(epsilon_)), step = simd::set(static_cast<T>(rate));
  by_register<T>(begin, end, [&](Index i) {
    const auto gi = simd::load(g + i), si = simd::load(s + i);
    const auto ri = average<T>(rho_, simd::load(r + i), pmul(gi, gi));
    const auto u = simd::divide<T>(pmul(gi, simd::sqrt<T>(padd(si, epsilon))), simd::sqrt<T>(padd(ri, epsilon)));
    simd::store(r + i, ri);
    simd::store(s + i, average<T>(rho_, si, pmul(u, u)));
    simd::store(theta + i, psub(simd::load(theta + i), pmul(step, u)));
  });
}

template <typename T>
Adam<T>::Adam(const Options& options) : options_(options) {
  require_fraction<T>("beta1", options.beta1);
  require_fraction<T>("beta2", options.beta2);
  require_epsilon<T>(options.damping.epsilon);
  if (!(options.weight_decay >= 0.0 && std::isfinite(options.weight_decay)))
    throw DataError(text("weight_decay: expected a finite number >= 0, got ", options.weight_decay));
}

template <typename T>
void Adam<T>::update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const {
  T* const m = state.moments[0].data();
  T* const v = state.moments[1].data();
  const double t = static_cast<double>(state.t);
  const double correction1 = options_.bias_correction ? 1.0 - std::pow(options_.beta1, t) : 1.0;
  const double correction2 = options_.bias_correction ? 1.0 - std::pow(options_.beta2, t) : 1.0;
  const auto correct = simd::set(static_cast<T>(1.0 / correction2));
  const auto keep = simd::set(static_cast<T>(1.0 - rate * options_.weight_decay));
  by_register<T>(begin, end, [&](Index i) {
    const auto gi = simd::load(g + i);
    const auto mi = average<T>(options_.beta1, simd::load(m + i), gi);
    const auto vi = average<T>(options_.beta2, simd::load(v + i), pmul(gi, gi));
    simd::store(m + i, mi);
    simd::store(v + i, vi);
    if (options_.weight_decay != 0.0) simd::store(theta + i, pmul(simd::load(theta + i), keep));
    descend(theta + i, rate / correction1, mi, damp<T>(pmul(vi, correct), options_.damping));
  });
}

#define NNCPP_INSTANTIATE(T)                           \
  template void require_rate<T>(double);               \
  template double clip<T>(const Clipping&, T*, Index); \
  template bool is_step_finite<T>(double, double);     \
  template class Optimizer<T>;                         \
  template class SGD<T>;                               \
  template class AdaGrad<T>;                           \
  template class RMSProp<T>;                           \
  template class Adadelta<T>;                          \
  template class Adam<T>;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
