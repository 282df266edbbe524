// The rules. How they are applied to theta is in optimizer_step.cpp.
#include "nncpp/optimizer.hpp"

#include <algorithm>
#include <array>
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

// theta -= rate direction / down
template <typename T>
void descend(T* theta, double rate, const simd::Packet<T>& direction, const simd::Packet<T>& down) {
  const auto step = simd::divide<T>(pmul(simd::set(static_cast<T>(rate)), direction), down);
  simd::store(theta, psub(simd::load(theta), step));
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

// The numbers of Adam's steps last + 1, last + 2, ..., each worked out when it is asked for first: what m and v have
// shrunk to is in them, so that a step is theta -= rate m / (spread sqrt(v) + epsilon), or sqrt(spread v + epsilon).
template <typename T>
class AdamSteps {
 public:
  struct Step {
    T rate;          // beta1^k / (1 - beta1^t)
    T spread;        // sqrt(beta2^k / (1 - beta2^t)), or its square where epsilon is inside the root
    T keep;          // of theta
    T most, narrow;  // no step from here on has a larger rate, or a smaller spread where steps are shrinking
  };
  AdamSteps(const RestingSteps& steps, const typename Adam<T>::Options& options)
      : steps_(steps), options_(options), run_(steps.runs.begin()) {
    known_.reserve(64);
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
    const bool is_shrinking = options_.beta1 * options_.beta1 <= options_.beta2;
    const auto rooted = [&](double square) { return options_.damping.is_inside_root ? square : std::sqrt(square); };
    const double narrow = is_shrinking ? rooted(decay2_) : 0.0, decay1 = decay1_;
    power1_ *= options_.beta1;
    power2_ *= options_.beta2;
    decay1_ *= options_.beta1;
    decay2_ *= options_.beta2;
    const double over = 1.0 / (1.0 - power1_);
    known_.push_back({static_cast<T>(run_->rate * decay1_ * over), static_cast<T>(rooted(decay2_ / (1.0 - power2_))),
                      static_cast<T>(keep(run_->rate)), static_cast<T>(run_->most * decay1 * over),
                      static_cast<T>(narrow)});
  }

  RestingSteps steps_;
  const typename Adam<T>::Options& options_;
  std::span<const RestingSteps::Run>::iterator run_;
  double power1_ = 0, power2_ = 0;  // beta^t; 0 where nothing is corrected
  double decay1_ = 1, decay2_ = 1;  // beta^k
  std::vector<Step> known_;
};

}  // namespace

// In k resting steps up to t theta moves by the sum over them of rate m / (B sqrt(v) + epsilon), where rate and B hold
// what m and v have shrunk to. As 1 / (B x + e) = sum_p (-e)^p / (B x)^(p + 1), that is m / x sum_p S_p (-e / x)^p with
// S_p = sum rate / B^(p + 1), the same for all rows: k of them to a line of the table, and what decay leaves of theta.
template <typename T>
constexpr Index kTerms = std::is_same_v<T, float> ? 4 : 8;
constexpr double kMostRatio = 0.01;  // of e to B x: the terms left out are below rounding
constexpr Index kTableSteps = 1024;  // rows that rest longer are rare, and come to a stand before

template <typename T>
std::vector<double> Adam<T>::resting_table(const RestingSteps& steps) const {
  if (options_.damping.is_inside_root) return {};
  std::array<double, kTerms<T>> shrink, sum{};  // of a step's term by p, per step between it and the row's last
  for (std::size_t p = 0; p < shrink.size(); ++p)
    shrink[p] = options_.beta1 * std::pow(options_.beta2, -0.5 * static_cast<double>(p + 1));
  const auto power = [&](double beta) {
    return options_.bias_correction ? std::pow(beta, static_cast<double>(steps.t)) : 0.0;
  };
  double power1 = power(options_.beta1), power2 = power(options_.beta2), kept = 1;
  std::vector<double> table;
  const Index count = std::min(steps.count(), kTableSteps);
  table.reserve(static_cast<std::size_t>(count * (kTerms<T> + 1)));
  auto run = steps.runs.end() - 1;
  for (Index step = steps.t; step > steps.t - count; --step) {
    while (run->first > step) --run;
    const double over = std::sqrt(1.0 - power2);  // 1 / B at full size
    double term = kept * run->rate / (1.0 - power1);
    for (std::size_t p = 0; p < sum.size(); ++p) {
      term *= over;
      sum[p] = shrink[p] * (term + sum[p]);
    }
    kept *= 1.0 - run->rate * options_.weight_decay;
    table.insert(table.end(), sum.begin(), sum.end());
    table.push_back(kept);
    power1 /= options_.beta1 > 0 ? options_.beta1 : 1.0;
    power2 /= options_.beta2 > 0 ? options_.beta2 : 1.0;
  }
  return table;
}

