#include <doctest/doctest.h>

#include "convolution_reference.hpp"
#include "layer_run.hpp"
#include "messages.hpp"
#include "nncpp/layers/conv2d.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/rearrangement.hpp"
#include "nncpp/plan.hpp"

namespace nncpp::testing {
namespace {

using reference::Convolution;

template <typename T>
Conv2D<T> layer_of(const Convolution& c, bool use_bias = true, Activation activation = Activation::kIdentity) {
  return Conv2D<T>({.filters = c.K,
                    .window = {.size = c.size, .strides = c.strides, .dilation = c.dilation, .padding = c.padding},
                    .groups = c.groups,
                    .activation = activation,
                    .use_bias = use_bias});
}

Shape sample(const Convolution& c) { return {c.H, c.W, c.C}; }

std::string in_words(const Convolution& c) {
  const auto pair = [](const std::array<Index, 2>& values) { return text(values[0], ",", values[1]); };
  return text(c.N, " of ", sample(c), " -> ", c.K, ", window ", pair(c.size), ", strides ", pair(c.strides),
              ", dilation ", pair(c.dilation), ", padding ", pair(c.padding[0]), " ", pair(c.padding[1]), ", groups ",
              c.groups);
}

// padding that keeps the size, by the textbook
Convolution same(Convolution c) {
  for (const std::size_t axis : {0, 1}) {
    const Index V = axis == 0 ? c.H : c.W, extent = c.dilation[axis] * (c.size[axis] - 1) + 1;
    const Index zeros = (V - 1) * c.strides[axis] + extent - V;
    c.padding[axis] = {zeros / 2, zeros - zeros / 2};
  }
  return c;
}

struct Twin {
  reference::Product z, du, dweight, dbias;
};

Twin twin_of(const Convolution& c, LayerRun<double>& run, const double* dz) {
  const bool has_bias = run.weights.size() > 1;
  const double *u = run.inputs[0].data(), *weight = run.weights[0].data();
  auto [du, dweight] = reference::convolve_backward(c, u, weight, dz);
  return {reference::convolve(c, u, weight, has_bias ? run.weights[1].data() : nullptr), std::move(du),
          std::move(dweight), reference::sum_rows(dz, c.N * c.rows() * c.columns(), c.K)};
}

// forward, gradients, gradients added, and each gradient without the others
template <typename T>
void check_run(LayerRun<T>& run, const Twin& twin) {
  constexpr auto kMode = Mode::kTraining;
  run.forward(kMode);
  CHECK(error_of_sums(run.output.values(), twin.z) <= Tolerance<T>::kSum);
  run.backward(kMode);
  const reference::Product* const expected[] = {&twin.du, &twin.dweight, &twin.dbias};
  const auto gradients = run.gradients();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(error_of_sums(gradients[i]->values(), *expected[i]) <= Tolerance<T>::kSum);
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    CAPTURE(i);
    const std::vector<T> before = gradients[i]->copy();
    gradients[i]->forget();
    std::vector<Gradient<T>> du(1), dw(run.dweights.size());
    (i == 0 ? du[0] : dw[i - 1]).to = gradients[i]->tensor();
    run.backward(kMode, {}, false, du, dw);
    CHECK(same_bits(gradients[i]->copy(), before));
  }
  std::vector<std::vector<T>> base;
  for (auto* gradient : gradients) {
    fill_random<T>(gradient->values(), 9);
    base.push_back(gradient->copy());
  }
  run.backward(kMode, {}, false, Write::kAdd);
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    CAPTURE(i);
    reference::Product sums = *expected[i];
    for (std::size_t j = 0; j < sums.values.size(); ++j) reference::add(sums, j, static_cast<double>(base[i][j]));
    CHECK(error_of_sums(gradients[i]->values(), sums) <= Tolerance<T>::kSum);
  }
  CHECK(run.has_guards());
}

void check(const Convolution& c, bool use_bias = true) {
  CAPTURE(in_words(c));
  CAPTURE(use_bias);
  const auto in_double = layer_of<double>(c, use_bias);
  const auto in_float = layer_of<float>(c, use_bias);
  LayerRun<double> wide(in_double, {sample(c)}, c.N, 1);
  LayerRun<float> narrow(in_float, {sample(c)}, c.N, 1);  // the same numbers
  const Twin twin = twin_of(c, wide, wide.doutput.data());
  check_run(wide, twin);
  check_run(narrow, twin);
}

