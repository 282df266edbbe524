// Steps on some rows of a matrix: exact ones are those of the whole matrix, lazy ones those of the rows alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/optimizer.hpp"
#include "optimizer_methods.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

constexpr Index kRows = 37, kSteps = 200;
constexpr double kSlow = 0.5;  // factor of the rate of the piece

template <typename T>
Index first_of_piece() {
  return padded<T>(5);
}

// Warms up, falls, stands still, is 0 for a while, and rises again.
double rate_of(Index t) {
  if (t < 20) return 0.002 * static_cast<double>(t);
  if (t < 80) return 0.04 / std::sqrt(static_cast<double>(t));
  if (t < 120) return 0.005;
  return t < 130 ? 0.0 : 0.03;
}

// Rows with a gradient in step t: row r in every gap(r) steps, from one to 150; the last row never.
std::vector<Index> rows_of(Index t) {
  std::vector<Index> rows;
  for (Index r = 0; r + 1 < kRows; ++r)
    if ((t * 7 + r * 3) % (1 + r * r * 150 / (kRows * kRows)) == 0) rows.push_back(r);
  std::ranges::reverse(rows);  // in any order
  return rows;
}

// theta: five numbers, then a matrix (kRows, columns) with gradients in some rows; dense and row by row.
template <typename T>
struct Twins {
  Twins(const Optimizer<T>& optimizer_, Index columns)
      : optimizer(optimizer_),
        piece{first_of_piece<T>(), kRows, columns},
        size(piece.offset + padded<T>(kRows * columns)),
        theta(static_cast<std::size_t>(size)),
        g(theta.size()) {
    const RateRange all[] = {{0, piece.offset, 1.0}, {piece.offset, size, kSlow}};
    whole.assign(std::begin(all), std::end(all));
    ranges = cut_out<T>({&piece, 1}, whole);
    fill_random<T>({theta.data(), 5}, 1);
    fill_random<T>(values(theta), 2);
    expected = theta;
    state = optimizer.start(size, {piece});
    dense = optimizer.start(size);
  }

  std::span<T> values(std::vector<T>& flat) const {
    return {flat.data() + piece.offset, static_cast<std::size_t>(kRows * piece.columns)};
  }
  std::span<T> row(std::vector<T>& flat, Index r) const {
    return values(flat).subspan(static_cast<std::size_t>(r * piece.columns), static_cast<std::size_t>(piece.columns));
  }

  void draw_gradient(const std::vector<Index>& rows, Index t) {
    std::ranges::fill(g, T(0));
    fill_random<T>({g.data(), 5}, 1000 + static_cast<std::uint64_t>(t));
    for (const Index r : rows) fill_random<T>(row(g, r), static_cast<std::uint64_t>(5000 + t * kRows + r), 0.3);
  }

  void step(double rate, const std::vector<Index>& rows) {
    const std::span<const Index> sets[] = {rows};
    optimizer.step(state, rate, g.data(), theta.data(), ranges, sets);
  }
  void dense_step(double rate) { optimizer.step(dense, rate, g.data(), expected.data(), whole); }
  void catch_up(const std::vector<Index>& rows) { optimizer.catch_up(state, theta.data(), 0, rows); }

  const Optimizer<T>& optimizer;
  RowPiece piece;
  Index size;
  std::vector<RateRange> whole, ranges;
  std::vector<T> theta, g, expected;
  OptimizerState<T> state, dense;
};

// relative to the largest entry
double error(const auto& got, const auto& expected) {
  double largest = 0;
  for (const auto x : expected) largest = std::max(largest, std::abs(static_cast<double>(x)));
  return largest_error(got, expected, std::max(largest, 1e-300));
}

template <typename T>
std::span<const T> moment(const OptimizerState<T>& state, std::size_t i) {
  return {state.moments[i].data(), static_cast<std::size_t>(state.moments[i].size())};
}

TEST_CASE("optimizer rows: exact steps on rows are those on the whole matrix, whenever they are looked at") {
  constexpr double kTight = 1e-12;
  for (const Index columns : {1, 3, 16, 64}) {
    for (auto& [name, optimizer, twin, bowl_rate] : methods<double>()) {
      CAPTURE(name);
      CAPTURE(columns);
      Twins<double> twins(*optimizer, columns);
      double at_touch = 0;
      for (Index t = 1; t <= kSteps; ++t) {
        const auto rows = rows_of(t);
        twins.catch_up(rows);
        for (const Index r : rows)
          at_touch = std::max(at_touch, error(twins.row(twins.theta, r), twins.row(twins.expected, r)));
        twins.draw_gradient(rows, t);
        twins.step(rate_of(t), rows);
        twins.dense_step(rate_of(t));
      }
      CHECK(at_touch <= kTight);
      twins.optimizer.settle(twins.state, twins.theta.data());
      CHECK(error(twins.theta, twins.expected) <= kTight);
      CHECK(twins.state.t == kSteps);
      for (std::size_t i = 0; i < twins.state.moments.size(); ++i)
        CHECK(error(moment(twins.state, i), moment(twins.dense, i)) <= kTight);
      CHECK(twins.state.rates.empty());
      for (const auto& last : twins.state.last)
        CHECK(std::ranges::all_of(last, [](Index step) { return step == kSteps; }));
    }
  }
}

