// The same two loops for images of one channel, stride 1, and filters that one register holds: a window shares all but
// one of its columns with the next, so that a number is loaded once for all windows of a row. There would be a load for
// each product otherwise, and processors load no faster than they multiply.
#pragma once

#include "convolution_tiles.hpp"

namespace nncpp::convolution::gray {

inline constexpr int kMostColumns = 7;               // of the window
inline constexpr int kPixels = kSums > 12 ? 12 : 6;  // with as many numbers of u, all in registers
inline constexpr int kSlopes = kSums > 12 ? 15 : 7;  // likewise

// z (R pixels, register) = or += sum over rows i and columns j of u[i, r + j] w[i, j]
template <typename T, int F, int R>
void pixels_tile(const Taps& taps, const T* u, const T* w, T* z, Index z_pixel, const Edge<T>& edge) {
  constexpr Index L = simd::kLanes<T>;
  simd::Packet<T> sum[R];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) sum[r] = start(edge.bias, 0, 1, edge.last);
  for (Index i = 0; i < taps.rows; ++i, u += taps.row_stride, w += F * L) {
    simd::Packet<T> left[R + F - 1];
#pragma GCC unroll 18
    for (int x = 0; x < R + F - 1; ++x) left[x] = simd::set<T>(u[x]);
#pragma GCC unroll 7
    for (int j = 0; j < F; ++j) {
      const auto right = simd::load<T>(w + j * L);
#pragma GCC unroll 12
      for (int r = 0; r < R; ++r) sum[r] = simd::ei::pmadd(left[r + j], right, sum[r]);
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r) finish(z + r * z_pixel, sum[r], true, edge);
}

// dw (G rows, F columns, register) += sum over pixels of u dz
template <typename T, int F, int G>
void weights_tile(const Pixels& pixels, const T* u, Index u_group, const T* dz, T* dw, Index dw_row,
                  const Edge<T>& edge) {
  simd::Packet<T> sum[G][F];
#pragma GCC unroll 15
  for (int g = 0; g < G; ++g)
#pragma GCC unroll 7
    for (int j = 0; j < F; ++j) sum[g][j] = simd::set<T>(T(0));
  for (Index y = 0; y < pixels.rows; ++y) {
    const T* right = dz + y * pixels.dz_row;
    const T* from[G];
    simd::Packet<T> left[G][F];  // column x of u is in left[.][x % F]
#pragma GCC unroll 15
    for (int g = 0; g < G; ++g) {
      from[g] = u + y * pixels.u_row + g * u_group;
#pragma GCC unroll 7
      for (int j = 0; j + 1 < F; ++j) left[g][j] = simd::set<T>(from[g][j]);
      from[g] += F - 1;
    }
    Index x = 0;
    // a pixel after F - 1 others: a constant place in left
    const auto add = [&](auto place) {
      const auto slope = simd::load<T>(right);
      right += pixels.dz_column;
#pragma GCC unroll 15
      for (int g = 0; g < G; ++g) {
        left[g][(place + F - 1) % F] = simd::set<T>(*from[g]++);
#pragma GCC unroll 7
        for (int j = 0; j < F; ++j) sum[g][j] = simd::ei::pmadd(left[g][(place + j) % F], slope, sum[g][j]);
      }
    };
    for (; x + F <= pixels.columns; x += F)
      [&]<int... P>(std::integer_sequence<int, P...>) {
        (add(std::integral_constant<int, P>{}), ...);
      }(std::make_integer_sequence<int, F>{});
    [&]<int... P>(std::integer_sequence<int, P...>) {
      ((x + P < pixels.columns ? add(std::integral_constant<int, P>{}) : void()), ...);
    }(std::make_integer_sequence<int, F - 1>{});
  }
#pragma GCC unroll 15
  for (int g = 0; g < G; ++g)
#pragma GCC unroll 7
    for (int j = 0; j < F; ++j) finish(dw + (g * F + j) * dw_row, sum[g][j], true, edge);
}

// f(n as a constant), n one of Options
template <int... Options, typename F>
void with_constant(Index n, F f) {
  ((n == Options ? f(std::integral_constant<int, Options>{}) : void()), ...);
}

// of window columns
inline bool has_tiles(Index columns) { return columns == 3 || columns == 5 || columns == 7; }

template <typename T>
void pixels(Index columns, Index count, const Taps& taps, const T* u, const T* w, T* z, Index z_pixel,
            const Edge<T>& edge) {
  with_constant<3, 5, 7>(columns, [&](auto F) {
    [&]<int... R>(std::integer_sequence<int, R...>) {
      ((count == R + 1 ? pixels_tile<T, F, R + 1>(taps, u, w, z, z_pixel, edge) : void()), ...);
    }(std::make_integer_sequence<int, kPixels>{});
  });
}
inline Index most_rows(Index columns) { return std::clamp<Index>(kSlopes / columns, 1, kRows); }
template <typename T>
void weights(Index columns, Index rows, const Pixels& pixels, const T* u, Index u_group, const T* dz, T* dw,
             Index dw_row, const Edge<T>& edge) {
  with_constant<3, 5, 7>(columns, [&](auto F) {
    with_constant<1, 2, 3>(rows, [&](auto G) {
      if constexpr (G * F <= std::max<int>(kSlopes, F)) weights_tile<T, F, G>(pixels, u, u_group, dz, dw, dw_row, edge);
    });
  });
}

}  // namespace nncpp::convolution::gray
