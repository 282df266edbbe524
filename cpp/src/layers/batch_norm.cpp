#include "nncpp/layers/batch_norm.hpp"

#include <cmath>
#include <limits>
#include <tuple>

#include "column_tiles.hpp"
#include "same_shape.hpp"

namespace nncpp {
namespace {

using Tile = ColumnTiles::Tile;
constexpr double kWork = 2.0;  // multiply-adds that a number takes as long as

bool uses_batch(Mode mode, Index rows) { return mode == Mode::kTraining && rows > 1; }

// x = ((u - origin) - offset) scale: origin is the first row of a batch, or the running mean
template <typename T>
struct Normalizer {
  const T *origin, *offset, *scale;  // (D)

  // the same in the columns of a tile
  struct Local {
    std::array<T, ColumnTiles::kWidth> origin, offset, scale;
    T operator()(T u, std::size_t j) const { return ((u - origin[j]) - offset[j]) * scale[j]; }
  };
  Local in(const Tile& tile) const { return {tile.spread(origin), tile.spread(offset), tile.spread(scale)}; }
};

}  // namespace

template <typename T>
BatchNorm<T>::BatchNorm(const Options& options) : options_(options) {
  if (!(options.momentum >= 0 && options.momentum < 1))
    throw DataError(text("momentum: expected 0 <= momentum < 1, got ", options.momentum));
  constexpr auto kLeast = std::numeric_limits<Real<T>>::min();  // a smaller one would be flushed to 0
  if (const auto epsilon = static_cast<Real<T>>(options.epsilon); !(epsilon >= kLeast && std::isfinite(epsilon)))
    throw DataError(text("epsilon: expected a finite number of at least ", kLeast, " in float", 8 * sizeof(Real<T>),
                         ", got ", options.epsilon));
}

template <typename T>
Shape BatchNorm<T>::output_shape(std::span<const Shape> inputs) const {
  return same_shape_with_columns(inputs);
}

template <typename T>
std::vector<SegmentSpec> BatchNorm<T>::parameters(std::span<const Shape> inputs) const {
  const Shape D{inputs[0].back()};
  return {{"gamma", D, SegmentKind::kBias, options_.gamma_initializer},
          {"beta", D, SegmentKind::kBias, options_.beta_initializer}};
}

template <typename T>
std::vector<SegmentSpec> BatchNorm<T>::state(std::span<const Shape> inputs) const {
  const Initializer zero{Initializer::Kind::kConstant, 0.0}, one{Initializer::Kind::kConstant, 1.0};
  const Shape D{inputs[0].back()};
  return {{"running_mean", D, SegmentKind::kState, zero}, {"running_var", D, SegmentKind::kState, one}};
}

template <typename T>
LayerMemory BatchNorm<T>::memory(std::span<const Shape> inputs, Index n) const {
  const Index D = inputs[0].back();
  const ColumnTiles tiles(n * (numel(inputs[0]) / D), D);
  return {.saved = 2 * D,  // offset, scale
          .forward = ColumnSums<T, 1>::memory(tiles),
          .backward = ColumnSums<T, 2>::memory(tiles) + 2 * D};
}

template <typename T>
void BatchNorm<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];         // (N, ..., D)
  const T* gamma = pass.weights[0].data;  // (D)
  const T* beta = pass.weights[1].data;   // (D)
  const Index M = u.rows(), D = u.columns();
  const ColumnTiles tiles(M, D);
  const bool has_batch = uses_batch(pass.mode, M);
  T *offset = pass.saved, *scale = offset + D;  // (D), kept for backward
  const Normalizer<T> x{has_batch ? u.data : pass.state[0].data, offset, scale};

  const auto set_scale = [&](Index d, Wide<T> var) {
    using std::sqrt;
    const bool is_finite = std::isfinite(value_of(static_cast<T>(var)));
    scale[d] = is_finite ? static_cast<T>(1 / sqrt(var + options_.epsilon)) : std::numeric_limits<T>::quiet_NaN();
  };
  if (has_batch) {
    const ColumnSums<T, 1> sums(tiles, kWork, pass.scratch, [&](const Tile& tile, auto& partial) {
      const auto origin = tile.spread(x.origin);
      tile.for_rows([&](Index at, Index length) {
        const T* row = u.data + at;
        for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j) partial[0][j] += row[j] - origin[j];
      });
    });
    for (Index d = 0; d < D; ++d) offset[d] = static_cast<T>(sums.total(0, d) / static_cast<double>(M));

    const ColumnSums<T, 1> squares(tiles, kWork, pass.scratch, [&](const Tile& tile, auto& partial) {
      const auto origin = tile.spread(x.origin), mean = tile.spread(x.offset);
      tile.for_rows([&](Index at, Index length) {
        const T* row = u.data + at;
        for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j) {
          const T deviation = (row[j] - origin[j]) - mean[j];
          partial[0][j] += deviation * deviation;
        }
      });
    });
    // from next_state, not from state: a layer in two places of a model has two batches in a step
    T *running_mean = pass.next_state[0].data, *running_var = pass.next_state[1].data;
    const auto mix = [&](T& running, Wide<T> value) {
      running = static_cast<T>(options_.momentum * static_cast<Wide<T>>(running) + (1 - options_.momentum) * value);
    };
    for (Index d = 0; d < D; ++d) {
      const Wide<T> sum = squares.total(0, d);
      set_scale(d, sum / static_cast<double>(M));
      mix(running_mean[d], static_cast<Wide<T>>(u.data[d]) + static_cast<Wide<T>>(offset[d]));
      mix(running_var[d], sum / static_cast<double>(M - 1));
    }
  } else {
    for (Index d = 0; d < D; ++d) {
      offset[d] = T(0);
      set_scale(d, static_cast<Wide<T>>(pass.state[1].data[d]));
    }
  }

  tiles.for_tiles(kWork, [&](const Tile& tile) {
    const auto local = x.in(tile);
    const auto g = tile.spread(gamma), b = tile.spread(beta);
    tile.for_rows([&](Index at, Index length) {
      const T* from = u.data + at;
      T* to = pass.output.data + at;
      for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j) to[j] = g[j] * local(from[j], j) + b[j];
    });
  });
}