constexpr std::array<Index, 2> kSizes[] = {{1, 1}, {3, 3}, {5, 5}, {1, 3}, {3, 2}, {2, 2}, {7, 7}};
constexpr std::array<Index, 2> kStrides[] = {{1, 1}, {2, 2}, {3, 3}, {2, 1}};
constexpr std::array<Index, 2> kDilations[] = {{1, 1}, {2, 2}, {1, 3}};
constexpr Index kChannels[] = {1, 3, 6, 8, 16, 17, 32, 64}, kFilters[] = {1, 4, 6, 10, 16, 32, 33, 48, 64, 80};

std::vector<Convolution> paddings(Convolution c) {
  std::vector<Convolution> result{same(c)};
  for (const std::array<std::array<Index, 2>, 2>& padding : {std::array<std::array<Index, 2>, 2>{},
                                                             {{{1, 1}, {1, 1}}},
                                                             {{{2, 2}, {2, 2}}},
                                                             {{{0, 2}, {1, 0}}},
                                                             {{{8, 3}, {0, 9}}}}) {
    c.padding = padding;
    if (c.fits()) result.push_back(c);
  }
  return result;
}

TEST_CASE("conv2d: every size, stride, dilation and padding of a window gives what the plain loops give") {
  struct Channels {
    Index C, K, groups;
  };
  const Channels channels[] = {{3, 4, 1}, {8, 16, 1}, {6, 4, 2}, {5, 5, 5}, {3, 6, 3}, {17, 17, 17}};
  int count = 0;
  for (const auto& [H, W] : {std::pair<Index, Index>{7, 9}, {1, 5}, {5, 1}})
    for (const auto& [C, K, groups] : channels)
      for (const auto& size : kSizes)
        for (const auto& strides : kStrides)
          for (const auto& dilation : kDilations)
            for (const Convolution& c : paddings({2, H, W, C, K, size, strides, dilation, {}, groups}))
              check(c, ++count % 3 != 0);
  CHECK(count > 5000);
}

TEST_CASE("conv2d: every number of channels and filters") {
  for (const Index C : kChannels)
    for (const Index K : kFilters) {
      check(same({.N = 1, .H = 5, .W = 7, .C = C, .K = K, .size = {3, 3}}));
      check({.N = 2, .H = 3, .W = 5, .C = C, .K = K});
      check({.N = 1, .H = 6, .W = 8, .C = C, .K = K, .size = {5, 5}}, false);
      check({.N = 1, .H = 4, .W = 7, .C = C, .K = K, .size = {3, 3}, .strides = {2, 2}, .padding = {{{1, 1}, {1, 1}}}});
    }
}

TEST_CASE("conv2d: every number of filters, width and channels up to more than the tiles hold") {
  for (Index s = 1; s <= 70; ++s) {
    const Index t = s * 29 % 71, u = s * 43 % 71;
    check(same({.N = 1, .H = 2, .W = t, .C = u % 27 + 1, .K = s, .size = {3, 3}}));
    check({.N = 1, .H = 3, .W = s + 2, .C = u, .K = t % 27 + 1, .size = {2, 3}});
    check(same({.N = 2, .H = 1, .W = u, .C = s, .K = t, .size = {1, 1}}));
    check(same({.N = 1, .H = t % 9 + 1, .W = u % 27 + 1, .C = s, .K = s, .size = {3, 3}, .groups = s}));
  }
}

TEST_CASE("conv2d: few filters, on rows of every width") {
  for (Index K = 1; K <= 9; ++K)
    for (const Index C : {1, 2, 5})
      for (Index width = 1; width <= 34; width += 1 + width / 12)
        for (const Index stride : {1, 2, 3})
          check(same({.N = 1, .H = 2, .W = width, .C = C, .K = K, .size = {3, 3}, .strides = {stride, stride}}),
                width % 2 == 0);
}

