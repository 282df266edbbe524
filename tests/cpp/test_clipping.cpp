#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/optimizer.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double norm_of(const auto& g) {
  long double sum = 0;
  for (const auto x : g) sum += static_cast<long double>(x) * static_cast<long double>(x);
  return static_cast<double>(std::sqrt(sum));
}

// zeros up to a whole cache line, as every flat vector has them
template <typename T>
std::vector<T> padded_values(Index size, std::uint64_t seed) {
  auto values = random_values<T>(size, seed);
  values.resize(static_cast<std::size_t>(padded<T>(size)));
  return values;
}

TEST_CASE_TEMPLATE("clipping: without limits the norm is told and no bit changes", T, float, double) {
  for (const Index size : {1, 17, 5000, 1000003}) {
    auto g = padded_values<T>(size, 1);
    const auto before = g;
    CHECK(relative_error(clip<T>({}, g.data(), size), norm_of(g), 0) <= Tolerance<T>::kSum);
    CHECK(same_bits(g, before));
    clip<T>({.value = 100, .norm = 1e9}, g.data(), size);
    CHECK(same_bits(g, before));
  }
}

TEST_CASE_TEMPLATE("clipping: by value each entry by itself, by norm all by one factor, by value first", T, float,
                   double) {
  std::vector<T> g{3, -4, T(0.5), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const auto clipped = [&](const Clipping& clipping, double norm, const std::vector<T>& expected) {
    auto copy = g;
    CHECK(relative_error(clip(clipping, copy.data(), 3), norm, 0) <= Tolerance<T>::kSum);
    copy.resize(3);
    CHECK(largest_error(copy, expected) <= Tolerance<T>::kElement);
  };
  clipped({.value = 2}, std::sqrt(8.25), {2, -2, T(0.5)});
  clipped({.norm = std::sqrt(25.25) / 2}, std::sqrt(25.25) / 2, {T(1.5), -2, T(0.25)});
  clipped({.value = 2, .norm = std::sqrt(8.25) / 4}, std::sqrt(8.25) / 4, {T(0.5), T(-0.5), T(0.125)});
}

TEST_CASE_TEMPLATE("clipping: the bits do not depend on the number of threads", T, float, double) {
  constexpr Index kSize = 1000003;
  std::vector<T> expected;
  double expected_norm = 0;
  for (const int count : kThreadCounts) {
    const Threads threads(count);
    auto g = padded_values<T>(kSize, 1);
    const double norm = clip<T>({.value = 1.5, .norm = 10}, g.data(), kSize);
    if (expected.empty()) expected = g, expected_norm = norm;
    CHECK(same_bits(g, expected));
    CHECK(norm == expected_norm);
  }
}

TEST_CASE_TEMPLATE("clipping: a step beyond the numbers is seen before it is taken, at any place", T, float, double) {
  const T largest = std::numeric_limits<T>::max();
  for (const Index size : {1, 16, 17, 5000, 50000}) {
    auto g = padded_values<T>(size, 1);
    CHECK(is_step_finite<T>(0.1, clip<T>({}, g.data(), size)));
    auto twos = std::vector<T>(g.size(), T(2));
    CHECK_FALSE(is_step_finite<T>(static_cast<double>(largest), clip<T>({}, twos.data(), size)));
    for (const Index at : {Index{0}, size / 2, size - 1}) {
      for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity(), -largest}) {
        for (const double limit : {kInfinity, 1.0}) {
          auto broken = g;
          broken[static_cast<std::size_t>(at)] = bad;
          CHECK_FALSE(is_step_finite<T>(0.1, clip<T>({.norm = limit}, broken.data(), size)));
        }
      }
    }
    auto broken = g;
    broken[static_cast<std::size_t>(size / 2)] = std::numeric_limits<T>::quiet_NaN();
    CHECK_FALSE(is_step_finite<T>(0.1, clip<T>({.value = 1}, broken.data(), size)));
  }
}

TEST_CASE("rates: a cover has the ranges in order and what lies between them") {
  const auto covered = cover({{64, 80, 0.5}, {0, 16, 2}}, 128);
  REQUIRE(covered.size() == 4);
  const double expected[4][3] = {{0, 16, 2}, {16, 64, 1}, {64, 80, 0.5}, {80, 128, 1}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(static_cast<double>(covered[i].begin) == expected[i][0]);
    CHECK(static_cast<double>(covered[i].end) == expected[i][1]);
    CHECK(covered[i].factor == expected[i][2]);
  }
  CHECK(cover({}, 0).empty());
  CHECK_THROWS_AS(cover({{0, 32}, {16, 64}}, 64), Error);
  CHECK_THROWS_AS(cover({{0, 32}}, 16), Error);
  for (const double bad : {-1.0, kInfinity, double(NAN)}) CHECK_THROWS_AS(cover({{0, 16, bad}}, 16), DataError);
}

TEST_CASE_TEMPLATE("clipping: what a step touches is read and written, and nothing else", T, float, double) {
  constexpr Index kMany = 5000, kColumns = 7, kFirst = 32;
  const Index size = kFirst + padded<T>(kMany * kColumns);
  const RowPiece piece{kFirst, kMany, kColumns};
  const RateRange range{0, kFirst, 1.0};
  std::vector<Index> rows;
  for (Index r = 3; r < kMany; r += 5) rows.push_back(r);
  const std::span<const Index> sets[] = {rows};
  const auto is_touched = [&](Index i) { return i < kFirst || (i - kFirst) / kColumns % 5 == 3; };
  for (const Clipping& clipping : {Clipping{}, {.value = 0.4}, {.norm = 2.0}, {.value = 0.4, .norm = 2.0}}) {
    std::vector<T> first;
    for (const int count : kThreadCounts) {
      const Threads threads(count);
      auto g = random_values<T>(size, 1);
      auto zeros = g;  // the same gradient, dense
      for (Index i = 0; i < size; ++i)
        if (i >= kFirst + kMany * kColumns || !is_touched(i)) zeros[static_cast<std::size_t>(i)] = 0;
      const auto before = g;
      const double norm = clip<T>(clipping, g.data(), {&range, 1}, {&piece, 1}, sets);
      CHECK(relative_error(norm, clip<T>(clipping, zeros.data(), size), 0) <= Tolerance<T>::kSum);
      for (Index i = 0; i < size; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (i < kFirst + kMany * kColumns && is_touched(i))
          REQUIRE(relative_error(g[at], zeros[at], 0) <= Tolerance<T>::kSum);
        else
          REQUIRE(g[at] == before[at]);
      }
      if (first.empty()) first = g;
      CHECK(same_bits(g, first));
    }
  }
}

}  // namespace
}  // namespace nncpp::testing