TEST_CASE("optimizer rows: settling in between is only another rounding") {
  for (auto& [name, optimizer, twin, bowl_rate] : methods<double>()) {
    CAPTURE(name);
    Twins<double> often(*optimizer, 3), seldom(*optimizer, 3);
    for (Index t = 1; t <= kSteps; ++t) {
      const auto rows = rows_of(t);
      for (auto* twins : {&often, &seldom}) {
        if (twins == &often && t % 7 == 0) optimizer->settle(twins->state, twins->theta.data());
        twins->catch_up(rows);
        twins->draw_gradient(rows, t);
        twins->step(rate_of(t), rows);
      }
    }
    for (auto* twins : {&often, &seldom}) optimizer->settle(twins->state, twins->theta.data());
    CHECK(error(often.theta, seldom.theta) <= 1e-12);
    const auto before = often.theta;
    optimizer->settle(often.state, often.theta.data());
    CHECK(same_bits(often.theta, before));
  }
}

TEST_CASE("optimizer rows: lazy steps are the plain rule on the rows that are given, and nothing elsewhere") {
  for (const Index columns : {1, 3, 16, 64}) {
    for (auto& [name, optimizer, twin, bowl_rate] : methods<double>(RowUpdate::kLazy)) {
      CAPTURE(name);
      Twins<double> twins(*optimizer, columns);
      CHECK(twins.state.last.empty());
      for (Index t = 1; t <= kSteps; ++t) {
        const auto rows = rows_of(t);
        twins.catch_up(rows);
        twins.draw_gradient(rows, t);
        twins.step(rate_of(t), rows);
        // the whole matrix takes a step; then rows that were not given are what they were, moments too
        const auto theta = twins.expected;
        std::vector<std::vector<double>> moments;
        for (std::size_t i = 0; i < twins.dense.moments.size(); ++i)
          moments.emplace_back(moment(twins.dense, i).begin(), moment(twins.dense, i).end());
        twins.dense_step(rate_of(t));
        for (Index r = 0; r < kRows; ++r) {
          if (std::ranges::find(rows, r) != rows.end()) continue;
          const Index first = twins.piece.offset + r * columns;
          std::copy_n(theta.data() + first, columns, twins.expected.data() + first);
          for (std::size_t i = 0; i < moments.size(); ++i)
            std::copy_n(moments[i].data() + first, columns, twins.dense.moments[i].data() + first);
        }
      }
      const auto before = twins.theta;
      optimizer->settle(twins.state, twins.theta.data());
      CHECK(same_bits(twins.theta, before));
      CHECK(same_bits(twins.theta, twins.expected));
    }
  }
}

TEST_CASE("optimizer rows: lazy and exact part where a row without a gradient would have moved") {
  const auto exact = methods<double>(), lazy = methods<double>(RowUpdate::kLazy);
  for (std::size_t k = 0; k < exact.size(); ++k) {
    Twins<double> a(*exact[k].optimizer, 3), b(*lazy[k].optimizer, 3);
    for (Index t = 1; t <= kSteps; ++t) {
      for (auto* twins : {&a, &b}) {
        const auto rows = rows_of(t);
        twins->catch_up(rows);
        twins->draw_gradient(rows, t);
        twins->step(rate_of(t), rows);
      }
    }
    for (auto* twins : {&a, &b}) twins->optimizer.settle(twins->state, twins->theta.data());
    CAPTURE(exact[k].name);
    const bool is_same = exact[k].name == "SGD" || exact[k].name.starts_with("AdaGrad");
    if (is_same)
      CHECK(same_bits(b.theta, a.theta));
    else
      CHECK(error(b.values(b.theta), a.values(a.theta)) > 1e-7);
    CHECK(same_bits(std::vector(a.theta.begin(), a.theta.begin() + 5),
                    std::vector(b.theta.begin(), b.theta.begin() + 5)));
  }
}

