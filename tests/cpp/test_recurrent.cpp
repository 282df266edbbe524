// Recurrent layers against plain loops over the formulas, one sequence at a time. Gradients of the loops come from dual
// numbers, one entry after the other.
#include <doctest/doctest.h>

#include "recurrent_net.hpp"

namespace nncpp::testing {
namespace {

template <typename R>
R sigmoid(const R& x) {
  using std::exp;
  return R(1) / (R(1) + exp(-x));
}

// y (columns) += x W
template <typename R>
void add_product(const Vector<R>& x, const Vector<R>& W, Vector<R>& y) {
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < y.size(); ++j) y[j] += x[i] * W[i * y.size() + j];
}

// The states after a step; weights in the order of parameters(); masks are of ones where nothing is dropped.
template <typename R>
Arrays<R> step(Cell cell, const Arrays<R>& weights, Vector<R> x, const Arrays<R>& state, const Vector<R>& input_mask,
               const Vector<R>& state_mask) {
  using std::tanh;
  const std::size_t H = state[0].size();
  Vector<R> h = state[0];
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= input_mask[i];
  for (std::size_t j = 0; j < H; ++j) h[j] *= state_mask[j];
  Vector<R> a = weights[2], q = cell == Cell::kGRU ? weights[3] : Vector<R>(a.size());
  add_product(x, weights[0], a);
  add_product(h, weights[1], q);
  Arrays<R> next = state;
  for (std::size_t j = 0; j < H; ++j) {
    if (cell == Cell::kSimple) {
      next[0][j] = tanh(a[j] + q[j]);
    } else if (cell == Cell::kLSTM) {
      const auto gate = [&](std::size_t g) { return a[g * H + j] + q[g * H + j]; };
      next[1][j] = sigmoid(gate(1)) * state[1][j] + sigmoid(gate(0)) * tanh(gate(2));
      next[0][j] = sigmoid(gate(3)) * tanh(next[1][j]);
    } else {
      const R r = sigmoid(a[j] + q[j]), z = sigmoid(a[H + j] + q[H + j]), n = tanh(a[2 * H + j] + r * q[2 * H + j]);
      next[0][j] = (R(1) - z) * n + z * state[0][j];
    }
  }
  return next;
}

struct Case {
  Cell cell;
  RecurrentOptions options;
  bool has_first_states;
  std::vector<Index> lengths;  // empty: all whole
  Index n;
};

// The loop of a case in numbers R: sum of v dv over all outputs, and all v.
template <typename R>
struct Loop {
  Loop(const Case& c, Net<double>& net)
      : test(c), plan(*net.plan), key{5, net.graph.nodes()[static_cast<std::size_t>(net.output)].stream, 0} {
    for (const auto& w : net.weights()) weights.emplace_back(w.begin(), w.end());
    const int count = c.has_first_states ? (c.cell == Cell::kLSTM ? 3 : 2) : 1;
    for (int i = 0; i < count; ++i) {
      const auto u = Net<double>::span(plan.input(i));
      inputs.emplace_back(u.begin(), u.end());
    }
    const auto dv = Net<double>::span(plan.output_gradient(0));
    doutput.assign(dv.begin(), dv.end());
  }

  std::vector<R> mask(double rate, Index first, Index size) const {
    std::vector<R> values(static_cast<std::size_t>(size), R(1));
    for (Index i = 0; i < size && rate > 0; ++i)
      values[static_cast<std::size_t>(i)] =
          key.word(static_cast<std::uint64_t>(first + i)) < rate * 0x1p32 ? R(0) : R(1 / (1 - rate));
    return values;
  }

  R run() {
    const std::size_t num_states = test.cell == Cell::kLSTM ? 2 : 1;
    const std::size_t columns = test.options.returns_state ? num_states * kUnits : kUnits;
    const Place at{plan.input_sequences(0)}, to{plan.output_sequences(0)};
    output.assign(doutput.size(), R(0));
    R sum(0);
    for (Index sample = 0; sample < test.n; ++sample) {
      const Index length = test.lengths.empty() ? kSteps : test.lengths[static_cast<std::size_t>(sample)];
      Arrays<R> state(num_states, Vector<R>(kUnits));
      for (std::size_t s = 0; s < num_states && test.has_first_states; ++s)
        std::copy_n(inputs[1 + s].begin() + sample * kUnits, kUnits, state[s].begin());
      const auto input_mask = mask(test.options.dropout, sample * kInputs, kInputs);
      const auto state_mask = mask(test.options.recurrent_dropout, kMostElements + sample * kUnits, kUnits);
      for (Index i = 0; i < length; ++i) {
        const Index t = test.options.is_reverse ? length - 1 - i : i;
        const auto x = inputs[0].begin() + at(sample, t) * kInputs;
        state = step(test.cell, weights, Vector<R>(x, x + kInputs), state, input_mask, state_mask);
        if (!test.options.returns_sequences && i + 1 < length) continue;
        for (std::size_t j = 0; j < columns; ++j) {
          const std::size_t k = static_cast<std::size_t>(to(sample, t)) * columns + j;
          output[k] = state[j / kUnits][j % kUnits];
          sum += output[k] * doutput[k];
        }
      }
    }
    return sum;
  }

