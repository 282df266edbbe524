#include "nncpp/layers/dropout.hpp"

#include <array>
#include <cmath>

#include "nncpp/parallel.hpp"
#include "same_shape.hpp"

namespace nncpp {
namespace {

constexpr double kWork = 8.0;  // multiply-adds that one random word takes as long as
constexpr Index kBlock = 8192;

// x (N, P, C) and m (N, C): P numbers share one of m. Of packed sequences each has a P of its own.
struct Places {
  Index N, P, C;
  const Sequences* packed = nullptr;

  Index sample(Index n) const { return packed != nullptr ? packed->sample(n) : n; }
  Index count(Index n) const { return packed != nullptr ? packed->length(n) : P; }
  Index row(Index n, Index p) const { return packed != nullptr ? packed->row(n, p) : n * P + p; }
};

Places places_of(const Shape& u, Dropped dropped, const Sequences* sequences) {
  if (dropped == Dropped::kNumbers) return {1, 1, numel(u)};
  if (sequences != nullptr && sequences->is_packed())
    return {sequences->count(), sequences->steps(), u.back(), sequences};
  return {u[0], numel(u) / (u[0] * u.back()), u.back()};
}

// y = or += m x / (1 - rate): forward and backward are the same map
template <typename T>
void apply_mask(const RandomKey& key, double rate, const Places& places, const T* x, T* y, Write write) {
  const auto threshold = static_cast<std::uint32_t>(std::min(std::floor(rate * 0x1p32), 4294967295.0));
  const T scale = static_cast<T>(1.0 / (1.0 - rate));
  const Index N = places.N, C = places.C;
  const Index blocks = (C + kBlock - 1) / kBlock;
  parallel_for(N * blocks, kWork * static_cast<double>(N * places.P * C), [&](Index task) {
    const Index n = task / blocks, end = std::min((task % blocks + 1) * kBlock, C);
    std::array<std::uint32_t, 1024> words;
    for (Index first = task % blocks * kBlock; first < end; first += 1024) {
      const Index count = std::min<Index>(1024, end - first);
      key.words(static_cast<std::uint64_t>(places.sample(n) * C + first),
                std::span(words.data(), static_cast<std::size_t>(count)));
      for (Index p = 0; p < places.count(n); ++p) {
        const T* from = x + places.row(n, p) * C + first;
        T* to = y + places.row(n, p) * C + first;
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
    apply_mask(pass.key, rate_, places_of(u.shape, dropped_, pass.sequences), u.data, pass.output.data, Write::kAssign);
  else
    activate(Activation::kIdentity, u.data, pass.output.data, u.rows(), u.columns());
}

template <typename T>
void Dropout<T>::backward(const Backward<T>& pass) const {
  const auto& dv = pass.doutput;     // (N, ...)
  const auto& du = pass.dinputs[0];  // (N, ...)
  if (!du.is_wanted()) return;
  if (pass.mode == Mode::kTraining && rate_ > 0)
    apply_mask(pass.key, rate_, places_of(dv.shape, dropped_, pass.sequences), dv.data, du.to.data, du.write);
  else
    activate_backward<T>(Activation::kIdentity, nullptr, dv.data, dv.data, du.to.data, dv.rows(), dv.columns(),
                         du.write);
}

template class Dropout<float>;
template class Dropout<double>;
template class Dropout<Dual>;

}  // namespace nncpp