TEST_CASE("optimizer rows: a row that never had a gradient decays, or stays") {
  for (auto& [name, optimizer, twin, bowl_rate] : methods<double>()) {
    CAPTURE(name);
    Twins<double> twins(*optimizer, 3);
    const auto start = twins.theta;
    double left = 1;
    for (Index t = 1; t <= kSteps; ++t) {
      twins.step(rate_of(t), {});
      left *= 1 - rate_of(t) * kSlow * 0.1;
    }
    optimizer->settle(twins.state, twins.theta.data());
    for (std::size_t i = static_cast<std::size_t>(twins.piece.offset); i < start.size(); ++i)
      CHECK(relative_error(twins.theta[i], name.starts_with("AdamW") ? start[i] * left : start[i], 1e-300) <= 1e-12);
  }
}

// Adam where steps grow before they shrink, and where moments live long
TEST_CASE("optimizer rows: Adam comes to rest where the whole matrix does, for any pair of betas") {
  for (const auto& [beta1, beta2] : {std::pair{0.9, 0.5}, {0.99, 0.9}, {0.0, 0.999}, {0.5, 0.0}, {0.99, 0.999}}) {
    for (const bool is_inside : {false, true}) {
      for (const bool is_corrected : {false, true}) {
        CAPTURE(beta1);
        CAPTURE(beta2);
        CAPTURE(is_inside);
        const Adam<double> optimizer(
            {.beta1 = beta1, .beta2 = beta2, .damping = {1e-6, is_inside}, .bias_correction = is_corrected});
        Twins<double> twins(optimizer, 3);
        std::vector<Index> all(kRows);
        std::iota(all.begin(), all.end(), Index{0});
        for (Index t = 1; t <= 3000; ++t) {
          const bool is_touched = t == 1 || t == 2 || t == 1500;
          twins.draw_gradient(is_touched ? all : std::vector<Index>{}, t);
          if (is_touched) twins.catch_up(all);
          // a rate that is 0 at first, and large in the end
          const double rate = t < 10 ? 0.0 : t < 2000 ? 1e-4 : 1e-2;
          twins.step(rate, is_touched ? all : std::vector<Index>{});
          twins.dense_step(rate);
        }
        optimizer.settle(twins.state, twins.theta.data());
        CHECK(error(twins.theta, twins.expected) <= 1e-12);
      }
    }
  }
}

TEST_CASE("optimizer rows: Adam goes on where steps are nothing at first and grow, as its damping fades faster") {
  const Adam<double> optimizer({.beta1 = 0.9, .beta2 = 0.5, .damping = {1e-10}});
  Buffer<double> theta(1), expected(1), g(1);
  *theta.data() = *expected.data() = 1;
  auto state = optimizer.start(1, {{0, 1, 1}}), dense = optimizer.start(1);
  const std::vector<Index> row{0};
  const std::span<const Index> touched[] = {row};
  // two gradients that leave m almost 0, and v large
  for (const double gradient : {1.0, -0.9 * (1 + 4e-15)}) {
    *g.data() = gradient;
    optimizer.step(state, 1e-2, g.data(), theta.data(), {}, touched);
    optimizer.step(dense, 1e-2, g.data(), expected.data(), 1);
  }
  *g.data() = 0;
  const double before = *theta.data();
  for (int t = 0; t < 500; ++t) {
    optimizer.step(state, 1e-2, g.data(), theta.data(), {});
    optimizer.step(dense, 1e-2, g.data(), expected.data(), 1);
  }
  optimizer.settle(state, theta.data());
  CHECK(std::abs(*expected.data() - before) > 1e-11);
  CHECK(relative_error(*theta.data(), *expected.data(), 1) <= 1e-15);
}

TEST_CASE_TEMPLATE("optimizer rows: the bits do not depend on the number of threads", T, float, double) {
  constexpr Index kMany = 20000, kColumns = 5;
  for (auto& [name, optimizer, twin, bowl_rate] : methods<T>()) {
    CAPTURE(name);
    std::vector<T> expected;
    for (const int count : kThreadCounts) {
      const Threads threads(count);
      auto theta = random_values<T>(kMany * kColumns, 1);
      const auto g = random_values<T>(kMany * kColumns, 2);
      auto state = optimizer->start(kMany * kColumns, {{0, kMany, kColumns}});
      for (Index t = 0; t < 6; ++t) {
        std::vector<Index> rows;
        for (Index r = t % 3; r < kMany; r += 1 + t) rows.push_back(r);
        optimizer->catch_up(state, theta.data(), 0, rows);
        const std::span<const Index> sets[] = {rows};
        optimizer->step(state, 0.01, g.data(), theta.data(), {}, sets);
      }
      optimizer->settle(state, theta.data());
      if (expected.empty()) expected = theta;
      CHECK(same_bits(theta, expected));
    }
  }
}