// Step by step until theta stands still: a later step is at most most |m| / d(v), which shrinks by beta1 / sqrt(beta2)
// from step to step, or, where that is above 1, most |m| / d(0), which shrinks by beta1. The rest is a power.
template <typename T>
void Adam<T>::rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const {
  constexpr Index kLook = 16;     // every so many steps
  constexpr Index kTogether = 4;  // registers: one would wait for itself
  const bool decays = options_.weight_decay != 0.0;
  const auto epsilon = simd::set(static_cast<T>(options_.damping.epsilon));
  const Index count = steps.count();
  AdamSteps<T> numbers(steps, options_);
  const auto run = [&]<Index kCount, bool is_inside>(std::integral_constant<Index, kCount>,
                                                     std::bool_constant<is_inside>, Index first) {
    using Packet = simd::Packet<T>;
    Packet at[kCount], m[kCount], spread[kCount];  // spread: sqrt(v), or v where epsilon is inside the root
    for (Index r = 0; r < kCount; ++r) {
      const Index i = first + r * simd::kLanes<T>;
      at[r] = simd::load(theta + i);
      m[r] = simd::load(moments[0] + i);
      spread[r] = simd::load(moments[1] + i);
      if (!is_inside) spread[r] = simd::sqrt<T>(spread[r]);
    }
    const auto moved = [&](Index r, const Packet& rate, const Packet& by) {
      const Packet damping = padd(pmul(spread[r], by), epsilon);
      return psub(at[r], simd::divide<T>(pmul(rate, m[r]), is_inside ? simd::sqrt<T>(damping) : damping));
    };
    Index k = 0;
    for (; k < count; ++k) {
      const auto& step = numbers[k];
      if (k % kLook == 0) {
        const Packet most = simd::set(step.most), narrow = simd::set(step.narrow);
        Packet largest = simd::set<T>(T(0));
        for (Index r = 0; r < kCount; ++r)
          largest = simd::ei::pmax(largest, simd::ei::pabs(psub(at[r], moved(r, most, narrow))));
        if (simd::ei::predux_max(largest) == T(0)) break;
      }
      const Packet rate = simd::set(step.rate), by = simd::set(step.spread), keep = simd::set(step.keep);
      for (Index r = 0; r < kCount; ++r) {
        if (decays) at[r] = pmul(at[r], keep);
        at[r] = moved(r, rate, by);
      }
    }
    const Packet rest = simd::set(static_cast<T>(decays ? numbers.kept(k) : 1.0));
    for (Index r = 0; r < kCount; ++r) simd::store(theta + first + r * simd::kLanes<T>, pmul(at[r], rest));
  };
  const auto run_all = [&](auto is_inside) {
    Index i = 0;
    for (; i + kTogether * simd::kLanes<T> <= size; i += kTogether * simd::kLanes<T>)
      run(std::integral_constant<Index, kTogether>{}, is_inside, i);
    for (; i < size; i += simd::kLanes<T>) run(std::integral_constant<Index, 1>{}, is_inside, i);
  };
  const auto line = static_cast<std::size_t>((count - 1) * (kTerms<T> + 1));
  if (options_.damping.is_inside_root) {
    run_all(std::true_type{});
  } else if (line >= steps.table.size()) {
    run_all(std::false_type{});
  } else {
    const double* const sums = steps.table.data() + line;
    const double power2 = options_.bias_correction ? std::pow(options_.beta2, static_cast<double>(steps.t)) : 0.0;
    const double narrowest = std::sqrt(std::pow(options_.beta2, static_cast<double>(count)) / (1.0 - power2));
    const T least = static_cast<T>(options_.damping.epsilon / (kMostRatio * narrowest));
    const auto keep = simd::set(static_cast<T>(sums[kTerms<T>]));
    by_register<T>(size, [&](Index i) {
      const auto m = simd::load(moments[0] + i), one = simd::set(T(1));
      const auto is_still = simd::ei::pcmp_eq(m, simd::set(T(0)));
      const auto x = simd::ei::pselect(is_still, one, simd::sqrt<T>(simd::load(moments[1] + i)));
      if (!(simd::ei::predux_min(x) >= least)) return run(std::integral_constant<Index, 1>{}, std::false_type{}, i);
      const auto over = simd::divide<T>(one, x), ratio = pmul(simd::ei::pnegate(epsilon), over);
      auto sum = simd::set(static_cast<T>(sums[kTerms<T> - 1]));
      for (Index p = kTerms<T> - 1; p-- > 0;) sum = padd(pmul(sum, ratio), simd::set(static_cast<T>(sums[p])));
      simd::store(theta + i, psub(pmul(simd::load(theta + i), keep), pmul(pmul(m, over), sum)));
    });
  }
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
