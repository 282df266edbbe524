#include "nncpp/layers/dropout.hpp"

#include <array>
#include <cmath>

#include "nncpp/parallel.hpp"
#include "same_shape.hpp"

namespace nncpp {
namespace {

constexpr double kWork = 8.0;  // multiply-adds that one random word takes as long as
constexpr Index kBlock = 8192;

// x (N, P, C) and m (N, C): P numbers share one of m
struct Sizes {
  Index N, P, C;
};

Sizes sizes_of(const Shape& u, Dropped dropped) {
  if (dropped == Dropped::kNumbers) return {1, 1, numel(u)};
  return {u[0], numel(u) / (u[0] * u.back()), u.back()};
}

// y = or += m x / (1 - rate): forward and backward are the same map
template <typename T>
void apply_mask(const RandomKey& key, double rate, const Sizes& sizes, const T* x, T* y, Write write) {
  const auto threshold = static_cast<std::uint32_t>(std::min(std::floor(rate * 0x1p32), 4294967295.0));
  const T scale = static_cast<T>(1.0 / (1.0 - rate));
  const auto [N, P, C] = sizes;
  const Index blocks = (C + kBlock - 1) / kBlock;
  parallel_for(N * blocks, kWork * static_cast<double>(N * P * C), [&, P = P, C = C](Index task) {
    const Index n = task / blocks, end = std::min((task % blocks + 1) * kBlock, C);
    std::array<std::uint32_t, 1024> words;
    for (Index first = task % blocks * kBlock; first < end; first += 1024) {
      const Index count = std::min<Index>(1024, end - first);
      key.words(static_cast<std::uint64_t>(n * C + first), std::span(words.data(), static_cast<std::size_t>(count)));
      for (Index p = 0; p < P; ++p) {
        const T* from = x + (n * P + p) * C + first;
        T* to = y + (n * P + p) * C + first;
        if (write == Write::kAssign)
          for (Index i = 0; i < count; ++i)
            to[i] = words[static_cast<std::size_t>(i)] >= threshold ? from[i] * scale : T(0);
        else
          for (Index i = 0; i < count; ++i)
            to[i] += words[static_cast<std::size_t>(i)] >= threshold ? from[i] * scale : T(0);
      }
    }
  });
}

}  // namespace

template <typename T>
Dropout<T>::Dropout(double rate, Dropped dropped) : rate_(rate), dropped_(dropped) {
  if (!(rate >= 0.0 && rate < 1.0)) throw DataError(text("rate: expected 0 <= rate < 1, got ", rate));
}

template <typename T>
std::string Dropout<T>::kind() const {
  if (dropped_ == Dropped::kNumbers) return "Dropout";
  return dropped_ == Dropped::kChannelsOfImages ? "SpatialDropout2D" : "SpatialDropout1D";
}

template <typename T>
Shape Dropout<T>::output_shape(std::span<const Shape> inputs) const {
  const Shape shape = same_shape(inputs);
  if (dropped_ != Dropped::kNumbers)
    Window({.is_sequence = dropped_ == Dropped::kChannelsOfSequences}).image(shape);  // throws
  return shape;
}

template <typename T>
void Dropout<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];  // (N, ...)
  if (pass.mode == Mode::kTraining && rate_ > 0)
    apply_mask(pass.key, rate_, sizes_of(u.shape, dropped_), u.data, pass.output.data, Write::kAssign);
  else
    activate(Activation::kIdentity, u.data, pass.output.data, u.rows(), u.columns());
}

template <typename T>
void Dropout<T>::backward(const Backward<T>& pass) const {
  const auto& dv = pass.doutput;     // (N, ...)
  const auto& du = pass.dinputs[0];  // (N, ...)
  if (!du.is_wanted()) return;
  if (pass.mode == Mode::kTraining && rate_ > 0)
    apply_mask(pass.key, rate_, sizes_of(dv.shape, dropped_), dv.data, du.to.data, du.write);
  else
    activate_backward<T>(Activation::kIdentity, nullptr, dv.data, dv.data, du.to.data, dv.rows(), dv.columns(),
                         du.write);
}

template class Dropout<float>;
template class Dropout<double>;
template class Dropout<Dual>;

}  // namespace nncpp
