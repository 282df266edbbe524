#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/conv2d.hpp"
#include "nncpp/layers/conv2d_transpose.hpp"
#include "reference.hpp"

namespace nncpp::testing {
namespace {

struct Case {
  Shape sample;
  Window::Options window;
  std::array<Index, 2> output_padding;
  Index filters;
  Shape output;  // (H - 1) S + D (F - 1) + 1 - P + Q by hand
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {{3, 4, 2}, {.size = {3, 2}}, {}, 4, {5, 5, 4}},
      {{2, 3, 3}, {.size = {3, 3}, .strides = {2, 3}, .padding = {{{1, 0}, {1, 1}}}}, {1, 2}, 17, {5, 9, 17}},
      {{2, 2, 5}, {.size = {2, 2}, .strides = {4, 3}}, {0, 1}, 3, {6, 6, 3}},
      {{3, 2, 18}, {.size = {3, 2}, .dilation = {2, 3}, .padding = {{{2, 1}, {0, 2}}}}, {}, 33, {4, 3, 33}},
      {{1, 1, 1}, {.size = {5, 4}}, {}, 1, {5, 4, 1}}};
  return all;
}

template <typename T>
Conv2DTranspose<T> layer_of(const Case& c, bool use_bias = true, Activation activation = Activation::kIdentity) {
  return Conv2DTranspose<T>({.filters = c.filters,
                             .window = c.window,
                             .output_padding = c.output_padding,
                             .activation = activation,
                             .use_bias = use_bias});
}

// the plain-loop twin: z, and with dz = doutput the gradients
template <typename T>
struct Twin {
  Twin(const Case& c, LayerRun<T>& run, Index N)
      : z(run.output.values().size()), du(run.inputs[0].values().size()), dW(run.weights[0].values().size()) {
    const auto& [size, strides, dilation, padding, is_same, is_strict, is_sequence] = c.window;
    const Index H = c.sample[0], V = c.sample[1], C = c.sample[2], K = c.filters;
    const Index height = c.output[0], width = c.output[1];
    if (run.weights.size() > 1) {
      db.resize(static_cast<std::size_t>(K));
      for (std::size_t q = 0; q < z.size(); ++q) {
        z[q] = static_cast<double>(run.weights[1].data()[q % db.size()]);
        db[q % db.size()] += static_cast<double>(run.doutput.data()[q]);
      }
    }
    for (Index n = 0; n < N; ++n)
      for (Index y = 0; y < H; ++y)
        for (Index x = 0; x < V; ++x)
          for (Index i = 0; i < size[0]; ++i)
            for (Index j = 0; j < size[1]; ++j) {
              const Index row = y * strides[0] + i * dilation[0] - padding[0][0];
              const Index column = x * strides[1] + j * dilation[1] - padding[1][0];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;  // cut off
              for (Index k = 0; k < K; ++k)
                for (Index channel = 0; channel < C; ++channel) {
                  const auto p = reference::at((n * H + y) * V + x, channel, C);
                  const auto q = reference::at((n * height + row) * width + column, k, K);
                  const auto w = reference::at((i * size[1] + j) * K + k, channel, C);
                  const auto u = static_cast<double>(run.inputs[0].data()[p]);
                  const auto weight = static_cast<double>(run.weights[0].data()[w]);
                  const auto dz = static_cast<double>(run.doutput.data()[q]);
                  z[q] += u * weight;
                  du[p] += dz * weight;
                  dW[w] += dz * u;
                }
            }
  }
  reference::Vector z, du, dW, db;
};

TEST_CASE_TEMPLATE("conv2d transpose: values and gradients are those of the plain loops", T, float, double) {
  for (const Case& c : cases())
    for (const bool use_bias : {true, false})
      for (const Index N : {1, 9}) {
        CAPTURE(c.sample);
        CAPTURE(use_bias);
        CAPTURE(N);
        const auto layer = layer_of<T>(c, use_bias);
        const Shape inputs[] = {c.sample};
        REQUIRE(layer.output_shape(inputs) == c.output);
        LayerRun<T> run(layer, {c.sample}, N, 1);
        run.forward(Mode::kTraining);
        run.backward(Mode::kTraining);
        const Twin<T> twin(c, run, N);
        CHECK(largest_error(run.output.values(), twin.z) <= Tolerance<T>::kPass);
        CHECK(largest_error(run.dinputs[0].values(), twin.du) <= Tolerance<T>::kPass);
        CHECK(largest_error(run.dweights[0].values(), twin.dW) <= Tolerance<T>::kPass);
        if (use_bias) CHECK(largest_error(run.dweights[1].values(), twin.db) <= Tolerance<T>::kPass);
        CHECK(run.has_guards());
      }
}

TEST_CASE("conv2d transpose: <conv x, y> = <x, transpose y> with one weight") {
  for (const Case& c : cases()) {
    CAPTURE(c.sample);
    const Index N = 3;
    const auto transpose = layer_of<double>(c, false);
    const Conv2D<double> conv({.filters = c.sample.back(), .window = c.window, .use_bias = false});
    LayerRun<double> back(transpose, {c.sample}, N, 1), there(conv, {c.output}, N, 2);
    REQUIRE(there.output.shape() == back.inputs[0].shape());
    REQUIRE(there.weights[0].shape() == back.weights[0].shape());
    std::ranges::copy(back.weights[0].values(), there.weights[0].data());
    there.forward(Mode::kTraining), back.forward(Mode::kTraining);
    const auto inner = [](std::span<const double> a, std::span<const double> b) {
      return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
    };
    const double expected = inner(there.output.values(), back.inputs[0].values());
    CHECK(std::abs(inner(there.inputs[0].values(), back.output.values()) - expected) <=
          1e-12 * (1 + std::abs(expected)));
  }
}

TEST_CASE("conv2d transpose: the weight is that of the Conv2D, the fans are those of its own filters") {
  const Conv2DTranspose<float> layer({.filters = 5, .window = {.size = {3, 2}}});
  const Shape inputs[] = {{6, 4, 7}};
  const auto specs = layer.parameters(inputs);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].name == "weight");
  CHECK(specs[0].shape == Shape{3, 2, 5, 7});
  CHECK(specs[0].kind == SegmentKind::kWeight);
  CHECK(specs[0].fan_in == 3 * 2 * 7);
  CHECK(specs[0].fan_out == 3 * 2 * 5);
  CHECK(specs[1].name == "bias");
  CHECK(specs[1].shape == Shape{5});
  CHECK(specs[1].kind == SegmentKind::kBias);
  const Conv2DTranspose<float> along({.filters = 5, .window = {.size = {1, 3}, .is_sequence = true}});
  const Shape sequence[] = {{8, 2}};
  CHECK(along.kind() == "Conv1DTranspose");
  CHECK(along.output_shape(sequence) == Shape{10, 5});
  CHECK(along.parameters(sequence)[0].shape == Shape{3, 5, 2});
}

TEST_CASE("conv2d transpose: what makes no sense is an error") {
  using Layer = Conv2DTranspose<float>;
  CHECK_THROWS_AS(Layer({.filters = 0, .window = {}}), DataError);
  CHECK_THROWS_AS(Layer({.window = {.is_same = true}}), DataError);
  CHECK_THROWS_AS(Layer({.window = {}, .output_padding = {0, 1}}), DataError);
  CHECK_THROWS_AS(Layer({.window = {.strides = {2, 2}}, .output_padding = {-1, 0}}), DataError);
  const Shape inputs[] = {{3, 3, 2}};
  CHECK_THROWS_AS(Layer({.window = {.padding = {{{1, 2}, {0, 0}}}}}).output_shape(inputs), ShapeError);
  CHECK(Layer({.window = {.padding = {{{1, 1}, {0, 0}}}}}).output_shape(inputs) == Shape{1, 3, 1});
}

}  // namespace
}  // namespace nncpp::testing
