// Recurrent layers against plain loops over the formulas, one sequence at a time. Gradients of the loops come from dual
// numbers, one entry after the other.
#include <doctest/doctest.h>

#include <set>

#include "allocations.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/bidirectional.hpp"
#include "nncpp/layers/gru.hpp"
#include "nncpp/layers/lstm.hpp"
#include "nncpp/layers/simple_rnn.hpp"
#include "nncpp/plan.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {
namespace {

constexpr Index kInputs = 3, kUnits = 4, kSteps = 6;
constexpr double kExact = 1e-12;
enum class Cell { kSimple, kLSTM, kGRU };
constexpr Cell kCells[] = {Cell::kSimple, Cell::kLSTM, Cell::kGRU};

template <typename T>
std::shared_ptr<const Recurrent<T>> layer_of(Cell cell, const RecurrentOptions& options) {
  if (cell == Cell::kLSTM) return std::make_shared<LSTM<T>>(options);
  if (cell == Cell::kGRU) return std::make_shared<GRU<T>>(options);
  return std::make_shared<SimpleRNN<T>>(options);
}

template <typename R>
using Vector = std::vector<R>;
template <typename R>
using Arrays = std::vector<Vector<R>>;

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

// A layer of a batch of sequences in a graph of its own; inputs are u and, where there are such, first states.
template <typename T>
struct Net {
  Net(std::shared_ptr<const Layer<T>> layer, Index n, Index num_states, Index steps = kSteps) : capacity(n) {
    std::vector<int> ids{graph.input({steps, kInputs}, "u")};
    for (Index s = 0; s < num_states; ++s) ids.push_back(graph.input({kUnits}, text("first_", s)));
    output = graph.add(std::move(layer), ids, "layer");
    theta = Buffer<T>(graph.theta_size());
    dtheta = Buffer<T>(graph.theta_size());
    state = Buffer<T>(graph.state_size());
    next_state = Buffer<T>(graph.state_size());
    graph.initialize(0, theta.data(), state.data());
    std::uint64_t seed = 100;
    for (const Segment& segment : graph.segments())
      fill_random<T>(span(view(segment, theta.data())), ++seed, segment.kind == SegmentKind::kBias ? 0.3 : 0.5);
    plan = std::make_unique<Plan<T>>(graph,
                                     typename Plan<T>::Options{.capacity = n,
                                                               .has_backward = true,
                                                               .has_input_gradients = true,
                                                               .keeps_values = true,
                                                               .outputs = {output},
                                                               .is_linear = {false}},
                                     Vectors<T>{theta.data(), state.data(), next_state.data(), dtheta.data()});
  }

  static std::span<T> span(const Tensor<T>& tensor) {
    return {tensor.data, static_cast<std::size_t>(tensor.size())};
  }
  void set(const std::vector<Index>& lengths) {
    lengths.empty() ? plan->set_batch(capacity) : plan->set_batch(lengths);
    num_rows = capacity;
    for (int i = 0; i < static_cast<int>(graph.nodes()[static_cast<std::size_t>(output)].inputs.size()); ++i)
      fill_random<T>(span(plan->input(i)), static_cast<std::uint64_t>(i + 1));
  }
  void run(Mode mode = Mode::kTraining, std::uint32_t step = 0) {
    std::copy_n(state.data(), state.size(), next_state.data());
    plan->forward({num_rows, mode, 5, step});
    fill_random<T>(span(plan->output_gradient(0)), 50);
    plan->backward({num_rows, mode, 5, step});
  }
  Arrays<T> weights() {
    Arrays<T> result;
    for (const Segment& segment : graph.segments()) {
      const auto values = span(view(segment, theta.data()));
      result.emplace_back(values.begin(), values.end());
    }
    return result;
  }

  Index capacity, num_rows = 0;
  Graph<T> graph;
  Buffer<T> theta, dtheta, state, next_state;
  std::unique_ptr<Plan<T>> plan;
  int output;
};

// Where row r of an array of the batch begins, for step t of a sample: of one number a row where it has no steps.
struct Place {
  const Sequences* sequences;
  Index operator()(Index sample, Index t) const {
    if (sequences == nullptr) return sample;
    for (Index rank = 0; rank < sequences->count(); ++rank)
      if (sequences->sample(rank) == sample) return sequences->row(rank, t);
    return -1;
  }
};

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
  CHECK(largest_slope_error(loop.inputs, [&](std::size_t a) {
          return net.plan->input_gradient(static_cast<int>(a)).data;
        }) <= kExact);
}

