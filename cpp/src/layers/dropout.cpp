#include "nncpp/layers/dropout.hpp"

#include <array>
#include <cmath>

#include "nncpp/parallel.hpp"
#include "same_shape.hpp"

namespace nncpp {
namespace {

constexpr double kWork = 8.0;  // multiply-adds that one random word takes as long as

// y = or += m x / (1 - rate): forward and backward are the same map
template <typename T>
void apply_mask(const RandomKey& key, double rate, const T* x, T* y, Index size, Write write) {
  const auto threshold = static_cast<std::uint32_t>(std::min(std::floor(rate * 0x1p32), 4294967295.0));
  const T scale = static_cast<T>(1.0 / (1.0 - rate));
  parallel_blocks(size, kWork, [&](Index begin, Index end) {
    std::array<std::uint32_t, 1024> words;
    for (Index first = begin; first < end; first += 1024) {
      const Index count = std::min<Index>(1024, end - first);
      key.words(static_cast<std::uint64_t>(first), std::span(words.data(), static_cast<std::size_t>(count)));
      const T* from = x + first;
      T* to = y + first;
      if (write == Write::kAssign)
        for (Index i = 0; i < count; ++i)
          to[i] = words[static_cast<std::size_t>(i)] >= threshold ? from[i] * scale : T(0);
      else
        for (Index i = 0; i < count; ++i)
          to[i] += words[static_cast<std::size_t>(i)] >= threshold ? from[i] * scale : T(0);
    }
  });
}

}  // namespace

template <typename T>
Dropout<T>::Dropout(double rate) : rate_(rate) {
  if (!(rate >= 0.0 && rate < 1.0)) throw DataError(text("rate: expected 0 <= rate < 1, got ", rate));
}

template <typename T>
Shape Dropout<T>::output_shape(std::span<const Shape> inputs) const {
  return same_shape(inputs);
}

template <typename T>
void Dropout<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];  // (N, ...)
  if (pass.mode == Mode::kTraining && rate_ > 0)
    apply_mask(pass.key, rate_, u.data, pass.output.data, u.size(), Write::kAssign);
  else
    activate(Activation::kIdentity, u.data, pass.output.data, u.rows(), u.columns());
}

template <typename T>
void Dropout<T>::backward(const Backward<T>& pass) const {
  const auto& dv = pass.doutput;     // (N, ...)
  const auto& du = pass.dinputs[0];  // (N, ...)
  if (!du.is_wanted()) return;
  if (pass.mode == Mode::kTraining && rate_ > 0)
    apply_mask(pass.key, rate_, dv.data, du.to.data, dv.size(), du.write);
  else
    activate_backward<T>(Activation::kIdentity, nullptr, dv.data, dv.data, du.to.data, dv.rows(), dv.columns(),
                         du.write);
}

template class Dropout<float>;
template class Dropout<double>;
template class Dropout<Dual>;

}  // namespace nncpp
