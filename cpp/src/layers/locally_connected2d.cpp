// At each position a product of matrices: windows (N, F) times weights (F, K). Windows are gathered from a few images
// at a time, so that scratch does not grow with the batch.
#include "nncpp/layers/locally_connected2d.hpp"

#include <algorithm>

#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {
namespace {

constexpr Index kMostTasks = 16;  // that the positions are cut into
constexpr Index kGathered = 64;   // images whose windows are gathered at once
constexpr Index kImages = 16;     // images of a task that writes to du: windows share pixels, images do not

}  // namespace

// of one sample
template <typename T>
struct LocallyConnected2D<T>::Sizes {
  Image image;
  Sweep rows, columns;
  Index K;                                              // filters at a position
  Index M = rows.positions * columns.positions;         // positions
  Index F = rows.size * columns.size * image.channels;  // numbers in a window
  Index num_tasks = std::min(M, kMostTasks);

  Index first_position(Index task) const { return task * M / num_tasks; }
  double work(Index N) const { return static_cast<double>(N * M) * static_cast<double>(F * K); }

  // f(from, to, count): `count` numbers of the image, from `from`, are those of window m from `to` on
  template <typename Function>
  void for_runs(Index m, Function f) const {
    const Index top = m / columns.positions * rows.stride - rows.padding[0];
    const Index left = m % columns.positions * columns.stride - columns.padding[0];
    const Index first = std::max<Index>(-left, 0), last = std::min(columns.size, image.width - left);
    if (first >= last) return;
    for (Index i = std::max<Index>(-top, 0); i < std::min(rows.size, image.height - top); ++i)
      f(((top + i) * image.width + left + first) * image.channels, (i * columns.size + first) * image.channels,
        (last - first) * image.channels);
  }

  // windows (count, F) = what position m sees of `count` images, zeros outside of them
  void gather(const T* u, Index count, Index m, T* windows) const {
    Index seen = 0;
    for_runs(m, [&](Index, Index, Index size) { seen += size; });
    if (seen < F) std::fill_n(windows, count * F, T(0));
    for_runs(m, [&](Index from, Index to, Index size) {
      for (Index n = 0; n < count; ++n) std::copy_n(u + n * image.size() + from, size, windows + n * F + to);
    });
  }

  // W (F, K) of position m, and its transpose (K, F)
  Matrix<T> weights(const T* W, Index m) const { return {W + m * K, F, K, M * K, 1}; }
  Matrix<T> transposed_weights(const T* W, Index m) const { return {W + m * K, K, F, 1, M * K}; }
  // dz (count, K) of position m, from image n on
  Matrix<T> gradients(const T* dz, Index n, Index count, Index m) const {
    return {dz + (n * M + m) * K, count, K, M * K, 1};
  }
};

template <typename T>
LocallyConnected2D<T>::LocallyConnected2D(const Options& options) : options_(options), window_(options.window) {
  if (options.filters < 1) throw DataError(text("filters: expected 1 or more, got ", options.filters));
  for (const Index dilation : options.window.dilation)
    if (dilation != 1) throw DataError(text("dilation: expected 1, got ", dilation));
}

template <typename T>
typename LocallyConnected2D<T>::Sizes LocallyConnected2D<T>::sizes(const Shape& sample) const {
  const Image image = window_.image(sample);
  const auto [rows, columns] = window_.over(image);
  return {.image = image, .rows = rows, .columns = columns, .K = options_.filters};
}

template <typename T>
Shape LocallyConnected2D<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  return window_.output_shape(inputs[0], options_.filters);
}

template <typename T>
std::vector<SegmentSpec> LocallyConnected2D<T>::parameters(std::span<const Shape> inputs) const {
  const Sizes s = sizes(inputs[0]);
  const Index fan_out = s.rows.size * s.columns.size * s.K;
  const Shape weight = window_.options().is_sequence ? Shape{s.columns.size, s.image.channels, s.M, s.K}
                                                     : Shape{s.rows.size,      s.columns.size,      s.image.channels,
                                                             s.rows.positions, s.columns.positions, s.K};
  std::vector<SegmentSpec> specs{{"weight", weight, SegmentKind::kWeight, options_.weight_initializer, s.F, fan_out}};
  if (options_.use_bias)
    specs.push_back({"bias", output_shape(inputs), SegmentKind::kBias, options_.bias_initializer, s.F, fan_out});
  return specs;
}