const std::vector<Index> kLengths{2, 6, 1, 6, 3, 5, 4, 6, 2, 1, 5};  // more than one group of them

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
      compare({Cell::kLSTM,
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

// --- runs that go on ------------------------------------------------------------------------------------------------

// a long net and a stateful one that sees the same steps in pieces, with the same weights
template <typename T>
struct Pieces {
  Pieces(Cell cell, Index n_, Index pieces, Index truncate)
      : n(n_),
        steps(kSteps / pieces),
        whole(layer_of<T>(cell, {.units = kUnits, .returns_sequences = true, .truncate = truncate}), n, 0),
        piece(layer_of<T>(cell, {.units = kUnits, .returns_sequences = true, .num_streams = n + 2}), n, 0, steps) {
    whole.set({});
    whole.run();
    piece.set({});
  }
  // piece p forward and backward; its state goes on
  void run(Index p) {
    const auto copy = [&](const Tensor<const T>& from, const Tensor<T>& to, Index columns) {
      for (Index i = 0; i < n; ++i)
        std::copy_n(from.data + (i * kSteps + p * steps) * columns, steps * columns, to.data + i * steps * columns);
    };
    copy(whole.plan->input(0), piece.plan->input(0), kInputs);
    std::copy_n(piece.state.data(), piece.state.size(), piece.next_state.data());
    piece.plan->forward({n, Mode::kTraining, 5, 0});
    copy(whole.plan->output_gradient(0), piece.plan->output_gradient(0), kUnits);
    piece.plan->backward({n, Mode::kTraining, 5, 0});
    std::copy_n(piece.next_state.data(), piece.state.size(), piece.state.data());
  }
  // are numbers of piece p those of the whole run
  double difference(const Tensor<const T>& of_whole, const Tensor<const T>& of_piece, Index p) const {
    const Index columns = of_piece.columns();
    double largest = 0;
    for (Index i = 0; i < n; ++i)
      for (Index k = 0; k < steps * columns; ++k)
        largest = std::max(largest, relative_error(of_piece.data[i * steps * columns + k],
                                                   of_whole.data[(i * kSteps + p * steps) * columns + k], 1));
    return largest;
  }

  Index n, steps;
  Net<T> whole, piece;
};

TEST_CASE("recurrent: a stateful layer in pieces is one long run") {
  for (const Cell cell : kCells) {
    Pieces<double> runs(cell, 11, 3, 0);
    for (Index p = 0; p < 3; ++p) {
      runs.run(p);
      CHECK(runs.difference(runs.whole.plan->output(0), runs.piece.plan->output(0), p) == 0);
    }
  }
}

TEST_CASE("recurrent: gradients of truncated runs are those of pieces, each of which begins with a constant") {
  for (const Cell cell : kCells) {
    Pieces<double> runs(cell, 11, 3, 2);
    std::vector<double> sum(static_cast<std::size_t>(runs.whole.dtheta.size()));
    for (Index p = 0; p < 3; ++p) {
      runs.run(p);
      CHECK(runs.difference(runs.whole.plan->input_gradient(0), runs.piece.plan->input_gradient(0), p) <= kExact);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += runs.piece.dtheta.data()[i];
    }
    CHECK(largest_error(std::span(runs.whole.dtheta.data(), sum.size()), sum) <= kExact);
    Pieces<double> uncut(cell, 11, 3, 0);
    CHECK(largest_error(std::span(uncut.whole.dtheta.data(), sum.size()), sum) > 1e-3);
  }
}

// du of a run in which only one step of one sequence has a gradient
std::set<Index> reached(const RecurrentOptions& options, const std::vector<Index>& lengths, Index t) {
  Net<double> net(layer_of<double>(Cell::kLSTM, options), static_cast<Index>(lengths.size()), 2);
  net.set(lengths);
  net.plan->forward({net.num_rows});
  const auto dv = net.plan->output_gradient(0);
  std::fill(dv.begin(), dv.end(), 0.0);
  const Place at{net.plan->output_sequences(0)};
  dv.data[at(1, t) * kUnits] = 1;
  net.plan->backward({net.num_rows});
  std::set<Index> steps;
  for (Index i = 0; i < lengths[1]; ++i)
    if (net.plan->input_gradient(0).data[at(1, i) * kInputs] != 0) steps.insert(i);
  if (net.plan->input_gradient(1).data[kUnits] != 0) steps.insert(-1);
  return steps;
}

TEST_CASE("recurrent: gradients stop where they are cut, in both directions, for each length") {
  const RecurrentOptions forward{.units = kUnits, .returns_sequences = true, .truncate = 2};
  RecurrentOptions reverse = forward;
  reverse.is_reverse = true;
  const std::vector<Index> lengths{3, 5, 6, 1};  // the second one is looked at
  CHECK(reached(forward, lengths, 4) == std::set<Index>{4});
  CHECK(reached(forward, lengths, 3) == std::set<Index>{2, 3});
  CHECK(reached(forward, lengths, 1) == std::set<Index>{-1, 0, 1});
  CHECK(reached(reverse, lengths, 0) == std::set<Index>{0, 1});
  CHECK(reached(reverse, lengths, 3) == std::set<Index>{3});
  CHECK(reached(reverse, lengths, 4) == std::set<Index>{-1, 4});
}

TEST_CASE("recurrent: the state of a stream goes on with its own row; rows that a batch lacks keep theirs") {
  Net<double> net(layer_of<double>(Cell::kLSTM, {.units = kUnits, .num_streams = 5}), 4, 0);
  const auto& segments = net.graph.states();
  REQUIRE(segments.size() == 2);
  CHECK(segments[0].name == "layer/h");
  CHECK(segments[1].name == "layer/c");
  for (const Segment& segment : segments) {
    CHECK(segment.kind == SegmentKind::kStream);
    CHECK(segment.shape == Shape{5, kUnits});
    for (double& s : view(segment, net.state.data())) CHECK(s == 0);
    std::fill_n(view(segment, net.state.data()).data, 5 * kUnits, 0.25);
  }
  net.set({2, 6, 1, 6});
  net.run(Mode::kInference);
  const auto h = view(segments[0], net.next_state.data());
  CHECK(same_bits(std::span(h.data, 4 * kUnits), std::span(net.plan->output(0).data, 4 * kUnits)));
  for (const Segment& segment : segments) {
    const double* const row = view(segment, net.next_state.data()).data + 4 * kUnits;
    for (Index j = 0; j < kUnits; ++j) CHECK(row[j] == 0.25);
  }
  CHECK(net.graph.num_streams() == 5);
  Net<double> narrow(layer_of<double>(Cell::kGRU, {.units = kUnits, .num_streams = 3}), 4, 0);
  narrow.set({});
  CHECK_THROWS_WITH_AS(narrow.run(), "layer: expected a batch of at most 3 rows, its streams, got 4", ShapeError);
}

// --- cost -----------------------------------------------------------------------------------------------------------

TEST_CASE("recurrent: no pass takes memory") {
  for (const Cell cell : kCells) {
    Net<float> net(layer_of<float>(cell, {.units = kUnits, .dropout = 0.2, .recurrent_dropout = 0.2}), 11, 0);
    net.set(kLengths);
    net.run();
    const long before = num_allocations();
    net.run();
    CHECK(num_allocations() == before);
  }
}

TEST_CASE_TEMPLATE("recurrent: a sequence has the same bits in any batch", T, float, double) {
  for (const Cell cell : kCells) {
    Net<T> many(layer_of<T>(cell, {.units = kUnits}), 11, 0), one(layer_of<T>(cell, {.units = kUnits}), 1, 0);
    many.set({});
    one.set({});
    many.run();
    for (Index i = 0; i < 11; ++i) {
      std::copy_n(many.plan->input(0).data + i * kSteps * kInputs, kSteps * kInputs, one.plan->input(0).data);
      one.run();
      CHECK(same_bits(std::span(many.plan->output(0).data + i * kUnits, kUnits),
                      std::span(one.plan->output(0).data, kUnits)));
    }
  }
}

// --- what is refused, and what weights begin with -------------------------------------------------------------------

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
    std::vector<double> U(static_cast<std::size_t>(kUnits * gates * kUnits)), b(static_cast<std::size_t>(gates * kUnits), 1);
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

// --- both directions ------------------------------------------------------------------------------------------------

template <typename T>
std::shared_ptr<const Bidirectional<T>> both(Cell cell, RecurrentOptions options, Merge merge) {
  auto forward = layer_of<T>(cell, options);
  options.is_reverse = true;
  return std::make_shared<Bidirectional<T>>(forward, layer_of<T>(cell, options), merge);
}

TEST_CASE("bidirectional: two layers with their own weights, merged; gradients are those of each") {
  const auto n = static_cast<Index>(kLengths.size());
  for (const Cell cell : kCells)
    for (const Merge merge : {Merge::kConcat, Merge::kSum, Merge::kProduct, Merge::kAverage})
      for (const bool returns_sequences : {false, true})
        for (const auto& lengths : {std::vector<Index>{}, kLengths}) {
          CAPTURE(static_cast<int>(cell));
          CAPTURE(static_cast<int>(merge));
          const RecurrentOptions options{.units = kUnits, .returns_sequences = returns_sequences};
          RecurrentOptions reverse = options;
          reverse.is_reverse = true;
          Net<double> net(both<double>(cell, options, merge), n, 0);
          Net<double> one[] = {{layer_of<double>(cell, options), n, 0}, {layer_of<double>(cell, reverse), n, 0}};
          const std::size_t count = one[0].graph.segments().size();
          REQUIRE(net.graph.segments().size() == 2 * count);
          net.set(lengths);
          net.run();
          const auto v = net.plan->output(0), dv = Tensor<const double>(net.plan->output_gradient(0));
          for (std::size_t d = 0; d < 2; ++d) {
            for (std::size_t i = 0; i < count; ++i) {
              const Segment &from = net.graph.segments()[d * count + i], &to = one[d].graph.segments()[i];
              CHECK(from.name == "layer/" + std::string(d == 0 ? "forward_" : "backward_") + to.name.substr(6));
              std::copy_n(view(from, net.theta.data()).data, numel(to.shape), view(to, one[d].theta.data()).data);
            }
            one[d].set(lengths);
            one[d].plan->forward({n, Mode::kTraining, 5, 0});
          }
          const Tensor<const double> f = one[0].plan->output(0), b = one[1].plan->output(0);
          double of_output = 0;
          for (Index i = 0; i < f.size(); ++i) {
            const Index row = i / kUnits, j = i % kUnits, K = v.columns();
            const double x = f.data[i], y = b.data[i], g = dv.data[row * K + j];
            double *const df = one[0].plan->output_gradient(0).data + i, *const db = one[1].plan->output_gradient(0).data + i;
            *df = merge == Merge::kProduct ? g * y : merge == Merge::kAverage ? g / 2 : g;
            *db = merge == Merge::kProduct   ? g * x
                  : merge == Merge::kAverage ? g / 2
                  : merge == Merge::kConcat  ? dv.data[row * K + kUnits + j]
                                             : g;
            const double expected = merge == Merge::kProduct   ? x * y
                                    : merge == Merge::kAverage ? (x + y) / 2
                                    : merge == Merge::kSum     ? x + y
                                                               : x;
            of_output = std::max(of_output, relative_error(v.data[row * K + j], expected, 1));
            if (merge == Merge::kConcat) of_output = std::max(of_output, relative_error(v.data[row * K + kUnits + j], y, 1));
          }
          CHECK(of_output <= kExact);
          for (auto& direction : one) direction.plan->backward({n, Mode::kTraining, 5, 0});
          for (std::size_t i = 0; i < 2 * count; ++i) {
            auto& direction = one[i / count];
            const auto got = view(net.graph.segments()[i], net.dtheta.data());
            const auto expected = view(direction.graph.segments()[i % count], direction.dtheta.data());
            CHECK(largest_error(got, expected) <= kExact);
          }
          const auto du = net.plan->input_gradient(0);
          std::vector<double> sum(du.begin(), du.end());
          for (std::size_t i = 0; i < sum.size(); ++i)
            sum[i] = one[0].plan->input_gradient(0).data[i] + one[1].plan->input_gradient(0).data[i];
          CHECK(largest_error(du, sum) <= kExact);
        }
}

TEST_CASE("bidirectional: the two directions drop by masks of their own") {
  Net<double> net(both<double>(Cell::kSimple, {.units = kUnits, .dropout = 0.5}, Merge::kConcat), 64, 0, 1);
  net.set({});
  const auto& segments = net.graph.segments();
  std::copy_n(view(segments[0], net.theta.data()).data, kInputs * kUnits, view(segments[3], net.theta.data()).data);
  std::copy_n(view(segments[2], net.theta.data()).data, kUnits, view(segments[5], net.theta.data()).data);
  net.run(Mode::kInference);
  const auto v = net.plan->output(0);
  const auto is_same = [&] { return same_bits(std::span(v.data, kUnits), std::span(v.data + kUnits, kUnits)); };
  CHECK(is_same());
  net.run();
  Index differs = 0;
  for (Index i = 0; i < 64; ++i)
    differs += !same_bits(std::span(v.data + 2 * i * kUnits, kUnits), std::span(v.data + (2 * i + 1) * kUnits, kUnits));
  CHECK(differs > 32);
}

TEST_CASE("bidirectional: directions that do not belong together are refused") {
  const auto one = [](Cell cell, const RecurrentOptions& options) { return layer_of<float>(cell, options); };
  const RecurrentOptions back{.units = 4, .is_reverse = true};
  const auto refuse = [&](const auto& forward, const auto& backward) {
    CHECK_THROWS_AS(Bidirectional<float>(forward, backward, Merge::kSum), DataError);
  };
  refuse(one(Cell::kLSTM, {.units = 4}), one(Cell::kGRU, back));
  refuse(one(Cell::kLSTM, {.units = 4}), one(Cell::kLSTM, {.units = 4}));
  refuse(one(Cell::kLSTM, back), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 5}), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 4, .returns_sequences = true}), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 4, .num_streams = 3}), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 4, .returns_state = true}), one(Cell::kLSTM, back));
  CHECK(merge_from_name("average") == Merge::kAverage);
  CHECK_THROWS_WITH_AS(merge_from_name("mean"), "merge: expected one of concat, sum, product, average; got 'mean'",
                       DataError);
}

}  // namespace
}  // namespace nncpp::testing
