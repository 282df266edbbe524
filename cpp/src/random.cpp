#include "nncpp/random.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "simd.hpp"

namespace nncpp {
namespace {

constexpr std::uint32_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

__extension__ using Uint128 = unsigned __int128;

// kLanes counters at once: written over arrays so that the compiler makes vectors of them
constexpr int kLanes = 16;
struct Lanes {
  std::uint32_t x[4][kLanes];
};

// requires: x[0] and x[1] are the low and high words of the blocks
void encrypt(Lanes& c, const RandomKey& key) {
  std::fill_n(c.x[2], kLanes, key.step);
  std::fill_n(c.x[3], kLanes, key.stream);
  auto key0 = static_cast<std::uint32_t>(key.seed), key1 = static_cast<std::uint32_t>(key.seed >> 32);
  for (int round = 0; round < kRounds; ++round, key0 += kWeyl0, key1 += kWeyl1) {
    for (int i = 0; i < kLanes; ++i) {
      const std::uint64_t product0 = std::uint64_t{kMultiply0} * c.x[0][i];
      const std::uint64_t product1 = std::uint64_t{kMultiply1} * c.x[2][i];
      c.x[0][i] = static_cast<std::uint32_t>(product1 >> 32) ^ c.x[1][i] ^ key0;
      c.x[1][i] = static_cast<std::uint32_t>(product1);
      c.x[2][i] = static_cast<std::uint32_t>(product0 >> 32) ^ c.x[3][i] ^ key1;
      c.x[3][i] = static_cast<std::uint32_t>(product0);
    }
  }
}

// 53 bits in the middle of their cells: never 0, never 1
double to_unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (std::uint64_t{high} << 32 | low) >> 12;
  constexpr std::uint64_t kOne = std::bit_cast<std::uint64_t>(1.0);  // its mantissa takes the bits
  return (std::bit_cast<double>(kOne | bits) - 1.0) + 0x1p-53;
}

// A register of pairs at once: x and y, uniform, become sqrt(-2 log x) times cos and sin of 2 pi y. The angle is taken
// from the nearest quarter of a turn, where the series up to its 16th power is right to a unit in the last place.
void box_muller(double* x, double* y) {
  using namespace simd::ei;
  const auto all = [](double value) { return simd::set(value); };
  const auto radius = psqrt(pmul(all(-2), plog(simd::load(x))));
  const auto turn = simd::load(y);
  const auto round = all(0x1.8p52);  // adding it leaves no binary places
  const auto quarter = psub(padd(pmul(all(4), turn), round), round);
  const auto angle = pmul(all(2 * std::numbers::pi), psub(turn, pmul(all(0.25), quarter)));
  const auto square = pmul(angle, angle);
  auto cosine = all(1), sine = all(1);
#pragma GCC unroll 8
  for (int k = 16; k > 0; k -= 2) {
    cosine = psub(all(1), pmul(cosine, pmul(square, all(1.0 / (k * (k - 1))))));
    sine = psub(all(1), pmul(sine, pmul(square, all(1.0 / (k * (k + 1))))));
  }
  sine = pmul(sine, angle);
  const auto is = [&](double value) { return pcmp_eq(quarter, all(value)); };
  const auto is_odd = por(is(1), is(3));
  const auto negated = [&](const auto& where, const auto& v) { return pselect(where, pnegate(v), v); };
  simd::store(x, pmul(radius, negated(por(is(1), is(2)), pselect(is_odd, sine, cosine))));
  simd::store(y, pmul(radius, negated(por(is(2), is(3)), pselect(is_odd, cosine, sine))));
}

}  // namespace

Philox4 philox(Philox4 counter, std::array<std::uint32_t, 2> key) {
  auto [c0, c1, c2, c3] = counter;
  auto [key0, key1] = key;
  for (int round = 0; round < kRounds; ++round, key0 += kWeyl0, key1 += kWeyl1) {
    const std::uint64_t product0 = std::uint64_t{kMultiply0} * c0;
    const std::uint64_t product1 = std::uint64_t{kMultiply1} * c2;
    c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c3 = static_cast<std::uint32_t>(product0);
  }
  return {c0, c1, c2, c3};
}