TEST_CASE("conv2d: groups of every width, and depthwise") {
  for (const Index C : kChannels)
    for (const auto& size : {std::array<Index, 2>{1, 1}, {3, 3}, {3, 2}})
      for (const Index stride : {1, 2}) {
        Convolution c{.N = 1, .H = 4, .W = 7, .C = C, .size = size, .strides = {stride, stride}};
        for (const Index groups : {Index{2}, Index{4}, C})
          if (C % groups == 0)
            for (const Index K : {C, 2 * C, 3 * groups}) {
              c.K = K, c.groups = groups;
              check(same(c));
            }
      }
}

// as layers of nets have them, and images that are long, flat or many
const std::vector<Convolution>& large() {
  static const std::vector<Convolution> result{
      same({.N = 5, .H = 28, .W = 28, .C = 1, .K = 6, .size = {5, 5}}),
      {.N = 5, .H = 14, .W = 14, .C = 6, .K = 16, .size = {5, 5}},
      same({.N = 2, .H = 28, .W = 28, .C = 16, .K = 32, .size = {3, 3}}),
      same({.N = 1, .H = 28, .W = 28, .C = 32, .K = 64, .size = {3, 3}}),
      same({.N = 1, .H = 14, .W = 13, .C = 64, .K = 80, .size = {3, 3}}),
      {.N = 2, .H = 28, .W = 28, .C = 64, .K = 80},
      {.N = 1, .H = 33, .W = 31, .C = 3, .K = 48, .size = {7, 7}, .strides = {2, 2}, .padding = {{{3, 3}, {3, 3}}}},
      {.N = 2, .H = 28, .W = 28, .C = 16, .K = 33, .size = {3, 3}, .strides = {2, 2}, .padding = {{{0, 1}, {0, 1}}}},
      {.N = 2, .H = 28, .W = 28, .C = 17, .K = 33, .strides = {2, 2}},
      same({.N = 2, .H = 28, .W = 28, .C = 64, .K = 64, .size = {3, 3}, .groups = 64}),
      same({.N = 2, .H = 28, .W = 28, .C = 17, .K = 34, .size = {5, 5}, .groups = 17}),
      same({.N = 2, .H = 28, .W = 28, .C = 32, .K = 64, .size = {3, 3}, .groups = 4}),
      same({.N = 1, .H = 28, .W = 28, .C = 16, .K = 16, .size = {3, 3}, .dilation = {2, 3}}),
      same({.N = 2, .H = 1, .W = 1000, .C = 8, .K = 16, .size = {1, 9}}),
      same({.N = 1, .H = 300, .W = 3, .C = 5, .K = 7, .size = {3, 3}}),
      {.N = 130, .H = 5, .W = 5, .C = 3, .K = 10, .size = {5, 5}},
      {.N = 70, .H = 6, .W = 6, .C = 16, .K = 120, .size = {3, 3}}};
  return result;
}

TEST_CASE("conv2d: layers of nets") {
  for (const Convolution& c : large()) check(c);
}

// one of each of the lists above, at random, not larger than a test can be
Convolution sampled(std::uint32_t number) {
  constexpr Index kMost = 500'000;
  std::vector<std::uint32_t> words(10);
  RandomKey{1, kCheckStream, number}.words(0, words);
  auto one_of = [&, i = std::size_t{0}](const auto& list) mutable { return list[words[i++] % std::size(list)]; };
  using Pair = std::array<Index, 2>;
  constexpr Index kBatches[] = {1, 2, 5};
  constexpr Pair kImages[] = {{28, 28}, {7, 9}, {13, 6}, {1, 5}, {5, 1}};
  const auto [H, W] = one_of(kImages);
  Convolution c{.N = one_of(kBatches), .H = H, .W = W, .C = one_of(kChannels), .K = one_of(kFilters)};
  c.size = one_of(kSizes), c.strides = one_of(kStrides), c.dilation = one_of(kDilations);
  const Index groups[] = {1, 1, 2, 4, c.C, c.C};
  c.groups = one_of(groups);
  if (c.C % c.groups != 0) c.groups = 1;
  c.K = (c.K + c.groups - 1) / c.groups * c.groups;
  c = one_of(paddings(c));
  while (c.products() > kMost && (c.N > 1 || c.K % 2 == 0)) {
    if (c.N > 1)
      --c.N;
    else if ((c.K /= 2) % c.groups != 0)
      c.groups = 1;
  }
  return c;
}

TEST_CASE("conv2d: windows, channels, groups and images in any mixture") {
  for (std::uint32_t number = 0; number < 250; ++number) {
    const Convolution c = sampled(number);
    if (c.products() < 1'000'000) check(c, number % 2 == 0);
  }
}

