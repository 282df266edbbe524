// The two loops that convolutions spend their time in. R times V sums stay in registers while pixels and channels go
// by; nothing is unfolded in memory: a window is read where it lies in the image.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "simd.hpp"

namespace nncpp::convolution {

#if defined(__AVX512F__)
inline constexpr int kSums = 24;  // of 32 registers
#elif defined(__ARM_NEON)
inline constexpr int kSums = 24;
#else
inline constexpr int kSums = 12;  // of 16 registers
#endif
inline constexpr int kVectors = 3;  // registers of filters side by side
inline constexpr int kRows = 3;     // of a window

// A window in memory: rows of it, pieces of a row, and numbers of a piece that lie side by side.
struct Taps {
  Index rows, pieces, depth;
  Index row_stride, piece_stride;
};

// How sums begin and end: from the bias or 0, assigned or added.
template <typename T>
struct Edge {
  const T* bias;  // (V registers, of which `last` numbers in the last one) or null
  bool adds;
  Index last;  // numbers in the last register, 1 ... lanes
};

template <typename T>
simd::Packet<T> start(const T* bias, int v, int V, Index last) {
  constexpr Index L = simd::kLanes<T>;
  if (bias == nullptr) return simd::set<T>(T(0));
  return v + 1 < V ? simd::load<T>(bias + v * L) : simd::load_front<T>(bias + v * L, last);
}

template <typename T>
void finish(T* to, const simd::Packet<T>& sum, bool is_last, const Edge<T>& edge) {
  if (!is_last || edge.last == simd::kLanes<T>) {
    simd::store<T>(to, edge.adds ? simd::ei::padd(simd::load<T>(to), sum) : sum);
  } else {
    const auto old = edge.adds ? simd::load_front<T>(to, edge.last) : simd::set<T>(T(0));
    simd::store_front<T>(to, edge.adds ? simd::ei::padd(old, sum) : sum, edge.last);
  }
}

// R addresses, `stride` numbers apart. The compiler would keep each of them, in memory where registers run out, or make
// one from the other, a cycle each; so it is told of every fourth only, and not where they come from.
template <typename T, int R>
class Addresses {
 public:
  Addresses(const T* first, Index stride) : stride_{0, stride, 2 * stride, 3 * stride} {
#pragma GCC unroll 6
    for (int i = 0; i < kBases; ++i) {
      base_[i] = first + 4 * i * stride;
      asm("" : "+r"(base_[i]));
    }
    asm("" : "+r"(stride_[2]), "+r"(stride_[3]));
  }
  const T* operator[](int r) const { return base_[r / 4] + stride_[r % 4]; }
  // all of them
  void step(Index count) {
#pragma GCC unroll 6
    for (int i = 0; i < kBases; ++i) {
      base_[i] += count;
      asm("" : "+r"(base_[i]));
    }
  }

 private:
  static constexpr int kBases = (R + 3) / 4;
  const T* base_[kBases];
  Index stride_[4];
};

// z (R pixels, V registers of filters) = or += sum over taps of u (R pixels, taps) w (taps, V registers)
template <typename T, int R, int V>
void pixels_tile(const Taps& taps, const T* u, Index u_pixel, const T* w, T* z, Index z_pixel, const Edge<T>& edge) {
  using Packet = simd::Packet<T>;
  constexpr Index L = simd::kLanes<T>;
  Packet sum[R][V];
#pragma GCC unroll 3
  for (int v = 0; v < V; ++v) {
    const Packet first = start(edge.bias, v, V, edge.last);
#pragma GCC unroll 24
    for (int r = 0; r < R; ++r) sum[r][v] = first;
  }
  for (Index i = 0; i < taps.rows; ++i) {
    for (Index j = 0; j < taps.pieces; ++j) {
      Addresses<T, R> from(u + i * taps.row_stride + j * taps.piece_stride, u_pixel);
      for (Index k = 0; k < taps.depth; ++k, w += V * L, from.step(1)) {
        Packet right[V];
#pragma GCC unroll 3
        for (int v = 0; v < V; ++v) right[v] = simd::load<T>(w + v * L);
#pragma GCC unroll 24
        for (int r = 0; r < R; ++r) {
          const Packet left = simd::set<T>(*from[r]);
#pragma GCC unroll 3
          for (int v = 0; v < V; ++v) sum[r][v] = simd::ei::pmadd(left, right[v], sum[r][v]);
        }
      }
    }
  }
#pragma GCC unroll 24
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < V; ++v) finish(z + r * z_pixel + v * L, sum[r][v], v + 1 == V, edge);
  }
}

// Which pixels a gradient is summed over: `rows` rows of `columns`, at their strides in u and in dz.
struct Pixels {
  Index rows, columns;
  Index u_row, u_column, dz_row, dz_column;
};

