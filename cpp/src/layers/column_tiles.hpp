// Loops along the rows of an array (rows, columns) with something for each column, and sums down its columns.
#pragma once

#include <algorithm>
#include <array>

#include "nncpp/dual.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {

// The array in tiles of at most kWidth numbers by kHeight rows, cut by its shape alone. Short rows are taken several at
// a time, so that every loop is long enough for vectors: (N, 3) is read as (N / 21, 63).
class ColumnTiles {
 public:
  static constexpr Index kWidth = 64, kHeight = 256;

  struct Tile {
    Index number, first, width;  // numbers first ... first + width - 1 of each of its rows
    Index begin, end;            // rows
    Index stride, size, columns;

    // f(at, length): numbers at ... at + length - 1 of the array are the tile's columns 0 ... length - 1
    template <typename F>
    void for_rows(F&& f) const {
      for (Index row = begin; row < end; ++row) {
        const Index at = row * stride + first, length = std::min(width, size - at);
        if (length == kWidth)
          f(at, kWidth);  // a constant, for the compiler
        else
          f(at, length);
      }
    }

    // p (columns) as the tile's columns have it
    template <typename T>
    std::array<T, kWidth> spread(const T* p) const {
      std::array<T, kWidth> values;
      for (Index j = 0, column = first; j < width; ++j, column = column + 1 < columns ? column + 1 : 0)
        values[static_cast<std::size_t>(j)] = p[column];
      return values;
    }
  };

  ColumnTiles(Index rows, Index columns)
      : size_(rows * columns), columns_(columns), stride_(columns * std::max<Index>(1, kWidth / columns)) {}

  Index size() const { return size_; }
  Index columns() const { return columns_; }
  Index count() const { return strips() * ((height() + kHeight - 1) / kHeight); }

  // body(tile) for all tiles; work: multiply-adds that a number takes as long as
  template <typename Body>
  void for_tiles(double work, Body&& body) const {
    parallel_for(count(), work * static_cast<double>(size_), [&](Index task) {
      const Index first = task % strips() * kWidth, begin = task / strips() * kHeight;
      body(Tile{task, first, std::min(kWidth, stride_ - first), begin, std::min(begin + kHeight, height()), stride_,
                size_, columns_});
    });
  }

 private:
  Index strips() const { return (stride_ + kWidth - 1) / kWidth; }
  Index height() const { return (size_ + stride_ - 1) / stride_; }

  Index size_, columns_, stride_;
};

// kSums sums down every column: in T within a tile, over the tiles in Wide<T>. The order depends on the shape alone.
template <typename T, std::size_t kSums>
class ColumnSums {
 public:
  static constexpr Index kWidth = ColumnTiles::kWidth;
  using Partial = std::array<std::array<T, kWidth>, kSums>;

  static Index memory(const ColumnTiles& tiles) { return tiles.count() * static_cast<Index>(kSums) * kWidth; }

  // add(tile, partial): what the tile has to add to partial[s][j], its column j. room: memory(tiles) elements
  template <typename Add>
  ColumnSums(const ColumnTiles& tiles, double work, T* room, Add&& add) : tiles_(tiles), room_(room) {
    tiles.for_tiles(work, [&](const ColumnTiles::Tile& tile) {
      Partial partial{};
      add(tile, partial);
      for (std::size_t s = 0; s < kSums; ++s) std::copy(partial[s].begin(), partial[s].end(), at(tile.number, s));
    });
  }

  Wide<T> total(std::size_t s, Index column) const {
    const Index strips = (tiles_.columns() + kWidth - 1) / kWidth;
    Wide<T> sum = 0;
    for (Index tile = column / kWidth; tile < tiles_.count(); tile += strips)
      for (Index j = column % kWidth; j < kWidth; j += tiles_.columns()) sum += static_cast<Wide<T>>(at(tile, s)[j]);
    return sum;
  }

 private:
  T* at(Index tile, std::size_t s) const {
    return room_ + (tile * static_cast<Index>(kSums) + static_cast<Index>(s)) * kWidth;
  }

  const ColumnTiles& tiles_;
  T* room_;
};

}  // namespace nncpp
