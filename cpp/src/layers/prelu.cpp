#include "nncpp/layers/prelu.hpp"

#include <tuple>

#include "column_tiles.hpp"
#include "same_shape.hpp"

namespace nncpp {
namespace {

using Tile = ColumnTiles::Tile;

// A shared slope is that of an array of one column.
template <typename T>
ColumnTiles tiles_of(const Tensor<T>& u, const Tensor<T>& slope) {
  return {u.size() / slope.size(), slope.size()};
}

}  // namespace

template <typename T>
Shape PReLU<T>::output_shape(std::span<const Shape> inputs) const {
  return same_shape_with_columns(inputs);
}

template <typename T>
std::vector<SegmentSpec> PReLU<T>::parameters(std::span<const Shape> inputs) const {
  const Shape shape{options_.is_shared ? 1 : inputs[0].back()};
  return {{"slope", shape, SegmentKind::kBias, options_.slope_initializer}};
}

template <typename T>
LayerMemory PReLU<T>::memory(std::span<const Shape> inputs, Index n) const {
  const Index columns = options_.is_shared ? 1 : inputs[0].back();
  return {.backward = ColumnSums<T, 1>::memory({n * (numel(inputs[0]) / columns), columns})};
}

template <typename T>
void PReLU<T>::forward(const Forward<T>& pass) const {
  const T *u = pass.inputs[0].data, *slope = pass.weights[0].data;
  const ColumnTiles tiles = tiles_of(pass.inputs[0], pass.weights[0]);
  tiles.for_tiles(1.0, [&](const Tile& tile) {
    const auto a = tile.spread(slope);
    tile.for_rows([&](Index at, Index length) {
      const T* from = u + at;
      T* to = pass.output.data + at;
      for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j)
        to[j] = from[j] > T(0) ? from[j] : a[j] * from[j];
    });
  });
}

template <typename T>
void PReLU<T>::backward(const Backward<T>& pass) const {
  const T *u = pass.inputs[0].data, *dv = pass.doutput.data, *slope = pass.weights[0].data;
  const auto& [du, da] = std::tie(pass.dinputs[0], pass.dweights[0]);
  const ColumnTiles tiles = tiles_of(pass.inputs[0], pass.weights[0]);
  if (du.is_wanted()) {
    const bool adds = du.write == Write::kAdd;
    tiles.for_tiles(1.0, [&](const Tile& tile) {
      const auto a = tile.spread(slope);
      tile.for_rows([&](Index at, Index length) {
        const T *from = u + at, *dfrom = dv + at;
        T* to = du.to.data + at;
        for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j) {
          const T value = from[j] > T(0) ? dfrom[j] : a[j] * dfrom[j];
          to[j] = adds ? to[j] + value : value;
        }
      });
    });
  }
  if (da.is_wanted()) {
    const ColumnSums<T, 1> sums(tiles, 1.0, pass.scratch, [&](const Tile& tile, auto& partial) {
      tile.for_rows([&](Index at, Index length) {
        const T *from = u + at, *dfrom = dv + at;
        for (std::size_t j = 0; j < static_cast<std::size_t>(length); ++j)
          partial[0][j] += from[j] > T(0) ? T(0) : from[j] * dfrom[j];
      });
    });
    for (Index d = 0; d < tiles.columns(); ++d) {
      const T value = static_cast<T>(sums.total(0, d));
      da.to.data[d] = da.write == Write::kAdd ? da.to.data[d] + value : value;
    }
  }
}

template class PReLU<float>;
template class PReLU<double>;
template class PReLU<Dual>;

}  // namespace nncpp
