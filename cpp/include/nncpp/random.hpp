// Philox4x32-10: random numbers as a function of (seed, stream, step, index). Nothing is drawn, nothing is stored.
// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "nncpp/shape.hpp"

namespace nncpp {

using Philox4 = std::array<std::uint32_t, 4>;

// ten rounds of the cipher; the known-answer vectors of the paper's library hold
Philox4 philox(Philox4 counter, std::array<std::uint32_t, 2> key);

// What the numbers of one use are keyed by. Streams keep uses apart: weights, order of rows, one per layer.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  std::uint32_t step = 0;  // training step or epoch

  // four words: block b holds the numbers 4b ... 4b + 3
  Philox4 block(std::uint64_t b) const;
  std::uint32_t word(std::uint64_t index) const { return block(index / 4)[index % 4]; }
  // words first ... first + words.size() - 1
  void words(std::uint64_t first, std::span<std::uint32_t> to) const;
  // (0, 1), 53 bits, never 0 or 1
  double uniform(std::uint64_t index) const;
  // N(0, 1) by Box-Muller
  double normal(std::uint64_t index) const;
  // numbers 2p and 2p + 1 of normal() for each of the pairs p, many at a time: equal up to rounding
  // requires: to.size() == 2 * pairs.size()
  void normals(std::span<const std::uint64_t> pairs, std::span<double> to) const;
};

// Streams below kLayerStreams belong to the library; layer i of a graph has kLayerStreams + i.
inline constexpr std::uint32_t kOrderStream = 0;
inline constexpr std::uint32_t kSplitStream = 1;
inline constexpr std::uint32_t kCheckStream = 2;
inline constexpr std::uint32_t kTextStream = 3;
inline constexpr std::uint32_t kLayerStreams = 16;
inline constexpr std::uint32_t kWeightStreams = 1u << 20;

// Fisher-Yates over 0 ... n - 1: every order equally likely, the same on every machine
void permutation(const RandomKey& key, std::span<Index> order);

}  // namespace nncpp