template <typename T>
LayerMemory LocallyConnected2D<T>::memory(std::span<const Shape> inputs, Index n) const {
  const Sizes s = sizes(inputs[0]);
  const bool is_linear = options_.activation == Activation::kIdentity;
  const Index gathered = std::min(n, kGathered), size = n * s.M * s.K;  // of z and dz
  const Index for_dw = s.num_tasks * (gathered + s.K) * s.F, for_du = (n + kImages - 1) / kImages * kImages * s.F;
  return {.saved = needs_z(options_.activation) ? size : 0,
          .forward = s.num_tasks * gathered * (s.F + s.K),
          .backward = (is_linear ? 0 : size) + std::max(for_dw, for_du)};
}

template <typename T>
void LocallyConnected2D<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];
  const T* W = pass.weights[0].data;                                // (F, M K)
  const T* b = options_.use_bias ? pass.weights[1].data : nullptr;  // (M K)
  const Sizes s = sizes(u.shape.sample());
  const Index N = u.shape[0], M = s.M, F = s.F, K = s.K, gathered = std::min(N, kGathered);

  T* const v = pass.output.data;                                                  // (N, M K)
  T* const z = needs_z(options_.activation) && !pass.is_linear ? pass.saved : v;  // (N, M K)
  parallel_for(s.num_tasks, s.work(N), [&](Index task) {
    T* const windows = pass.scratch + task * gathered * (F + K);  // (gathered, F)
    T* const sums = windows + gathered * F;                       // (gathered, K)
    for (Index m = s.first_position(task); m < s.first_position(task + 1); ++m)
      for (Index first = 0; first < N; first += gathered) {
        const Index count = std::min(gathered, N - first);
        s.gather(u.data + first * s.image.size(), count, m, windows);
        multiply(matrix(windows, count, F), s.weights(W, m), sums, Write::kAssign, b == nullptr ? b : b + m * K);
        for (Index n = 0; n < count; ++n) std::copy_n(sums + n * K, K, z + ((first + n) * M + m) * K);
      }
  });
  if (!pass.is_linear && options_.activation != Activation::kIdentity) activate(options_.activation, z, v, N * M, K);
}

template <typename T>
void LocallyConnected2D<T>::backward(const Backward<T>& pass) const {
  const auto& u = pass.inputs[0];
  const T* W = pass.weights[0].data;  // (F, M K)
  const Sizes s = sizes(u.shape.sample());
  const Index N = u.shape[0], M = s.M, F = s.F, K = s.K, gathered = std::min(N, kGathered);

  const T* dz = pass.doutput.data;  // (N, M K)
  T* scratch = pass.scratch;
  if (!pass.is_linear && options_.activation != Activation::kIdentity) {
    activate_backward(options_.activation, pass.saved, pass.output.data, dz, scratch, N * M, K);
    dz = scratch;
    scratch += N * M * K;
  }
  const auto& [du, dW] = std::pair{pass.dinputs[0], pass.dweights[0]};
  if (du.is_wanted())
    parallel_for((N + kImages - 1) / kImages, s.work(N), [&](Index task) {
      T* const windows = scratch + task * kImages * F;  // (kImages, F)
      const Index first = task * kImages, count = std::min(kImages, N - first);
      T* const to = du.to.data + first * s.image.size();
      if (du.write == Write::kAssign) std::fill_n(to, count * s.image.size(), T(0));
      for (Index m = 0; m < M; ++m) {
        multiply(s.gradients(dz, first, count, m), s.transposed_weights(W, m), windows, Write::kAssign);
        s.for_runs(m, [&](Index at, Index from, Index size) {
          for (Index n = 0; n < count; ++n)
            for (Index i = 0; i < size; ++i) to[n * s.image.size() + at + i] += windows[n * F + from + i];
        });
      }
    });
  if (dW.is_wanted())
    parallel_for(s.num_tasks, s.work(N), [&](Index task) {
      T* const windows = scratch + task * (gathered + K) * F;  // (gathered, F)
      T* const sums = windows + gathered * F;                  // (F, K)
      for (Index m = s.first_position(task); m < s.first_position(task + 1); ++m) {
        for (Index first = 0; first < N; first += gathered) {
          const Index count = std::min(gathered, N - first);
          s.gather(u.data + first * s.image.size(), count, m, windows);
          multiply(transposed(windows, count, F), s.gradients(dz, first, count, m), sums,
                   first == 0 ? Write::kAssign : Write::kAdd);
        }
        for (Index f = 0; f < F; ++f) {
          T* const to = dW.to.data + (f * M + m) * K;
          for (Index k = 0; k < K; ++k) to[k] = dW.write == Write::kAdd ? to[k] + sums[f * K + k] : sums[f * K + k];
        }
      }
    });
  if (options_.use_bias && pass.dweights[1].is_wanted())
    sum_rows(dz, N, M * K, pass.dweights[1].to.data, pass.dweights[1].write);
}

template class LocallyConnected2D<float>;
template class LocallyConnected2D<double>;
template class LocallyConnected2D<Dual>;

}  // namespace nncpp
