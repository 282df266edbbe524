#include <doctest/doctest.h>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/conv2d.hpp"
#include "nncpp/layers/locally_connected2d.hpp"
#include "reference.hpp"

namespace nncpp::testing {
namespace {

struct Case {
  Shape sample;
  Window::Options window;
  Index filters;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {{5, 6, 3}, {.size = {3, 2}}, 4},
      {{1, 1, 7}, {}, 1},
      {{6, 5, 2}, {.size = {3, 4}, .strides = {2, 3}, .padding = {{{2, 1}, {0, 3}}}}, 17},
      {{4, 4, 1}, {.size = {3, 3}, .is_same = true}, 33},
      {{2, 3, 2}, {.size = {2, 2}, .padding = {{{3, 0}, {0, 4}}}}, 3}};
  return all;
}

// the plain-loop twin: z, and with dz = doutput the gradients
template <typename T>
struct Twin {
  Twin(const Case& c, LayerRun<T>& run, Index N)
      : z(run.output.values().size()), du(run.inputs[0].values().size()), dW(run.weights[0].values().size()) {
    const Window window(c.window);
    const Image image = window.image(c.sample);
    const auto [rows, columns] = window.over(image);
    const Index M = rows.positions * columns.positions, K = c.filters, C = image.channels;
    const bool has_bias = run.weights.size() > 1;
    db.resize(has_bias ? run.weights[1].values().size() : 0);
    for (Index n = 0; n < N; ++n)
      for (Index m = 0; m < M; ++m)
        for (Index k = 0; k < K; ++k) {
          const auto q = reference::at(n * M + m, k, K), unit = reference::at(m, k, K);
          const auto dz = static_cast<double>(run.doutput.data()[q]);
          if (has_bias) z[q] = static_cast<double>(run.weights[1].data()[unit]), db[unit] += dz;
          for (Index i = 0; i < rows.size; ++i)
            for (Index j = 0; j < columns.size; ++j)
              for (Index channel = 0; channel < C; ++channel) {
                const Index row = m / columns.positions * rows.stride + i - rows.padding[0];
                const Index column = m % columns.positions * columns.stride + j - columns.padding[0];
                if (row < 0 || row >= image.height || column < 0 || column >= image.width) continue;
                const auto p = reference::at((n * image.height + row) * image.width + column, channel, C);
                const auto w = reference::at((i * columns.size + j) * C + channel, m * K + k, M * K);
                const auto u = static_cast<double>(run.inputs[0].data()[p]);
                const auto weight = static_cast<double>(run.weights[0].data()[w]);
                z[q] += u * weight;
                du[p] += dz * weight;
                dW[w] += dz * u;
              }
        }
  }
  reference::Vector z, du, dW, db;
};

TEST_CASE_TEMPLATE("locally connected 2d: values and gradients are those of the plain loops", T, float, double) {
  for (const Case& c : cases())
    for (const bool use_bias : {true, false})
      for (const Index N : {1, 17, 70}) {  // one image, and more than a task takes or gathers
        CAPTURE(c.sample);
        CAPTURE(use_bias);
        CAPTURE(N);
        const LocallyConnected2D<T> layer({.filters = c.filters, .window = c.window, .use_bias = use_bias});
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

TEST_CASE("locally connected 2d: the same filters everywhere are those of a Conv2D") {
  const Window::Options window{.size = {3, 2}, .strides = {2, 1}, .padding = {{{1, 0}, {0, 1}}}};
  const Shape sample{7, 5, 3};
  const Index K = 4, N = 3;
  const Conv2D<double> shared({.filters = K, .window = window, .activation = Activation::kTanh});
  const LocallyConnected2D<double> own({.filters = K, .window = window, .activation = Activation::kTanh});
  LayerRun<double> one(shared, {sample}, N, 1), other(own, {sample}, N, 1);
  const Index F = 3 * 2 * 3, M = numel(other.weights[1].shape()) / K;
  for (Index f = 0; f < F; ++f)
    for (Index m = 0; m < M; ++m)
      std::copy_n(one.weights[0].data() + f * K, K, other.weights[0].data() + (f * M + m) * K);
  for (Index m = 0; m < M; ++m) std::copy_n(one.weights[1].data(), K, other.weights[1].data() + m * K);
  one.forward(Mode::kTraining), other.forward(Mode::kTraining);
  CHECK(largest_error(other.output.values(), one.output.values()) <= Tolerance<double>::kPass);
}

TEST_CASE("locally connected 2d: a unit's weights are a column, the fans are those of a window") {
  const LocallyConnected2D<float> layer({.filters = 5, .window = {.size = {3, 2}}});
  const Shape inputs[] = {{6, 4, 7}};
  CHECK(layer.output_shape(inputs) == Shape{4, 3, 5});
  const auto specs = layer.parameters(inputs);
  REQUIRE(specs.size() == 2);
  CHECK(specs[0].name == "weight");
  CHECK(specs[0].shape == Shape{3, 2, 7, 4, 3, 5});
  CHECK(specs[0].kind == SegmentKind::kWeight);
  CHECK(specs[0].fan_in == 3 * 2 * 7);
  CHECK(specs[0].fan_out == 3 * 2 * 5);
  CHECK(specs[1].name == "bias");
  CHECK(specs[1].shape == Shape{4, 3, 5});
  CHECK(specs[1].kind == SegmentKind::kBias);
  const LocallyConnected2D<float> along({.filters = 5, .window = {.size = {1, 3}, .is_sequence = true}});
  const Shape sequence[] = {{8, 2}};
  CHECK(along.kind() == "LocallyConnected1D");
  CHECK(along.parameters(sequence)[0].shape == Shape{3, 2, 6, 5});
  CHECK(along.parameters(sequence)[1].shape == Shape{6, 5});
}

TEST_CASE("locally connected 2d: memory beside the output does not grow with the windows of the batch") {
  const LocallyConnected2D<float> layer({.filters = 8, .window = {.size = {5, 5}, .is_same = true}});
  const Shape inputs[] = {{16, 16, 8}};
  CHECK(layer.memory(inputs, 1024).forward == layer.memory(inputs, 64).forward);
  const Index windows = 1024 * 16 * 16 * 5 * 5 * 8;
  CHECK(layer.memory(inputs, 1024).backward < windows / 100);
}

TEST_CASE("locally connected 2d: no filters or a dilation are errors") {
  CHECK_THROWS_AS(LocallyConnected2D<float>({.filters = 0, .window = {}}), DataError);
  CHECK_THROWS_AS(LocallyConnected2D<float>({.filters = 1, .window = {.size = {2, 2}, .dilation = {1, 2}}}), DataError);
}

}  // namespace
}  // namespace nncpp::testing
