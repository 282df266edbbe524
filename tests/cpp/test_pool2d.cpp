#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <numeric>

#include "layer_run.hpp"
#include "messages.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/pool2d.hpp"

namespace nncpp::testing {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Case {
  Shape sample;
  Window::Options window;
  bool is_global = false;
};

// windows side by side, overlapping, apart; not square, padded, beyond a register of channels, beyond a byte of places
const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {{4, 4, 1}, {.size = {2, 2}, .strides = {2, 2}}},
      {{28, 28, 6}, {.size = {2, 2}, .strides = {2, 2}}},
      {{5, 7, 16}, {.size = {2, 2}, .strides = {2, 2}}},
      {{9, 7, 37}, {.size = {3, 3}, .strides = {2, 2}}},
      {{5, 9, 3}, {.size = {2, 3}, .strides = {1, 2}}},
      {{5, 9, 2}, {.size = {2, 1}, .strides = {3, 4}}},
      {{5, 5, 5}, {.size = {3, 3}, .is_same = true}},
      {{6, 5, 33}, {.size = {3, 2}, .strides = {2, 2}, .padding = {{{2, 1}, {0, 1}}}}},
      {{4, 4, 2}, {.size = {2, 2}, .strides = {2, 2}, .padding = {{{1, 1}, {1, 1}}}}},
      {{1, 1, 3}, {.size = {3, 3}, .strides = {1, 1}, .padding = {{{1, 1}, {2, 0}}}}},
      {{17, 18, 3}, {.size = {17, 16}, .strides = {1, 1}}},
      {{11, 19}, {.size = {1, 3}, .strides = {1, 2}, .padding = {{{0, 0}, {1, 2}}}, .is_sequence = true}},
      {{6, 7, 18}, {}, true},
      {{17, 19, 2}, {}, true},
      {{257, 256, 1}, {}, true},
      {{13, 4}, {.is_sequence = true}, true},
  };
  return all;
}

// f(v, its window's pixels of u in row-major order, as places in u and v), for every v of a batch
void for_windows(const Case& c, Index N, const std::function<void(Index, const std::vector<Index>&)>& f) {
  const bool is_sequence = c.sample.rank() == 2;
  const Index H = is_sequence ? 1 : c.sample[0], W = c.sample[c.sample.rank() - 2], C = c.sample.back();
  std::array<Index, 2> size = c.window.size, stride = c.window.strides, length{H, W}, before{}, count{};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    Index zeros = c.window.padding[axis][0] + c.window.padding[axis][1];
    before[axis] = c.window.padding[axis][0];
    if (c.window.is_same && !(is_sequence && axis == 0)) zeros = size[axis] - 1, before[axis] = zeros / 2;
    if (c.is_global) size[axis] = length[axis];
    count[axis] = (length[axis] + zeros - size[axis]) / stride[axis] + 1;
  }
  Index v = 0;
  for (Index n = 0; n < N; ++n)
    for (Index y = 0; y < count[0]; ++y)
      for (Index x = 0; x < count[1]; ++x)
        for (Index channel = 0; channel < C; ++channel, ++v) {
          std::vector<Index> seen;
          for (Index i = 0; i < size[0]; ++i)
            for (Index j = 0; j < size[1]; ++j) {
              const Index row = y * stride[0] + i - before[0], column = x * stride[1] + j - before[1];
              if (row >= 0 && row < H && column >= 0 && column < W)
                seen.push_back(((n * H + row) * W + column) * C + channel);
            }
          f(v, seen);
        }
}

// value(u of the window) -> v; slopes(u of the window, v) -> dv/du of each
using Value = std::function<double(const std::vector<double>&)>;
using Slopes = std::function<std::vector<double>(const std::vector<double>&, double)>;

template <template <typename> class L, typename T, typename Set>
void compare(const Case& c, const Value& value, const Slopes& slopes, Set&& set) {
  CAPTURE(c.sample);
  constexpr Index N = 3;
  typename L<T>::Options options;
  options.window = c.window, options.is_global = c.is_global;
  set(options);
  const L<T> layer(options);
  LayerRun<T> run(layer, {c.sample}, N, 1);
  run.forward(Mode::kTraining);
  std::vector<double> v(run.output.values().size()), du(run.inputs[0].values().size()), base(du.size());
  for_windows(c, N, [&](Index at, const std::vector<Index>& seen) {
    std::vector<double> u;
    for (const Index i : seen) u.push_back(static_cast<double>(run.inputs[0].data()[i]));
    const auto k = static_cast<std::size_t>(at);
    v.at(k) = value(u);
    const auto slope = slopes(u, v[k]);
    for (std::size_t i = 0; i < seen.size(); ++i)
      du.at(static_cast<std::size_t>(seen[i])) += slope[i] * static_cast<double>(run.doutput.data()[at]);
  });
  CHECK(largest_error(run.output.values(), v) <= Tolerance<T>::kPass);
  run.backward(Mode::kTraining);
  CHECK(largest_error(run.dinputs[0].values(), du) <= Tolerance<T>::kPass);
  fill_random<T>(run.dinputs[0].values(), 7);
  for (std::size_t i = 0; i < du.size(); ++i) du[i] += static_cast<double>(run.dinputs[0].values()[i]);
  run.backward(Mode::kTraining, {}, false, Write::kAdd);
  CHECK(largest_error(run.dinputs[0].values(), du) <= Tolerance<T>::kPass);
  CHECK(run.has_guards());
}

