#include "nncpp/layers/gaussian_noise.hpp"

#include <array>
#include <cmath>
#include <numeric>

#include "nncpp/parallel.hpp"
#include "same_shape.hpp"

namespace nncpp {
namespace {

constexpr double kWork = 64.0;  // multiply-adds that a pair of normal numbers takes as long as
constexpr Index kPairs = 256;   // made at a time

// body(i, p, count) for the pieces that first ... last - 1 have of the rows i: `count` pairs from p on, of P in a row
template <typename Body>
void for_rows(Index first, Index last, Index P, const Body& body) {
  for (Index i = first / P, p = first % P; first < last; ++i, p = 0) {
    const Index count = std::min(P - p, last - first);
    body(i, p, count);
    first += count;
  }
}

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
  const RandomKey key{pass.key.seed, pass.key.stream, pass.rows.epoch};
  if (pass.sequences != nullptr && pass.sequences->is_packed()) return add_to_sequences(pass, key);
  const Index N = u.shape[0], D = u.size() / N, P = (D + 1) / 2;  // rows, their numbers and their pairs of numbers
  const Index length = D % 2 == 0 ? N * D : D;  // where no row leaves a number of a pair over, all are one long row
  parallel_blocks(N * P, kWork, [&](Index begin, Index end) {
    std::array<std::uint64_t, kPairs> pairs;
    std::array<double, 2 * kPairs> numbers;
    for (Index first = begin; first < end; first += kPairs) {
      const Index last = std::min(first + kPairs, end);
      std::uint64_t* pair = pairs.data();
      for_rows(first, last, P, [&](Index i, Index p, Index count) {
        for (Index block = pass.rows[i] * P + p; count > 0; ++block, --count)
          *pair++ = static_cast<std::uint64_t>(block);
      });
      key.normals(std::span(pairs.data(), pair),
                  std::span(numbers.data(), static_cast<std::size_t>(2 * (last - first))));
      const double* number = numbers.data();
      for_rows(first, last, length / 2 + length % 2, [&](Index i, Index p, Index count) {
        const T* const from = u.data + i * length + 2 * p;
        T* const to = pass.output.data + i * length + 2 * p;
        const Index wanted = std::min(2 * count, length - 2 * p);
        for (Index j = 0; j < wanted; ++j) to[j] = from[j] + static_cast<T>(deviation_ * number[j]);
        number += 2 * count;
      });
    }
  });
}

// Step t of a row has places t D ... (t + 1) D - 1 of T D, which may begin or end within a pair.
template <typename T>
void GaussianNoise<T>::add_to_sequences(const Forward<T>& pass, const RandomKey& key) const {
  const Sequences& sequences = *pass.sequences;
  const Index D = sequences.step_size(pass.inputs[0].size()), P = (sequences.steps() * D + 1) / 2;
  parallel_for(sequences.count(), kWork / 2 * static_cast<double>(pass.output.size()), [&](Index rank) {
    const Index row = pass.rows[sequences.sample(rank)];
    std::array<std::uint64_t, kPairs> pairs;
    std::array<double, 2 * kPairs> numbers;
    for (Index t = 0; t < sequences.length(rank); ++t) {
      const T* const from = pass.inputs[0].data + sequences.row(rank, t) * D;
      T* const to = pass.output.data + sequences.row(rank, t) * D;
      for (Index first = t * D, end = first + D; first < end;) {
        const Index pair = first / 2, count = std::min((end + 1) / 2 - pair, kPairs);
        std::iota(pairs.begin(), pairs.begin() + count, static_cast<std::uint64_t>(row * P + pair));
        key.normals(std::span(pairs).first(static_cast<std::size_t>(count)),
                    std::span(numbers).first(static_cast<std::size_t>(2 * count)));
        for (const Index last = std::min(2 * (pair + count), end); first < last; ++first) {
          const Index i = first - t * D;
          to[i] = from[i] + static_cast<T>(deviation_ * numbers[static_cast<std::size_t>(first - 2 * pair)]);
        }
      }
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
