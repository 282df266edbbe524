// The same loops where every channel has one filter of its own: registers of channels, each number used once. Whole
// registers of u and dz are read, also behind the last channel.
#pragma once

#include "convolution_windows.hpp"

namespace nncpp::convolution::depthwise {

inline constexpr int kPixels = kSums > 12 ? 14 : 12;  // sums at a time
inline constexpr int kTaps = 8;                       // of a row of the window

// z (R pixels, register) = or += sum over taps of u w
template <typename T, int R>
void pixels_tile(const Taps& taps, const T* u, Index u_pixel, const T* w, Index channels, T* z, const Edge<T>& edge) {
  simd::Packet<T> sum[R];
#pragma GCC unroll 24
  for (int r = 0; r < R; ++r) sum[r] = start(edge.bias, 0, 1, edge.last);
  Addresses<T, R> from(u, u_pixel);
  const bool is_whole = edge.last == simd::kLanes<T>;
  for (Index i = 0; i < taps.rows; ++i, from.step(taps.row_stride - taps.pieces * taps.piece_stride)) {
    for (Index j = 0; j < taps.pieces; ++j, from.step(taps.piece_stride), w += channels) {
      const auto right = is_whole ? simd::load<T>(w) : simd::load_front<T>(w, edge.last);
#pragma GCC unroll 24
      for (int r = 0; r < R; ++r) sum[r] = simd::ei::pmadd(simd::load<T>(from[r]), right, sum[r]);
    }
  }
#pragma GCC unroll 24
  for (int r = 0; r < R; ++r) finish(z + r * channels, sum[r], true, edge);
}

// dw (G rows, R taps of each, register) += sum over pixels of u dz
template <typename T, int G, int R>
void weights_tile(const Pixels& pixels, const Taps& taps, const T* u, const T* dz, T* dw, Index channels, Index last) {
  const Index tap = taps.piece_stride;
  simd::Packet<T> sum[G][R];
#pragma GCC unroll 24
  for (int g = 0; g < G; ++g)
#pragma GCC unroll 24
    for (int r = 0; r < R; ++r) sum[g][r] = simd::set<T>(T(0));
  for (Index y = 0; y < pixels.rows; ++y) {
    const T* right = dz + y * pixels.dz_row;
    const T* left[G];
#pragma GCC unroll 3
    for (int g = 0; g < G; ++g) left[g] = u + y * pixels.u_row + g * taps.row_stride;
    for (Index x = 0; x < pixels.columns; ++x, right += pixels.dz_column) {
      const auto slope = simd::load<T>(right);
#pragma GCC unroll 3
      for (int g = 0; g < G; ++g) {
#pragma GCC unroll 24
        for (int r = 0; r < R; ++r) sum[g][r] = simd::ei::pmadd(simd::load<T>(left[g] + r * tap), slope, sum[g][r]);
        left[g] += pixels.u_column;
      }
    }
  }
#pragma GCC unroll 24
  for (int g = 0; g < G; ++g)
#pragma GCC unroll 24
    for (int r = 0; r < R; ++r) finish(dw + (g * taps.pieces + r) * channels, sum[g][r], true, {nullptr, true, last});
}

// f(std::integral_constant<int, n>): n, which is 1 ... kMost, as a constant
template <int kMost, typename F>
void with_constant(Index n, F f) {
  [&]<int... I>(std::integer_sequence<int, I...>) {
    ((n == I + 1 ? f(std::integral_constant<int, I + 1>{}) : void()), ...);
  }(std::make_integer_sequence<int, kMost>{});
}

// f(first channel, channels of the register)
template <typename T, typename F>
void for_registers(Index channels, F f) {
  constexpr Index L = simd::kLanes<T>;
  for (Index c = 0; c < channels; c += L) f(c, std::min(L, channels - c));
}

// z (rows, across, channels) = or += windows of u times w (taps, channels), channel by channel
template <typename T>
void correlate(const Windows& windows, Index rows, Index channels, const T* u, const T* w, const T* bias, T* z,
               Write write) {
  const Pieces tiles(windows.across, kPixels);
  for (Index y = 0; y < rows; ++y) {
    for_registers<T>(channels, [&](Index c, Index count) {
      const Edge<T> edge{bias == nullptr ? nullptr : bias + c, write == Write::kAdd, count};
      for (Index t = 0; t < tiles.count; ++t) {
        const Index x = tiles.begin(t);
        with_constant<kPixels>(tiles.begin(t + 1) - x, [&](auto R) {
          pixels_tile<T, R>(windows.taps, u + y * windows.u_row + x * windows.u_pixel + c, windows.u_pixel, w + c,
                            channels, z + y * windows.z_row + x * windows.z_pixel + c, edge);
        });
      }
    });
  }
}

// dw (taps, channels) += sum over pixels of u dz
template <typename T>
void add_weights(const Taps& taps, const Pixels& pixels, Index channels, const T* u, const T* dz, T* dw) {
  const Pieces across(taps.pieces, kTaps), down(taps.rows, kRows);
  for_registers<T>(channels, [&](Index c, Index count) {
    for (Index d = 0; d < down.count; ++d) {
      for (Index a = 0; a < across.count; ++a) {
        const Index i = down.begin(d), j = across.begin(a);
        with_constant<kRows>(down.begin(d + 1) - i, [&](auto G) {
          with_constant<kTaps>(across.begin(a + 1) - j, [&](auto R) {
            weights_tile<T, G, R>(pixels, taps, u + i * taps.row_stride + j * taps.piece_stride + c, dz + c,
                                  dw + (i * taps.pieces + j) * channels + c, channels, count);
          });
        });
      }
    }
  });
}

// to (across, channels), pixels `stride` numbers apart, += dz w (channels)
template <typename T>
void spread(Index across, Index channels, const T* dz, const T* w, T* to, Index stride) {
  for_registers<T>(channels, [&](Index c, Index count) {
    const auto right = simd::load_front<T>(w + c, count);
    for (Index x = 0; x < across; ++x) {
      T* const at = to + x * stride + c;
      const auto old = simd::load_front<T>(at, count);
      simd::store_front<T>(at, simd::ei::pmadd(simd::load<T>(dz + x * channels + c), right, old), count);
    }
  });
}

}  // namespace nncpp::convolution::depthwise