TEST_CASE_TEMPLATE("pool: the largest of each window as the plain loops have it", T, float, double) {
  const auto value = [](const std::vector<double>& u) { return *std::max_element(u.begin(), u.end()); };
  const auto slopes = [](const std::vector<double>& u, double) {
    std::vector<double> slope(u.size());
    slope[static_cast<std::size_t>(std::max_element(u.begin(), u.end()) - u.begin())] = 1;
    return slope;
  };
  for (const Case& c : cases()) compare<MaxPool2D, T>(c, value, slopes, [](auto&) {});
}

TEST_CASE_TEMPLATE("pool: the mean of each window without its padding as the plain loops have it", T, float, double) {
  const auto value = [](const std::vector<double>& u) {
    return std::accumulate(u.begin(), u.end(), 0.0) / static_cast<double>(u.size());
  };
  const auto slopes = [](const std::vector<double>& u, double) {
    return std::vector<double>(u.size(), 1 / static_cast<double>(u.size()));
  };
  for (const Case& c : cases()) compare<AveragePool2D, T>(c, value, slopes, [](auto&) {});
}

TEST_CASE_TEMPLATE("pool: the p-norm of each window as the plain loops have it", T, float, double) {
  for (const double p : {1.0, 1.5, 2.0, 3.0}) {
    CAPTURE(p);
    const auto value = [p](const std::vector<double>& u) {
      double sum = 0;
      for (const double x : u) sum += std::pow(std::abs(x), p);
      return std::pow(sum, 1 / p);
    };
    const auto slopes = [p](const std::vector<double>& u, double v) {
      std::vector<double> slope;
      for (const double x : u) slope.push_back(std::copysign(std::pow(std::abs(x) / v, p - 1), x));
      return slope;
    };
    for (const Case& c : cases()) compare<LpPool2D, T>(c, value, slopes, [p](auto& options) { options.p = p; });
  }
}

// a window of 2 by 2 over one image of 2 by 2
template <typename Layer>
struct Four {
  Four(const Layer& layer, const std::vector<double>& u) : run(layer, {{2, 2, 1}}, 1, 1) {
    std::copy(u.begin(), u.end(), run.inputs[0].data());
    *run.doutput.data() = 1;
    run.forward(Mode::kTraining);
    run.backward(Mode::kTraining);
  }
  double v() const { return *run.output.data(); }
  std::vector<double> du() const { return run.dinputs[0].copy(); }
  LayerRun<double> run;
};

const Pool2D<double>::Options kSquare{{.size = {2, 2}, .strides = {2, 2}}};

TEST_CASE("pool: of several largest pixels the first has the gradient") {
  const MaxPool2D<double> layer(kSquare);
  CHECK(Four(layer, {1, 3, 3, 2}).du() == std::vector<double>{0, 1, 0, 0});
  CHECK(Four(layer, {1, 0, 1, 1}).du() == std::vector<double>{1, 0, 0, 0});
  const double infinity = std::numeric_limits<double>::infinity();
  const Four lowest(layer, std::vector<double>(4, -infinity));
  CHECK(lowest.v() == -infinity);
  CHECK(lowest.du() == std::vector<double>{1, 0, 0, 0});
}

TEST_CASE("pool: what is not a number comes through, wherever in the window it is") {
  const MaxPool2D<double> largest(kSquare);
  const AveragePool2D<double> mean(kSquare);
  const LpPool2D<double> norm({kSquare, 2}), cubic({kSquare, 3});
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<double> u{0, 2, -3, 5};
    u[i] = kNaN;
    CHECK(std::isnan(Four(largest, u).v()));
    CHECK(std::isnan(Four(mean, u).v()));
    CHECK(std::isnan(Four(norm, u).v()));
    CHECK(std::isnan(Four(cubic, u).v()));
  }
}

TEST_CASE("pool: a norm of zeros is 0 and has no gradient, and large and small numbers have one") {
  for (const double p : {1.0, 1.5, 2.0, 8.0}) {
    CAPTURE(p);
    const LpPool2D<double> layer({kSquare, p});
    const Four zero(layer, {0, 0, 0, 0}), some(layer, {0, -2, 0, 0});
    CHECK(zero.v() == 0);
    CHECK(zero.du() == std::vector<double>{0, 0, 0, 0});
    CHECK(some.v() == 2);
    CHECK(some.du() == std::vector<double>{0, -1, 0, 0});
    for (const double unit : {1e-300, 1e300}) {
      const Four far(layer, {unit, unit, unit, unit});
      CHECK(relative_error(far.v() / unit, std::pow(4, 1 / p), 1) <= Tolerance<double>::kPass);
      CHECK(relative_error(far.du()[3], std::pow(4, 1 / p - 1), 1) <= Tolerance<double>::kPass);
    }
    CHECK(Four(layer, {1, std::numeric_limits<double>::infinity(), 0, 2}).v() ==
          std::numeric_limits<double>::infinity());
  }
}