TEST_CASE_TEMPLATE("optimizer rows: a quarter of a million steps without a gradient take no time, whatever the rates",
                   T, float, double) {
  constexpr Index kGap = 250'000, kColumns = 64;
  const FloatMode float_mode;
  for (const bool is_scheduled : {false, true}) {
    for (auto& [name, optimizer, twin, bowl_rate] : methods<T>()) {
      CAPTURE(name);
      auto theta = random_values<T>(kRows * kColumns, 1);
      const auto g = random_values<T>(kRows * kColumns, 2);
      auto state = optimizer->start(kRows * kColumns, {{0, kRows, kColumns}});
      std::vector<Index> all(kRows);
      std::iota(all.begin(), all.end(), Index{0});
      const std::span<const Index> sets[] = {all};
      optimizer->step(state, 0.01, g.data(), theta.data(), {}, sets);
      const auto begin = std::chrono::steady_clock::now();
      for (Index t = 1; t < kGap; ++t)
        optimizer->step(state, is_scheduled ? 0.01 / static_cast<double>(t) : 0.01, g.data(), theta.data(), {});
      optimizer->settle(state, theta.data());
      const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      CHECK(took < 1.0);
      for (const T x : theta) CHECK(std::isfinite(x));
    }
  }
}

TEST_CASE("optimizer rows: more rates than are kept are settled, and forgotten") {
  const Adam<double> optimizer({.weight_decay = 0.1});
  Twins<double> twins(optimizer, 3);
  const std::vector<Index> first{0};
  std::size_t most = 0;
  for (Index t = 1; t <= 40000; ++t) {
    const double rate = 1e-3 / std::sqrt(static_cast<double>(t));
    const bool is_touched = t % 1000 == 1;
    twins.draw_gradient(is_touched ? first : std::vector<Index>{}, t);
    if (is_touched) twins.catch_up(first);
    twins.step(rate, is_touched ? first : std::vector<Index>{});
    twins.dense_step(rate);
    most = std::max(most, twins.state.rates.size());
  }
  optimizer.settle(twins.state, twins.theta.data());
  CHECK(most <= std::size_t{1} << 14);
  CHECK(error(twins.theta, twins.expected) <= 1e-12);
}

TEST_CASE("optimizer rows: steps are counted beyond 2^31") {
  const Adam<double> optimizer({});
  Twins<double> twins(optimizer, 3);
  constexpr Index kMany = Index{1} << 31;
  twins.state.restart_at(kMany);
  twins.dense.restart_at(kMany);
  for (Index t = 1; t <= 60; ++t) {
    const auto rows = rows_of(t);
    twins.catch_up(rows);
    twins.draw_gradient(rows, t);
    twins.step(0.01, rows);
    twins.dense_step(0.01);
  }
  optimizer.settle(twins.state, twins.theta.data());
  CHECK(twins.state.t == kMany + 60);
  CHECK(error(twins.theta, twins.expected) <= 1e-12);
}

TEST_CASE("optimizer rows: pieces are cut out of the ranges, and take over their factors") {
  std::vector<RowPiece> pieces{{64, 10, 3}, {256, 8, 16}};
  const std::vector<RateRange> ranges{{0, 128, 0.5}, {128, 256, 1}, {256, 384, 2}};
  const auto rest = cut_out<double>(pieces, ranges);
  CHECK(pieces[0].factor == 0.5);
  CHECK(pieces[1].factor == 2);
  REQUIRE(rest.size() == 3);
  const auto check = [&](std::size_t i, Index begin, Index end, double factor) {
    CHECK(rest[i].begin == begin);
    CHECK(rest[i].end == end);
    CHECK(rest[i].factor == factor);
  };
  check(0, 0, 64, 0.5);
  check(1, 96, 128, 0.5);
  check(2, 128, 256, 1);
  std::vector<RowPiece> twice{{64, 10, 3}, {64, 10, 3}}, across{{120, 10, 3}};
  CHECK_THROWS_AS(cut_out<double>(twice, ranges), Error);
  CHECK_THROWS_AS(cut_out<double>(across, ranges), Error);
}

TEST_CASE("optimizer rows: a rate that is too large for a piece is an error and no step") {
  const SGD<float> optimizer(0.5);
  auto theta = random_values<float>(48, 1);
  const auto before = theta;
  auto state = optimizer.start(48, {{0, 16, 3, 1e30}});
  const std::vector<Index> rows{1, 2};
  const std::span<const Index> sets[] = {rows};
  CHECK_THROWS_AS(optimizer.step(state, 1e30, theta.data(), theta.data(), {}, sets), DataError);
  CHECK(same_bits(theta, before));
  CHECK(state.t == 0);
  CHECK(state.rates.empty());
}

}  // namespace
}  // namespace nncpp::testing