// dw (G R, V registers of filters) += sum over pixels of u (pixel, r) dz (pixel, V registers): R numbers that lie side
// by side in each of G rows of the window, `u_group` apart
template <typename T, int G, int R, int V>
void weights_tile(const Pixels& pixels, const T* u, Index u_group, const T* dz, T* dw, Index dw_group, Index dw_row,
                  const Edge<T>& edge) {
  using Packet = simd::Packet<T>;
  constexpr Index L = simd::kLanes<T>;
  Packet sum[G * R][V];
#pragma GCC unroll 25
  for (int r = 0; r < G * R; ++r)
#pragma GCC unroll 3
    for (int v = 0; v < V; ++v) sum[r][v] = simd::set<T>(T(0));
  for (Index y = 0; y < pixels.rows; ++y) {
    const T* right_at = dz + y * pixels.dz_row;
    const T* left_at[G];
#pragma GCC unroll 8
    for (int g = 0; g < G; ++g) left_at[g] = u + y * pixels.u_row + g * u_group;
    for (Index x = 0; x < pixels.columns; ++x, right_at += pixels.dz_column) {
      Packet right[V];
#pragma GCC unroll 3
      for (int v = 0; v < V; ++v) right[v] = simd::load<T>(right_at + v * L);
#pragma GCC unroll 25
      for (int r = 0; r < G * R; ++r) {
        const Packet left = simd::set<T>(left_at[r / R][r % R]);
#pragma GCC unroll 3
        for (int v = 0; v < V; ++v) sum[r][v] = simd::ei::pmadd(left, right[v], sum[r][v]);
      }
#pragma GCC unroll 8
      for (int g = 0; g < G; ++g) left_at[g] += pixels.u_column;
    }
  }
#pragma GCC unroll 25
  for (int r = 0; r < G * R; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < V; ++v) finish(dw + r / R * dw_group + r % R * dw_row + v * L, sum[r][v], v + 1 == V, edge);
  }
}

template <typename T>
using PixelsTile = void (*)(const Taps&, const T*, Index, const T*, T*, Index, const Edge<T>&);
template <typename T>
using WeightsTile = void (*)(const Pixels&, const T*, Index, const T*, T*, Index, Index, const Edge<T>&);

template <typename T, int V, int... R>
constexpr std::array<PixelsTile<T>, kSums> pixels_tiles_of(std::integer_sequence<int, R...>) {
  return {&pixels_tile<T, R + 1, V>...};
}
template <typename T, int G, int V, int... R>
constexpr std::array<WeightsTile<T>, kSums> weights_tiles_of(std::integer_sequence<int, R...>) {
  return {&weights_tile<T, G, R + 1, V>...};
}
template <typename T, int... V>
constexpr std::array<std::array<PixelsTile<T>, kSums>, kVectors> all_pixels_tiles(std::integer_sequence<int, V...>) {
  return {pixels_tiles_of<T, V + 1>(std::make_integer_sequence<int, kSums / (V + 1)>{})...};
}
template <typename T, int... V>
constexpr std::array<std::array<WeightsTile<T>, kSums>, kVectors> all_weights_tiles(std::integer_sequence<int, V...>) {
  return {weights_tiles_of<T, 1, V + 1>(std::make_integer_sequence<int, kSums / (V + 1)>{})...};
}
template <typename T, int... G>
constexpr std::array<std::array<WeightsTile<T>, kSums>, kRows> all_short_tiles(std::integer_sequence<int, G...>) {
  return {weights_tiles_of<T, G + 1, 1>(std::make_integer_sequence<int, kSums / (G + 1)>{})...};
}

// requires: rows * vectors <= kSums, vectors <= kVectors
template <typename T>
PixelsTile<T> pixels_tile_of(Index rows, Index vectors) {
  static constexpr auto tiles = all_pixels_tiles<T>(std::make_integer_sequence<int, kVectors>{});
  return tiles[static_cast<std::size_t>(vectors - 1)][static_cast<std::size_t>(rows - 1)];
}
// rows of a window whose pieces, `length` numbers each, one tile takes
inline Index most_rows(Index length) { return std::clamp<Index>(kSums / length, 1, kRows); }
// requires: rows <= most_rows(length), and 1 unless vectors is
template <typename T>
WeightsTile<T> weights_tile_of(Index rows, Index length, Index vectors) {
  static constexpr auto tiles = all_weights_tiles<T>(std::make_integer_sequence<int, kVectors>{});
  static constexpr auto short_tiles = all_short_tiles<T>(std::make_integer_sequence<int, kRows>{});
  const auto& found =
      rows > 1 ? short_tiles[static_cast<std::size_t>(rows - 1)] : tiles[static_cast<std::size_t>(vectors - 1)];
  return found[static_cast<std::size_t>(length - 1)];
}

}  // namespace nncpp::convolution
