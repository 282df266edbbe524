#include <doctest/doctest.h>

#include <map>
#include <numeric>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/augmentation.hpp"

namespace nncpp::testing {
namespace {

using Words = Philox4;
constexpr RandomKey kKey{.seed = 5, .stream = kLayerStreams + 2, .step = 3};

Words words_of(Index row) { return kKey.block(static_cast<std::uint64_t>(row)); }
Index below(std::uint32_t word, Index n) {
  return static_cast<Index>(static_cast<double>(word) * 0x1p-32 * static_cast<double>(n));
}

// v[i, y, x] = u[i, source(i, y, x)] by the definition, and du by sending each dv where it came from
template <typename Source>
void check_against(const Layer<double>& layer, const Shape& sample, Mode mode, const Source& source) {
  const std::vector<Index> rows{11, 3, 0, 3, 1000000007, 5, 6, 7, 8, 9};
  const auto n = static_cast<Index>(rows.size());
  LayerRun<double> run(layer, {sample}, n, 1);
  run.rows = rows;
  run.forward(mode, kKey);
  run.backward(mode, kKey);
  const Shape output = layer.output_shape(std::span(&sample, 1));
  std::vector<double> v, du(run.dinputs[0].values().size());
  const auto u = run.inputs[0].values(), dv = run.doutput.values();
  for (Index i = 0; i < n; ++i) {
    for (Index y = 0; y < output[0]; ++y) {
      for (Index x = 0; x < output[1]; ++x) {
        const auto [r, c] = source(rows[static_cast<std::size_t>(i)], y, x);
        const bool is_inside = r >= 0 && r < sample[0] && c >= 0 && c < sample[1];
        for (Index k = 0; k < output[2]; ++k) {
          const auto from = static_cast<std::size_t>(((i * sample[0] + r) * sample[1] + c) * sample[2] + k);
          if (is_inside) du[from] += dv[v.size()];
          v.push_back(is_inside ? u[from] : 0.0);
        }
      }
    }
  }
  CHECK(run.output.copy() == v);
  CHECK(run.dinputs[0].copy() == du);
}

using Place = std::pair<Index, Index>;

TEST_CASE("augmentation: a flip by the bits of the row's words") {
  for (const Shape& sample : {Shape{4, 5, 3}, Shape{5, 4, 1}}) {
    for (const auto& [horizontal, vertical] : {std::pair{true, false}, {false, true}, {true, true}}) {
      check_against(
          RandomFlip<double>(horizontal, vertical), sample, Mode::kTraining, [&](Index row, Index y, Index x) {
            const Words words = words_of(row);
            const bool down = vertical && words[0] >= 0x80000000, right = horizontal && words[1] >= 0x80000000;
            return Place{down ? sample[0] - 1 - y : y, right ? sample[1] - 1 - x : x};
          });
    }
  }
}

TEST_CASE("augmentation: a shift by whole pixels, and what moves in is 0") {
  for (const auto& [rows, columns] : {Place{1, 2}, Place{0, 3}, Place{6, 9}, Place{0, 0}}) {
    check_against(RandomShift<double>(rows, columns), {4, 5, 2}, Mode::kTraining,
                  [&, rows = rows, columns = columns](Index row, Index y, Index x) {
                    const Words words = words_of(row);
                    return Place{y + below(words[0], 2 * rows + 1) - rows,
                                 x + below(words[1], 2 * columns + 1) - columns};
                  });
  }
}

TEST_CASE("augmentation: a crop at random, and in prediction the middle") {
  const Shape sample{5, 8, 2};
  for (const auto& [height, width] : {Place{2, 3}, Place{5, 8}, Place{1, 1}}) {
    const auto middle = [&, height = height, width = width](Index, Index y, Index x) {
      return Place{y + (5 - height) / 2, x + (8 - width) / 2};
    };
    check_against(Crop<double>(height, width, true), sample, Mode::kTraining,
                  [&, height = height, width = width](Index row, Index y, Index x) {
                    const Words words = words_of(row);
                    return Place{y + below(words[0], 6 - height), x + below(words[1], 9 - width)};
                  });
    check_against(Crop<double>(height, width, true), sample, Mode::kInference, middle);
    check_against(Crop<double>(height, width, false), sample, Mode::kTraining, middle);
  }
}

TEST_CASE("augmentation: in prediction nothing is turned or moved") {
  const auto same = [](Index, Index y, Index x) { return Place{y, x}; };
  check_against(RandomFlip<double>(true, true), {3, 4, 2}, Mode::kInference, same);
  check_against(RandomShift<double>(2, 2), {3, 4, 2}, Mode::kInference, same);
}

// how often each value of the one pixel of a row comes out, over many rows
std::map<double, int> counts(const Layer<double>& layer, Index width, Index at, Index n) {
  LayerRun<double> run(layer, {{1, width, 1}}, n, 1);
  auto u = run.inputs[0].values();
  for (std::size_t i = 0; i < u.size(); ++i) u[i] = static_cast<double>(i % static_cast<std::size_t>(width)) + 1;
  run.forward(Mode::kTraining, kKey);
  std::map<double, int> counted;
  const Index out = run.output.shape()[2];
  for (Index i = 0; i < n; ++i) ++counted[run.output.values()[static_cast<std::size_t>(i * out + at)]];
  return counted;
}

TEST_CASE("augmentation: every place is equally likely") {
  constexpr Index kCount = 20000;
  const auto check = [&](const std::map<double, int>& counted, std::size_t places) {
    REQUIRE(counted.size() == places);
    const double p = 1.0 / static_cast<double>(places);
    for (const auto& [value, count] : counted)
      CHECK(std::abs(count - kCount * p) < 5 * std::sqrt(kCount * p * (1 - p)));
  };
  check(counts(RandomFlip<double>(true, false), 4, 0, kCount), 2);
  check(counts(RandomShift<double>(0, 3), 9, 4, kCount), 7);
  check(counts(Crop<double>(1, 4, true), 8, 0, kCount), 5);
}

TEST_CASE("augmentation: sizes that make no sense are errors") {
  CHECK_THROWS_AS(RandomShift<float>(-1, 0), DataError);
  CHECK_THROWS_AS(RandomShift<float>(0, (Index{1} << 20) + 1), DataError);
  CHECK_THROWS_AS(Crop<float>(0, 1, true), DataError);
  CHECK_THROWS_AS(Crop<float>(1, 0, false), DataError);
}

}  // namespace
}  // namespace nncpp::testing
