// What the passes of a convolution share: packed filters, rows of windows, images with zeros around them.
#pragma once

#include <algorithm>

#include "convolution_gray.hpp"
#include "nncpp/tensor.hpp"
#include "nncpp/window.hpp"
#include "pieces.hpp"

namespace nncpp::convolution {

inline constexpr Index kHotNumbers = 4096;  // of z that are worked on at a time: they stay in the cache

// Memory of the calling thread that stays until it needs more.
enum class Use { kForwardWeights, kBackwardWeights, kImage, kSlopes, kSum, kWindows };
template <typename T, Use>
T* room(Index size) {
  static thread_local Buffer<T> buffer;
  if (buffer.size() < size) buffer = Buffer<T>(size);
  return buffer.data();
}

template <typename T>
Index registers(Index columns) {
  constexpr Index L = simd::kLanes<T>;
  return (columns + L - 1) / L;
}

// A matrix (depth, columns) in panels of a few registers each, as tiles read it: (panel, depth, registers).
template <typename T>
class Panels {
 public:
  Panels(Index depth, Index columns) : depth_(depth), columns_(columns), pieces_(registers<T>(columns), kVectors) {}

  Index size() const { return depth_ * registers<T>(columns_) * L; }

  // from(k, j): the matrix
  template <typename From>
  void pack(From from, T* to) const {
    for (Index p = 0; p < pieces_.count; ++p)
      for (Index k = 0; k < depth_; ++k)
        for (Index j = pieces_.begin(p) * L; j < pieces_.begin(p + 1) * L; ++j)
          *to++ = j < columns_ ? from(k, j) : T(0);
  }

  struct Panel {
    Index first;      // column
    Index registers;  // side by side
    Index last;       // numbers in the last of them
    Index offset;     // of its first row, in what was packed
  };
  // f(panel), as it is read from row `first` on
  template <typename F>
  void for_each(Index first, F f) const {
    for (Index p = 0; p < pieces_.count; ++p) {
      const Index begin = pieces_.begin(p), count = pieces_.begin(p + 1) - begin;
      f(Panel{begin * L, count, std::min(columns_ - (begin + count - 1) * L, L), (begin * depth_ + first * count) * L});
    }
  }

 private:
  static constexpr Index L = simd::kLanes<T>;
  Index depth_, columns_;
  Pieces pieces_;
};

// Rows of windows over an image: the taps of one, and where the next ones are.
struct Windows {
  Taps taps;
  Index across;          // in a row
  Index u_pixel, u_row;  // from one window to the next, and from row to row
  Index z_pixel, z_row;
};

// z (rows, across, columns) = or += windows of u times packed filters, of which the first tap is row `first_tap`
template <typename T>
void correlate(const Windows& windows, Index rows, const T* u, const Panels<T>& panels, const T* packed,
               Index first_tap, const T* bias, T* z, Write write) {
  panels.for_each(first_tap, [&](const auto& panel) {
    const Edge<T> edge{bias == nullptr ? nullptr : bias + panel.first, write == Write::kAdd, panel.last};
    const bool is_gray = panel.registers == 1 && windows.u_pixel == 1 && gray::has_tiles(windows.taps.depth);
    const Pieces tiles(windows.across, is_gray ? gray::kPixels : kSums / panel.registers);
    for (Index y = 0; y < rows; ++y) {
      for (Index t = 0; t < tiles.count; ++t) {
        const Index x = tiles.begin(t), count = tiles.begin(t + 1) - x;
        const T* const from = u + y * windows.u_row + x * windows.u_pixel;
        T* const to = z + y * windows.z_row + x * windows.z_pixel + panel.first;
        const T* const w = packed + panel.offset;
        if (is_gray)
          gray::pixels(windows.taps.depth, count, windows.taps, from, w, to, windows.z_pixel, edge);
        else
          pixels_tile_of<T>(count, panel.registers)(windows.taps, from, windows.u_pixel, w, to, windows.z_pixel, edge);
      }
    }
  });
}

inline bool has_zeros(const Sweep& sweep) { return sweep.padding[0] + sweep.padding[1] > 0; }

// Rows [first, last) of an image (rows, columns, channels) with its zeros around it.
template <typename T>
void pad(const T* image, const Sweep& rows, const Sweep& columns, Index channels, Index first, Index last, T* to) {
  const Index left = columns.padding[0] * channels, width = columns.length * channels;
  const Index right = columns.padding[1] * channels;
  for (Index y = first - rows.padding[0]; y < last - rows.padding[0]; ++y) {
    if (y < 0 || y >= rows.length) {
      to = std::fill_n(to, left + width + right, T(0));
      continue;
    }
    to = std::fill_n(to, left, T(0));
    to = std::copy_n(image + y * width, width, to);
    to = std::fill_n(to, right, T(0));
  }
}

// db (filters) += sum over pixels of dz; whole registers are read
template <typename T>
void add_bias(const Pixels& pixels, Index filters, const T* dz, T* db) {
  constexpr Index L = simd::kLanes<T>;
  constexpr Index kChains = 4;  // an addition takes as long as four can begin in
  for (Index k = 0; k < filters; k += L) {
    simd::Packet<T> sum[kChains];
#pragma GCC unroll 4
    for (Index i = 0; i < kChains; ++i) sum[i] = simd::set<T>(T(0));
    for (Index y = 0; y < pixels.rows; ++y) {
      const T* const row = dz + y * pixels.dz_row + k;
      Index x = 0;
      for (; x + kChains <= pixels.columns; x += kChains)
#pragma GCC unroll 4
        for (Index i = 0; i < kChains; ++i)
          sum[i] = simd::ei::padd(sum[i], simd::load<T>(row + (x + i) * pixels.dz_column));
      for (; x < pixels.columns; ++x) sum[0] = simd::ei::padd(sum[0], simd::load<T>(row + x * pixels.dz_column));
    }
    const auto total = simd::ei::padd(simd::ei::padd(sum[0], sum[1]), simd::ei::padd(sum[2], sum[3]));
    finish(db + k, total, true, {nullptr, true, std::min(L, filters - k)});
  }
}

template <typename T>
void add_to(T* to, const T* from, Index count) {
  constexpr Index L = simd::kLanes<T>;
  Index i = 0;
  for (; i + L <= count; i += L) simd::store<T>(to + i, simd::ei::padd(simd::load<T>(to + i), simd::load<T>(from + i)));
  if (i == count) return;
  const auto sum = simd::ei::padd(simd::load_front<T>(to + i, count - i), simd::load_front<T>(from + i, count - i));
  simd::store_front<T>(to + i, sum, count - i);
}

}  // namespace nncpp::convolution
