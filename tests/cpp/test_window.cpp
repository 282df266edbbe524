#include <doctest/doctest.h>

#include "messages.hpp"
#include "nncpp/window.hpp"

namespace nncpp::testing {
namespace {

Index ends(const Sweep& sweep) { return sweep.length + sweep.padding[1]; }

// what the formula says, by moving the window along as long as it fits: the number of positions, and the pixels left
Zeros by_steps(const Sweep& sweep) {
  Index positions = 0, seen = -sweep.padding[0];
  for (Index start = -sweep.padding[0];; start += sweep.stride) {
    Index last = start;
    for (Index i = 1; i < sweep.size; ++i) last += sweep.dilation;
    if (last >= ends(sweep)) return {positions, ends(sweep) - seen};
    ++positions, seen = last + 1;
  }
}

bool fits(Sweep sweep, const Zeros& padding) {
  sweep.padding = padding;
  const auto [positions, left] = by_steps(sweep);
  return positions > 0 && left == 0;
}

Window::Options along_columns(Index size, Index stride, Index dilation, const Zeros& padding) {
  return {.size = {1, size}, .strides = {1, stride}, .dilation = {1, dilation}, .padding = {Zeros{}, padding}};
}

// f of every sweep along one axis with small numbers that holds its window once at least
template <typename F>
void for_sweeps(F f) {
  for (Index V = 1; V <= 12; ++V)
    for (Index size = 1; size <= 5; ++size)
      for (Index stride = 1; stride <= 4; ++stride)
        for (Index dilation = 1; dilation <= 3; ++dilation)
          for (Index before = 0; before <= 3; ++before)
            for (Index after = 0; after <= 3; ++after) {
              const Sweep sweep{V, size, stride, dilation, {before, after}};
              if (by_steps(sweep)[0] > 0) f(sweep);
            }
}

TEST_CASE("window: positions and dropped pixels are those of a window moved by hand, along both axes") {
  int count = 0;
  for_sweeps([&](const Sweep& sweep) {
    CAPTURE(text(sweep.length, " ", sweep.size, " ", sweep.stride, " ", sweep.dilation));
    const auto [positions, dropped] = by_steps(sweep);
    Window::Options options = along_columns(sweep.size, sweep.stride, sweep.dilation, sweep.padding);
    const auto [one, columns] = Window(options).over({1, sweep.length, 2});
    for (auto* pair : {&options.size, &options.strides, &options.dilation}) std::swap((*pair)[0], (*pair)[1]);
    std::swap(options.padding[0], options.padding[1]);
    const auto [rows, other] = Window(options).over({sweep.length, 1, 2});
    for (const Sweep& got : {columns, rows}) {
      CHECK(got.positions == positions);
      CHECK(got.dropped == dropped);
      CHECK(got.length == sweep.length);
      CHECK(got.padding == sweep.padding);
      CHECK(got.size == sweep.size);
      CHECK(got.stride == sweep.stride);
      CHECK(got.dilation == sweep.dilation);
    }
    CHECK(one.positions == 1);
    CHECK(other.positions == 1);
    ++count;
  });
  CHECK(count > 8000);
}

TEST_CASE("window: fitting paddings drop nothing, the smallest even one first, then more zeros at the end") {
  int without_even = 0;
  for_sweeps([&](const Sweep& asked) {
    const Sweep sweep =
        Window(along_columns(asked.size, asked.stride, asked.dilation, asked.padding)).over({1, asked.length, 1})[1];
    const std::vector<Zeros> paddings = sweep.fitting_paddings();
    for (const Zeros& padding : paddings) CHECK(fits(sweep, padding));
    Index even = 0;
    while (even < sweep.extent() && !fits(sweep, {even, even})) ++even;
    Index after = sweep.padding[1];
    while (!fits(sweep, {sweep.padding[0], after})) ++after;
    std::vector<Zeros> expected;
    if (even < sweep.extent()) expected.push_back({even, even});
    if (expected.empty() || expected[0] != Zeros{sweep.padding[0], after})
      expected.push_back({sweep.padding[0], after});
    CHECK(paddings == expected);
    without_even += even == sweep.extent();
  });
  CHECK(without_even > 0);
}

TEST_CASE("window: same is the textbook's, as large as the image for any stride, the odd zero after") {
  for (Index V = 1; V <= 9; ++V)
    for (Index size = 1; size <= 5; ++size)
      for (Index stride = 1; stride <= 3; ++stride)
        for (Index dilation = 1; dilation <= 2; ++dilation) {
          Window::Options options = along_columns(size, stride, dilation, {});
          options.is_same = options.is_strict = true;
          const Sweep sweep = Window(options).over({1, V, 1})[1];
          CHECK(sweep.positions == V);
          CHECK(by_steps(sweep) == Zeros{V, 0});
          const Index zeros = V * stride - V - stride + dilation * (size - 1) + 1;
          CHECK(sweep.padding[0] + sweep.padding[1] == zeros);
          CHECK(sweep.padding[1] - sweep.padding[0] == zeros % 2);
        }
}

TEST_CASE("window: an image keeps its axes, a sequence is an image of one row") {
  const Window image({.size = {3, 2}, .strides = {2, 1}});
  CHECK(image.image({5, 6, 7}).height == 5);
  CHECK(image.image({5, 6, 7}).width == 6);
  CHECK(image.image({5, 6, 7}).channels == 7);
  CHECK(image.image({5, 6, 7}).size() == 210);
  CHECK(image.output_shape({5, 6, 7}, 4) == Shape{2, 5, 4});

  for (const bool is_same : {false, true}) {
    const Window sequence({.size = {1, 3}, .strides = {1, 2}, .is_same = is_same, .is_sequence = true});
    CHECK(sequence.image({8, 4}).height == 1);
    CHECK(sequence.image({8, 4}).width == 8);
    CHECK(sequence.image({8, 4}).channels == 4);
    CHECK(sequence.output_shape({8, 4}, 6) == Shape{is_same ? 8 : 3, 6});
    CHECK(sequence.over({1, 8, 4})[0].padding == Zeros{});
  }
}

TEST_CASE("window: samples of another rank are refused") {
  const Window image({}), sequence({.is_sequence = true});
  CHECK(message_of([&] { image.image({3, 4}); }) ==
        "expected an image (N, H, W, C), got (N, 3, 4); one of a single channel is (H, W, 1)");
  for (const Shape& sample : {Shape{}, Shape{3}, Shape{3, 4, 5, 6}})
    CHECK(message_of([&] { image.image(sample); }) ==
          text("expected an image (N, H, W, C), got ", to_string(sample, true)));
  for (const Shape& sample : {Shape{}, Shape{3}, Shape{3, 4, 5}})
    CHECK(message_of([&] { sequence.image(sample); }) ==
          text("expected a sequence (N, T, C), got ", to_string(sample, true)));
}

TEST_CASE("window: an image smaller than the window is refused, with the axis and the numbers in words") {
  const Window::Options options{.size = {3, 5}, .dilation = {2, 1}, .padding = {Zeros{}, Zeros{1, 0}}};
  const Window window(options);
  CHECK(window.output_shape({5, 4, 1}, 1) == Shape{1, 1, 1});
  CHECK(message_of([&] { window.over({4, 4, 1}); }) ==
        "expected at least 5 rows for a window of 5, got 4; take a smaller window or more padding");
  CHECK(message_of([&] { window.over({5, 3, 1}); }) ==
        "expected at least 5 columns for a window of 5, got 3, 4 padded; take a smaller window or more padding");
  const Window sequence({.size = {1, 3}, .is_sequence = true});
  CHECK(message_of([&] { sequence.output_shape({2, 4}, 1); }) ==
        "expected at least 3 steps for a window of 3, got 2; take a smaller window or more padding");
  CHECK_THROWS_AS(window.over({4, 4, 1}), ShapeError);
}

TEST_CASE("window: strict refuses what would be dropped and says which paddings fit") {
  Window::Options options{.size = {3, 2}, .strides = {2, 3}};
  const Image image{7, 9, 1};
  const auto [rows, columns] = Window(options).over(image);
  CHECK(rows.dropped == 0);
  CHECK(columns.dropped == 1);
  options.is_strict = true;
  CHECK(message_of([&] { Window(options).over(image); }) ==
        "expected columns that a window of 2 with stride 3 divides (strict), got 9, of which 1 would be dropped; "
        "padding (1, 1) or (0, 2) would fit");
  options.padding[1] = {1, 1};
  CHECK(Window(options).over(image)[1].positions == 4);
  CHECK_THROWS_AS(Window(options).over({8, 9, 1}), ShapeError);
}

TEST_CASE("window: an image that would be larger than any array with its zeros is refused") {
  const Window wide({.strides = {1 << 20, 1 << 20}, .is_same = true});
  CHECK(wide.over({1, 512, 1})[1].padded_length() == 511 * (Index{1} << 20) + 1);
  CHECK(message_of([&] { wide.over({4096, 4096, 1}); }) ==
        "expected at most 2^40 elements, got shape (4293918721, 4293918721, 1)");
}

TEST_CASE("window: numbers that make no sense are refused by name") {
  constexpr Index kMost = Index{1} << 20;
  using Pair = std::array<Index, 2>;
  for (const std::size_t axis : {0, 1}) {
    const auto message = [&](auto set) {
      Window::Options options;
      set(options);
      return message_of([&] { const Window window(options); });
    };
    const auto at = [&](Pair values, Index value) {
      values[axis] = value;
      return values;
    };
    for (const Index value : {Index{0}, Index{-1}, kMost + 1}) {
      const std::string words = text(": expected 1 ... 1048576, got ", value);
      CHECK(message([&](auto& options) { options.size = at({1, 1}, value); }) == "window" + words);
      CHECK(message([&](auto& options) { options.strides = at({1, 1}, value); }) == "strides" + words);
      CHECK(message([&](auto& options) { options.dilation = at({1, 1}, value); }) == "dilation" + words);
    }
    for (const std::size_t side : {0, 1})
      for (const Index value : {Index{-1}, kMost + 1})
        CHECK(message([&](auto& options) { options.padding[axis][side] = value; }) ==
              text("padding: expected 0 ... 1048576, got ", value));
    CHECK(message([&](auto& options) {
            options.size = options.strides = options.dilation = at({1, 1}, kMost);
            options.padding[axis] = {kMost, kMost};
          }) == "");
  }
}

}  // namespace
}  // namespace nncpp::testing