TEST_CASE_TEMPLATE("conv2d: v = f(z), dz = f'(z) dv, over the channels of each position", T, float, double) {
  for (const Convolution& c : {same({.N = 2, .H = 6, .W = 5, .C = 3, .K = 7, .size = {3, 3}}),
                               Convolution{.N = 2, .H = 20, .W = 21, .C = 3, .K = 17}}) {
    const Index rows = c.N * c.rows() * c.columns();
    const auto linear = layer_of<double>(c);
    LayerRun<double> wide(linear, {sample(c)}, c.N, 1);
    const auto z = twin_of(c, wide, wide.doutput.data()).z.values;
    const std::vector<double> dv = wide.doutput.copy();
    for (const Activation activation :
         {Activation::kRelu, Activation::kTanh, Activation::kGelu, Activation::kSoftmax}) {
      for (const bool is_linear : {false, true}) {
        CAPTURE(in_words(c));
        CAPTURE(to_string(activation));
        CAPTURE(is_linear);
        const auto v = is_linear ? z : reference::activate(activation, z, rows, c.K);
        const auto dz = is_linear ? dv : reference::activate_backward(activation, z, dv, rows, c.K);
        const Twin twin = twin_of(c, wide, dz.data());
        const auto layer = layer_of<T>(c, true, activation);
        LayerRun<T> run(layer, {sample(c)}, c.N, 1);
        run.forward(Mode::kTraining, {}, is_linear);
        CHECK(largest_error(run.output.values(), v) <= Tolerance<T>::kPass);
        run.backward(Mode::kTraining, {}, is_linear);
        CHECK(error_of_sums(run.dinputs[0].values(), twin.du) <= Tolerance<T>::kPass);
        CHECK(error_of_sums(run.dweights[0].values(), twin.dweight) <= Tolerance<T>::kPass);
        CHECK(error_of_sums(run.dweights[1].values(), twin.dbias) <= Tolerance<T>::kPass);
        CHECK(run.has_guards());
      }
    }
  }
}

TEST_CASE_TEMPLATE("conv2d: the bits do not depend on the number of threads", T, float, double) {
  const FloatMode float_mode;
  for (const Convolution& c : large()) {
    CAPTURE(in_words(c));
    const auto layer = layer_of<T>(c, true, Activation::kRelu);
    LayerRun<T> run(layer, {sample(c)}, c.N, 1);
    std::vector<std::vector<T>> expected;
    for (const int count : kThreadCounts) {
      const Threads threads(count);
      run.forward(Mode::kTraining), run.backward(Mode::kTraining);
      std::vector<std::vector<T>> got{run.output.copy()};
      for (auto* gradient : run.gradients()) got.push_back(gradient->copy());
      if (expected.empty()) expected = got;
      for (std::size_t i = 0; i < got.size(); ++i) CHECK(same_bits(got[i], expected[i]));
    }
  }
}

TEST_CASE("conv2d: what a plan needs for each row is values and gradients, no matrix of windows") {
  Graph<float> graph;
  const auto conv = [](Index filters, Index size, bool is_same) {
    return std::make_shared<Conv2D<float>>(Conv2D<float>::Options{
        .filters = filters, .window = {.size = {size, size}, .is_same = is_same}, .activation = Activation::kRelu});
  };
  graph.input({28, 28, 1}, "image");
  graph.add(conv(6, 5, true), {0}, "first");
  graph.add(conv(16, 5, false), {1}, "second");
  graph.add(std::make_shared<Reshape<float>>(std::vector<Index>{-1}), {2}, "flat");
  const int output = graph.add(std::make_shared<Dense<float>>(Dense<float>::Options{.units = 10}), {3}, "out");
  Index values = 0;
  for (const Node<float>& node : graph.nodes()) values += numel(node.shape);
  Buffer<float> theta(graph.theta_size()), dtheta(graph.theta_size());
  const auto size_at = [&](Index capacity) {
    return Plan<float>(graph, {.capacity = capacity, .has_backward = true, .outputs = {output}, .is_linear = {true}},
                       {theta.data(), nullptr, nullptr, dtheta.data()})
        .arena_size();
  };
  const Index few = size_at(64), many = size_at(1024);
  CHECK(many <= 16 * few);
  CHECK(many - few <= 960 * 3 * values);
}

