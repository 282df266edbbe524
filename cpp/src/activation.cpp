#include "nncpp/activation.hpp"

#include <algorithm>
#include <array>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "pointwise.hpp"
#include "softmax.hpp"

namespace nncpp {
namespace {

constexpr std::array<std::string_view, 16> kNames{
    "identity", "step",        "sigmoid", "tanh", "hard_tanh", "softsign", "relu",    "leaky_relu",
    "softplus", "exponential", "elu",     "selu", "gelu",      "silu",     "softmax", "log_softmax"};

// f(begin, end) over blocks of rows
constexpr Index kRowBlock = 16;
template <typename F>
void by_row_blocks(Index rows, Index columns, F f) {
  constexpr double kWork = 16;
  parallel_for((rows + kRowBlock - 1) / kRowBlock, kWork * static_cast<double>(rows) * static_cast<double>(columns),
               [&](Index task) { f(task * kRowBlock, std::min(rows, (task + 1) * kRowBlock)); });
}

template <typename T>
void put(T& to, T value, Write write) {
  to = write == Write::kAdd ? to + value : value;
}

template <typename T>
void softmax_backward(const T* v, const T* dv, T* dz, Index columns, Write write) {
  Wide<T> dot = 0;
  for (Index k = 0; k < columns; ++k) dot += static_cast<Wide<T>>(v[k]) * static_cast<Wide<T>>(dv[k]);
  for (Index k = 0; k < columns; ++k) put(dz[k], v[k] * (dv[k] - static_cast<T>(dot)), write);
}

template <typename T>
void log_softmax(const T* z, T* v, Index columns) {
  const T most = largest(z, columns);
  using std::log;
  const T log_sum = log(exp_sum<T>(z, most, nullptr, columns));
  for (Index k = 0; k < columns; ++k) v[k] = z[k] - most - log_sum;
}

template <typename T>
void log_softmax_backward(const T* v, const T* dv, T* dz, Index columns, Write write) {
  using std::exp;
  Wide<T> sum = 0;
  for (Index k = 0; k < columns; ++k) sum += static_cast<Wide<T>>(dv[k]);
  for (Index k = 0; k < columns; ++k) put(dz[k], dv[k] - exp(v[k]) * static_cast<T>(sum), write);
}

}  // namespace

std::string_view to_string(Activation activation) { return kNames[static_cast<std::size_t>(activation)]; }

std::span<const std::string_view> activation_names() { return kNames; }

Activation activation_from_name(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found != kNames.end()) return static_cast<Activation>(found - kNames.begin());
  std::string list;
  for (const auto known : kNames) list += (list.empty() ? "" : ", ") + std::string(known);
  throw DataError(text("activation: expected one of ", list, "; got '", name, "'"));
}

bool needs_z(Activation activation) {
  bool result = false;
  pointwise::with_activation<float>(activation, [&](auto f) { result = f.kNeedsZ; });
  return result;
}

void require_derivative(Activation activation) {
  if (activation == Activation::kStep)
    throw DataError(
        "activation 'step' has the derivative 0 everywhere and none at 0, so nothing before it can learn; "
        "use 'sigmoid' or 'tanh' for training");
}

template <typename T>
void activate(Activation activation, const T* z, T* v, Index rows, Index columns) {
  const bool is_pointwise = pointwise::with_activation<T>(activation, [&](auto f) {
    parallel_blocks(rows * columns, f.kWork, [&](Index begin, Index end) {
      simd::map(z + begin, v + begin, end - begin, [](const auto& x) { return decltype(f)::value(x); });
    });
  });
  if (is_pointwise) return;
  by_row_blocks(rows, columns, [&](Index begin, Index end) {
    // Short rows go through a block of their own: the load of a row would wait for the masked store before it.
    constexpr Index L = simd::kLanes<T>;
    std::array<T, kRowBlock * L> block;
    for (Index r = begin; r < end; ++r) {
      T* const to = columns <= L ? block.data() + (r - begin) * columns : v + r * columns;
      activation == Activation::kSoftmax ? softmax(z + r * columns, to, columns)
                                         : log_softmax(z + r * columns, to, columns);
    }
    if (columns <= L) std::copy_n(block.data(), (end - begin) * columns, v + begin * columns);
  });
}

template <typename T>
void activate_backward(Activation activation, const T* z, const T* v, const T* dv, T* dz, Index rows, Index columns,
                       Write write) {
  require_derivative(activation);
  const bool is_pointwise = pointwise::with_activation<T>(activation, [&](auto f) {
    const T* const from = f.kNeedsZ ? z : v;
    parallel_blocks(rows * columns, f.kNeedsZ ? f.kWork : 1.0, [&](Index begin, Index end) {
      constexpr Index L = simd::kLanes<T>;
      for (Index i = begin; i < end; i += L) {
        const Index n = std::min(L, end - i);
        const bool is_whole = n == L;
        const auto d = is_whole ? simd::load(dv + i) : simd::load_front(dv + i, n);
        const auto x = is_whole ? simd::load(from + i) : simd::load_front(from + i, n);
        auto result = simd::ei::pmul(decltype(f)::slope(x, x), d);
        if (write == Write::kAdd)
          result = simd::ei::padd(is_whole ? simd::load(dz + i) : simd::load_front(dz + i, n), result);
        is_whole ? simd::store(dz + i, result) : simd::store_front(dz + i, result, n);
      }
    });
  });
  if (is_pointwise) return;
  by_row_blocks(rows, columns, [&](Index begin, Index end) {
    for (Index i = begin * columns; i < end * columns; i += columns)
      activation == Activation::kSoftmax ? softmax_backward(v + i, dv + i, dz + i, columns, write)
                                         : log_softmax_backward(v + i, dv + i, dz + i, columns, write);
  });
}

#define NNCPP_INSTANTIATE(T)                                         \
  template void activate<T>(Activation, const T*, T*, Index, Index); \
  template void activate_backward<T>(Activation, const T*, const T*, const T*, T*, Index, Index, Write);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