TEST_CASE("pool: a mean of many numbers keeps its digits") {
  const AveragePool2D<float> layer({{.is_sequence = true}, true});
  constexpr Index kSteps = 100000;
  LayerRun<float> run(layer, {{kSteps, 1}}, 1, 1);
  std::fill(run.inputs[0].values().begin(), run.inputs[0].values().end(), 0.1f);
  run.forward(Mode::kTraining);
  CHECK(relative_error(*run.output.data(), 0.1f, 0.1) <= 100 * Tolerance<float>::kElement);
}

TEST_CASE("pool: of the largest one byte is kept, two beyond 256 places, and backward reads neither u nor v") {
  const auto bytes = [](const Pool2D<float>::Options& options, const Shape& sample) {
    const Shape samples[] = {sample};
    return MaxPool2D<float>(options).memory(samples, 64).saved * 4 / 64;
  };
  CHECK(bytes({{.size = {2, 2}, .strides = {2, 2}}}, {32, 32, 32}) <= 16 * 16 * 32 + 128);
  CHECK(bytes({{.size = {16, 16}, .strides = {16, 16}}}, {64, 64, 64}) <= 4 * 4 * 64 + 128);
  CHECK(bytes({{.size = {17, 16}, .strides = {16, 16}}}, {65, 64, 64}) <= 2 * (4 * 4 * 64 + 128));
  CHECK(bytes({{.size = {17, 16}, .strides = {16, 16}}}, {65, 64, 64}) >= 2 * 4 * 4 * 64);
  const MaxPool2D<float> largest({});
  const AveragePool2D<float> mean({});
  CHECK_FALSE((largest.backward_reads_inputs() || largest.backward_reads_output()));
  CHECK_FALSE((mean.backward_reads_inputs() || mean.backward_reads_output()));
}

TEST_CASE("pool: shapes, and kinds as Python has them") {
  const Shape image[] = {{55, 55, 96}}, sequence[] = {{10, 4}};
  const Window::Options overlapping{.size = {3, 3}, .strides = {2, 2}}, steps{.size = {1, 2}, .is_sequence = true};
  CHECK(MaxPool2D<float>({overlapping}).output_shape(image) == Shape{27, 27, 96});
  CHECK(MaxPool2D<float>({overlapping}).kind() == "MaxPool2D");
  CHECK(AveragePool2D<float>({steps}).output_shape(sequence) == Shape{9, 4});
  CHECK(AveragePool2D<float>({steps}).kind() == "AveragePool1D");
  CHECK(LpPool2D<float>({{overlapping}, 2}).kind() == "LpPool2D");
  CHECK(MaxPool2D<float>({{}, true}).output_shape(image) == Shape{96});
  CHECK(MaxPool2D<float>({{}, true}).kind() == "GlobalMaxPool2D");
  CHECK(AveragePool2D<float>({{.is_sequence = true}, true}).output_shape(sequence) == Shape{4});
  CHECK(AveragePool2D<float>({{.is_sequence = true}, true}).kind() == "GlobalAveragePool1D");
}

TEST_CASE("pool: a window that could lie wholly in its padding is an error, as are gaps and odd norms") {
  const Shape image[] = {{6, 6, 2}};
  const auto shape_of = [&](const Window::Options& window) {
    return [=] { MaxPool2D<float>({window}).output_shape(image); };
  };
  shape_of({.size = {3, 2}, .padding = {{{2, 2}, {1, 1}}}})();
  CHECK(message_of(shape_of({.size = {3, 2}, .padding = {{{0, 3}, {0, 0}}}})).find("window of 3, got (0, 3)") !=
        std::string::npos);
  CHECK_THROWS_AS(shape_of({.size = {3, 2}, .padding = {{{0, 0}, {2, 0}}}})(), ShapeError);
  CHECK_THROWS_AS(shape_of({.size = {2, 2}, .strides = {2, 2}, .is_same = true})(), ShapeError);
  CHECK_THROWS_AS(shape_of({.size = {5, 5}, .strides = {2, 2}, .is_strict = true})(), ShapeError);
  CHECK_THROWS_AS(MaxPool2D<float>({{.size = {2, 2}, .dilation = {2, 1}}}), DataError);
  const Shape vast[] = {{4097, 4096, 2}};
  CHECK_THROWS_AS(MaxPool2D<float>({{}, true}).output_shape(vast), ShapeError);
  for (const double p : {0.5, -1.0, kNaN, std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(LpPool2D<float>({{}, p}), DataError);
}

}  // namespace
}  // namespace nncpp::testing
