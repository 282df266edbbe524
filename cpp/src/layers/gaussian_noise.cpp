#include "nncpp/layers/gaussian_noise.hpp"

#include <array>
#include <cmath>

#include "nncpp/parallel.hpp"
#include "same_shape.hpp"

namespace nncpp {
namespace {

constexpr double kWork = 32.0;   // multiply-adds that one normal number takes as long as
constexpr Index kNumbers = 512;  // made at a time

}  // namespace

template <typename T>
GaussianNoise<T>::GaussianNoise(double deviation) : deviation_(deviation) {
  if (!(deviation >= 0 && std::isfinite(static_cast<Real<T>>(deviation))))
    throw DataError(
        text("deviation: expected a finite number >= 0 in float", 8 * sizeof(Real<T>), ", got ", deviation));
}

template <typename T>
Shape GaussianNoise<T>::output_shape(std::span<const Shape> inputs) const {
  return same_shape(inputs);
}

template <typename T>
void GaussianNoise<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];  // (N, ...)
  if (pass.mode == Mode::kInference || deviation_ == 0) {
    activate(Activation::kIdentity, u.data, pass.output.data, u.rows(), u.columns());
    return;
  }
  parallel_blocks(u.size(), kWork, [&](Index begin, Index end) {
    std::array<double, kNumbers> numbers;
    for (Index first = begin; first < end; first += kNumbers) {
      const auto count = static_cast<std::size_t>(std::min(kNumbers, end - first));
      pass.key.normals(static_cast<std::uint64_t>(first), std::span(numbers.data(), count));
      const T* from = u.data + first;
      T* to = pass.output.data + first;
      for (std::size_t i = 0; i < count; ++i) to[i] = from[i] + static_cast<T>(deviation_ * numbers[i]);
    }
  });
}

template <typename T>
void GaussianNoise<T>::backward(const Backward<T>& pass) const {
  const auto& dv = pass.doutput;     // (N, ...)
  const auto& du = pass.dinputs[0];  // (N, ...)
  if (!du.is_wanted()) return;
  activate_backward<T>(Activation::kIdentity, nullptr, dv.data, dv.data, du.to.data, dv.rows(), dv.columns(), du.write);
}

template class GaussianNoise<float>;
template class GaussianNoise<double>;
template class GaussianNoise<Dual>;

}  // namespace nncpp