Philox4 RandomKey::block(std::uint64_t b) const {
  return philox({static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(b >> 32), step, stream},
                {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
}

void RandomKey::words(std::uint64_t first, std::span<std::uint32_t> to) const {
  const std::uint64_t end = first + to.size();
  for (std::uint64_t b = first / 4; 4 * b < end; b += kLanes) {
    Lanes lanes;
    for (int i = 0; i < kLanes; ++i) {
      const std::uint64_t counter = b + static_cast<std::uint64_t>(i);
      lanes.x[0][i] = static_cast<std::uint32_t>(counter);
      lanes.x[1][i] = static_cast<std::uint32_t>(counter >> 32);
    }
    encrypt(lanes, *this);
    for (std::uint64_t i = 0; i < 4 * kLanes; ++i) {
      const std::uint64_t index = 4 * b + i;
      if (index >= first && index < end) to[index - first] = lanes.x[i % 4][i / 4];
    }
  }
}

double RandomKey::uniform(std::uint64_t index) const {
  const Philox4 words = block(index / 2);
  return index % 2 == 0 ? to_unit(words[0], words[1]) : to_unit(words[2], words[3]);
}

double RandomKey::normal(std::uint64_t index) const {
  const Philox4 words = block(index / 2);
  const double radius = std::sqrt(-2.0 * std::log(to_unit(words[0], words[1])));
  const double angle = 2.0 * std::numbers::pi * to_unit(words[2], words[3]);
  return radius * (index % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

void RandomKey::normals(std::span<const std::uint64_t> pairs, std::span<double> to) const {
  for (std::size_t first = 0; first < pairs.size(); first += kLanes) {
    const std::size_t count = std::min<std::size_t>(kLanes, pairs.size() - first);
    Lanes lanes;
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::uint64_t block = pairs[first + std::min(i, count - 1)];
      lanes.x[0][i] = static_cast<std::uint32_t>(block);
      lanes.x[1][i] = static_cast<std::uint32_t>(block >> 32);
    }
    encrypt(lanes, *this);
    std::array<double, kLanes> x, y;
    for (std::size_t i = 0; i < kLanes; ++i) {
      x[i] = to_unit(lanes.x[0][i], lanes.x[1][i]);
      y[i] = to_unit(lanes.x[2][i], lanes.x[3][i]);
    }
    for (std::size_t i = 0; i < kLanes; i += simd::kLanes<double>) box_muller(&x[i], &y[i]);
    for (std::size_t i = 0; i < count; ++i) {
      to[2 * (first + i)] = x[i];
      to[2 * (first + i) + 1] = y[i];
    }
  }
}

void permutation(const RandomKey& key, std::span<Index> order) {
  std::iota(order.begin(), order.end(), Index{0});
  constexpr std::uint64_t kBlock = 512;
  std::array<std::uint32_t, 2 * kBlock> words;
  std::uint64_t filled_from = 0, filled_to = 0;
  // Two words a draw: 64 random bits times (i + 1), its upper half. The bias is below n / 2^64.
  for (std::uint64_t i = order.size(); i-- > 1;) {
    const std::uint64_t draw = order.size() - 1 - i;
    if (draw >= filled_to) {
      filled_from = draw;
      filled_to = draw + kBlock;
      key.words(2 * filled_from, words);
    }
    const std::uint64_t at = 2 * (draw - filled_from);
    const std::uint64_t bits = std::uint64_t{words[at]} << 32 | words[at + 1];
    const auto j = static_cast<std::uint64_t>((static_cast<Uint128>(bits) * (i + 1)) >> 64);
    std::swap(order[i], order[j]);
  }
}

}  // namespace nncpp