TEST_CASE("conv2d: the weight is (rows, columns, in, out), its fans are those of a window and of a group") {
  const Conv2D<float> layer({.filters = 10, .window = {.size = {3, 2}}, .groups = 2});
  const Shape inputs[] = {{7, 8, 4}};
  CHECK(layer.kind() == "Conv2D");
  CHECK(layer.output_shape(inputs) == Shape{5, 7, 10});
  const auto specs = layer.parameters(inputs);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].name == "weight");
  CHECK(specs[0].shape == Shape{3, 2, 2, 10});
  CHECK(specs[0].kind == SegmentKind::kWeight);
  CHECK(specs[0].fan_in == 3 * 2 * 2);
  CHECK(specs[0].fan_out == 3 * 2 * 5);
  CHECK(specs[1].name == "bias");
  CHECK(specs[1].shape == Shape{10});
  CHECK(specs[1].kind == SegmentKind::kBias);
  CHECK(specs[1].fan_in == 3 * 2 * 2);
  CHECK(specs[1].fan_out == 3 * 2 * 5);
  CHECK(Conv2D<float>({.filters = 10, .use_bias = false}).parameters(inputs).size() == 1);

  const Conv2D<float> sequence({.filters = 10, .window = {.size = {1, 3}, .is_sequence = true}, .groups = 2});
  const Shape steps[] = {{8, 4}};
  CHECK(sequence.kind() == "Conv1D");
  CHECK(sequence.output_shape(steps) == Shape{6, 10});
  CHECK(sequence.parameters(steps)[0].shape == Shape{3, 2, 10});
  CHECK(sequence.parameters(steps)[0].fan_in == 3 * 2);
  CHECK(sequence.parameters(steps)[0].fan_out == 3 * 5);
}

TEST_CASE_TEMPLATE("conv2d: a sequence is an image of one row", T, float, double) {
  typename Conv2D<T>::Options options{
      .filters = 6,
      .window = {.size = {1, 3}, .strides = {1, 2}, .dilation = {1, 2}, .padding = {Zeros{}, Zeros{2, 1}}},
      .groups = 2};
  const Conv2D<T> image(options);
  options.window.is_sequence = true;
  const Conv2D<T> sequence(options);
  LayerRun<T> flat(image, {{1, 9, 4}}, 3, 1), run(sequence, {{9, 4}}, 3, 1);
  CHECK(run.output.shape() == Shape{3, 4, 6});
  for (auto* each : {&flat, &run}) each->forward(Mode::kTraining), each->backward(Mode::kTraining);
  CHECK(same_bits(run.output.copy(), flat.output.copy()));
  for (std::size_t i = 0; i < run.gradients().size(); ++i)
    CHECK(same_bits(run.gradients()[i]->copy(), flat.gradients()[i]->copy()));
}

TEST_CASE("conv2d: filters and groups that make no sense are refused, and channels that groups do not divide") {
  const auto message = [](const Conv2D<float>::Options& options) {
    return message_of([&] { const Conv2D<float> layer(options); });
  };
  CHECK(message({.filters = 0}) == "filters: expected 1 or more, got 0");
  CHECK(message({.filters = 4, .groups = 0}) == "groups: expected 1 or more, got 0");
  CHECK(message({.filters = 4, .groups = 3}) == "groups: expected a divisor of the 4 filters, got 3");
  CHECK(message({.filters = 4, .window = {.strides = {1, 0}}}) == "strides: expected 1 ... 1048576, got 0");
  const Conv2D<float> layer({.filters = 4, .groups = 2});
  const Shape odd[] = {{3, 3, 5}}, flat[] = {{3, 6}};
  CHECK(message_of([&] { layer.output_shape(odd); }) == "expected channels that 2 groups divide, got 5");
  CHECK(message_of([&] { layer.output_shape(flat); }) ==
        "expected an image (N, H, W, C), got (N, 3, 6); one of a single channel is (H, W, 1)");
  CHECK_THROWS_AS(layer.output_shape(odd), ShapeError);
  CHECK_THROWS_AS(Conv2D<float>({.filters = -1}), DataError);
}

}  // namespace
}  // namespace nncpp::testing