template <typename T>
void BatchNorm<T>::backward(const Backward<T>& pass) const {
  const auto& u = pass.inputs[0];         // (N, ..., D)
  const auto& dv = pass.doutput;          // (N, ..., D)
  const T* gamma = pass.weights[0].data;  // (D)
  const auto& [du, dgamma, dbeta] = std::tie(pass.dinputs[0], pass.dweights[0], pass.dweights[1]);
  const Index M = u.rows(), D = u.columns();
  const ColumnTiles tiles(M, D);
  const bool has_batch = uses_batch(pass.mode, M);
  const Normalizer<T> x{has_batch ? u.data : pass.state[0].data, pass.saved, pass.saved + D};

  T *mean_dv = pass.scratch, *mean_xdv = mean_dv + D;  // (D)
  const ColumnSums<T, 2> sums(tiles, 2 * kWork, mean_xdv + D, [&](const Tile& tile, auto& partial) {
    const auto local = x.in(tile);
    tile.for_rows([&](Index at, Index length) {
      const T *row = u.data + at, *drow = dv.data + at;
      for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j) {
        partial[0][j] += drow[j];
        partial[1][j] += drow[j] * local(row[j], j);
      }
    });
  });
  const auto put = [](const Gradient<T>& gradient, Index d, Wide<T> value) {
    if (!gradient.is_wanted()) return;
    T& to = gradient.to.data[d];
    to = gradient.write == Write::kAdd ? to + static_cast<T>(value) : static_cast<T>(value);
  };
  for (Index d = 0; d < D; ++d) {
    const Wide<T> sum_dv = sums.total(0, d), sum_xdv = sums.total(1, d);
    put(dbeta, d, sum_dv);
    put(dgamma, d, sum_xdv);
    mean_dv[d] = has_batch ? static_cast<T>(sum_dv / static_cast<double>(M)) : T(0);
    mean_xdv[d] = has_batch ? static_cast<T>(sum_xdv / static_cast<double>(M)) : T(0);
  }
  if (!du.is_wanted()) return;
  tiles.for_tiles(2 * kWork, [&](const Tile& tile) {
    const auto local = x.in(tile);
    const auto g = tile.spread(gamma), m = tile.spread<T>(mean_dv), mx = tile.spread<T>(mean_xdv);
    const bool adds = du.write == Write::kAdd;
    tile.for_rows([&](Index at, Index length) {
      const T *row = u.data + at, *drow = dv.data + at;
      T* to = du.to.data + at;
      for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j) {
        const T value = g[j] * local.scale[j] * ((drow[j] - m[j]) - local(row[j], j) * mx[j]);
        to[j] = adds ? to[j] + value : value;
      }
    });
  });
}

template class BatchNorm<float>;
template class BatchNorm<double>;
template class BatchNorm<Dual>;

}  // namespace nncpp