  const Case& test;
  const Plan<double>& plan;
  RandomKey key;
  Arrays<R> weights, inputs;
  Vector<R> doutput, output;
};

void compare(const Case& test) {
  const Index num_states = test.has_first_states ? (test.cell == Cell::kLSTM ? 2 : 1) : 0;
  Net<double> net(layer_of<double>(test.cell, test.options), test.n, num_states);
  net.set(test.lengths);
  net.run();
  Loop<Dual> loop(test, net);
  loop.run();
  double largest = 0;
  const auto v = net.plan->output(0);
  for (std::size_t i = 0; i < loop.output.size(); ++i)
    largest = std::max(largest, relative_error(v.data[i], loop.output[i].value, 1));
  CHECK(largest <= kExact);

  const auto largest_slope_error = [&](Arrays<Dual>& arrays, auto gradient_of) {
    double error = 0;
    for (std::size_t a = 0; a < arrays.size(); ++a)
      for (std::size_t i = 0; i < arrays[a].size(); ++i) {
        arrays[a][i].slope = 1;
        error = std::max(error, relative_error(gradient_of(a)[i], loop.run().slope, 1));
        arrays[a][i].slope = 0;
      }
    return error;
  };
  CHECK(largest_slope_error(loop.weights, [&](std::size_t a) {
          return view(net.graph.segments()[a], net.dtheta.data()).data;
        }) <= kExact);
  CHECK(largest_slope_error(
            loop.inputs, [&](std::size_t a) { return net.plan->input_gradient(static_cast<int>(a)).data; }) <= kExact);
}

TEST_CASE("recurrent: v and all gradients are those of the plain loop") {
  for (const Cell cell : kCells)
    for (const bool is_reverse : {false, true})
      for (const bool returns_sequences : {false, true})
        for (const bool has_first_states : {false, true})
          for (const auto& lengths : {std::vector<Index>{}, kLengths}) {
            CAPTURE(static_cast<int>(cell));
            CAPTURE(is_reverse);
            CAPTURE(returns_sequences);
            CAPTURE(has_first_states);
            CAPTURE(lengths.size());
            compare({cell,
                     {.units = kUnits, .returns_sequences = returns_sequences, .is_reverse = is_reverse},
                     has_first_states,
                     lengths,
                     static_cast<Index>(kLengths.size())});
          }
}

TEST_CASE("recurrent: with returns_state, v has h and c side by side") {
  for (const bool is_reverse : {false, true})
    for (const bool returns_sequences : {false, true})
      compare(
          {Cell::kLSTM,
           {.units = kUnits, .returns_sequences = returns_sequences, .is_reverse = is_reverse, .returns_state = true},
           true,
           kLengths,
           static_cast<Index>(kLengths.size())});
}

TEST_CASE("recurrent: in training one mask for each sequence drops inputs, and another states before the product") {
  for (const Cell cell : kCells)
    for (const auto& lengths : {std::vector<Index>{}, kLengths})
      for (const bool is_reverse : {false, true})
        for (const auto& [dropout, recurrent_dropout] : {std::pair{0.4, 0.0}, {0.0, 0.4}, {0.3, 0.5}}) {
          CAPTURE(static_cast<int>(cell));
          CAPTURE(dropout);
          CAPTURE(recurrent_dropout);
          compare({cell,
                   {.units = kUnits,
                    .returns_sequences = true,
                    .is_reverse = is_reverse,
                    .dropout = dropout,
                    .recurrent_dropout = recurrent_dropout},
                   false,
                   lengths,
                   static_cast<Index>(kLengths.size())});
        }
}

TEST_CASE("recurrent: prediction drops nothing, forward and backward") {
  for (const Cell cell : kCells) {
    Net<double> whole(layer_of<double>(cell, {.units = kUnits}), 5, 0);
    Net<double> dropped(layer_of<double>(cell, {.units = kUnits, .dropout = 0.4, .recurrent_dropout = 0.4}), 5, 0);
    for (auto* net : {&whole, &dropped}) net->set({}), net->run(Mode::kInference);
    CHECK(same_bits(whole.plan->output(0), dropped.plan->output(0)));
    CHECK(same_bits(whole.plan->input_gradient(0), dropped.plan->input_gradient(0)));
    CHECK(same_bits(std::span(whole.dtheta.data(), static_cast<std::size_t>(whole.dtheta.size())),
                    std::span(dropped.dtheta.data(), static_cast<std::size_t>(dropped.dtheta.size()))));
  }
}

TEST_CASE("recurrent: options out of range are errors that name them") {
  CHECK_THROWS_WITH_AS(LSTM<float>({.units = 0}), "units: expected 1 or more, got 0", DataError);
  CHECK_THROWS_WITH_AS(GRU<float>({.num_streams = -1}), "num_streams: expected 0 or more, got -1", DataError);
  CHECK_THROWS_WITH_AS(GRU<float>({.truncate = -1}), "truncate: expected 0 or more, got -1", DataError);
  CHECK_THROWS_WITH_AS(GRU<float>({.dropout = 1}), "dropout: expected 0 <= rate < 1, got 1", DataError);
  CHECK_THROWS_WITH_AS(GRU<float>({.recurrent_dropout = -0.5}), "recurrent_dropout: expected 0 <= rate < 1, got -0.5",
                       DataError);
  CHECK_THROWS_WITH_AS(SimpleRNN<float>({}, Activation::kSoftmax),
                       "activation: expected one of each number alone, got 'softmax'", DataError);
  const Shape u[] = {{5, 3}, {4}};
  CHECK_THROWS_WITH_AS(GRU<float>({.units = 4, .num_streams = 2}).output_shape(u),
                       "expected 1 input, as it is stateful, got 2", ShapeError);
}

TEST_CASE("recurrent: a step function has no slope to learn by") {
  Net<double> net(std::make_shared<SimpleRNN<double>>(RecurrentOptions{.units = kUnits}, Activation::kStep), 3, 0);
  net.set({});
  CHECK_THROWS_AS(net.run(), DataError);
}

TEST_CASE("recurrent: weights are those of the gates side by side; U is orthogonal for each, biases are 0") {
  const Shape u[] = {{kSteps, kInputs}};
  for (const Cell cell : kCells) {
    const Index gates = cell == Cell::kSimple ? 1 : cell == Cell::kLSTM ? 4 : 3;
    const auto specs = layer_of<double>(cell, {.units = kUnits})->parameters(u);
    REQUIRE(specs.size() == (cell == Cell::kGRU ? 4 : 3));
    const std::pair<const char*, Shape> expected[] = {{"weight", {kInputs, gates * kUnits}},
                                                      {"recurrent_weight", {kUnits, gates * kUnits}},
                                                      {"bias", {gates * kUnits}},
                                                      {"recurrent_bias", {gates * kUnits}}};
    for (std::size_t i = 0; i < specs.size(); ++i) {
      CHECK(specs[i].name == expected[i].first);
      CHECK(specs[i].shape == expected[i].second);
      CHECK(specs[i].kind == (i < 2 ? SegmentKind::kWeight : SegmentKind::kBias));
      CHECK(specs[i].fan_in == (i == 1 ? kUnits : kInputs));
      CHECK(specs[i].fan_out == kUnits);
    }
    std::vector<double> U(static_cast<std::size_t>(kUnits * gates * kUnits)),
        b(static_cast<std::size_t>(gates * kUnits), 1);
    initialize(specs[1], {3, 4, 0}, U.data());
    initialize(specs[2], {3, 4, 0}, b.data());
    CHECK(b == std::vector<double>(b.size()));
    const auto column = [&](Index g, Index j, Index i) {
      return U[static_cast<std::size_t>((i * gates + g) * kUnits + j)];
    };
    for (Index g = 0; g < gates; ++g)
      for (Index j = 0; j < kUnits; ++j)
        for (Index k = 0; k < kUnits; ++k) {
          double dot = 0;
          for (Index i = 0; i < kUnits; ++i) dot += column(g, j, i) * column(g, k, i);
          CHECK(relative_error(dot, j == k, 1) <= 1e-14);
        }
    for (Index g = 1; g < gates; ++g) CHECK(column(g, 0, 0) != column(0, 0, 0));
  }
}

}  // namespace
}  // namespace nncpp::testing
