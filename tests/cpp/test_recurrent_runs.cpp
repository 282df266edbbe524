// Recurrent layers from batch to batch: streams, truncated gradients; and what a pass costs.
#include <doctest/doctest.h>

#include <set>

#include "allocations.hpp"
#include "nncpp/network.hpp"
#include "recurrent_net.hpp"
#include "sources.hpp"

namespace nncpp::testing {
namespace {

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
  const Place at{net.plan->input_sequences(0)}, of_output{net.plan->output_sequences(0)};
  dv.data[of_output(1, t) * kUnits] = 1;
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
  // a cut in a longer sequence is none in one that has ended
  RecurrentOptions last = forward;
  last.returns_sequences = false;
  CHECK(reached(last, {3, 4, 6, 1}, 3) == std::set<Index>{2, 3});
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

TEST_CASE("recurrent: prediction begins streams anew, and goes on with them from batch to batch") {
  constexpr Index kStreams = 3, kHalf = kSteps / 2;
  const auto network = [](Index steps, Index num_streams) {
    Graph<double> graph;
    graph.input({steps, kInputs}, "x");
    graph.add(layer_of<double>(Cell::kLSTM, {.units = kUnits, .returns_sequences = true, .num_streams = num_streams}),
              {0}, "layer");
    return Network<double>(std::move(graph), {1}, 1);
  };
  const auto predict = [](Network<double>& model, const std::vector<double>& x, Index rows) {
    std::vector<double> v(static_cast<std::size_t>(kStreams * kSteps * kUnits));
    double* const outputs[] = {v.data()};
    const Source inputs = source(x.data(), rows, {kStreams * kSteps / rows, kInputs});
    model.predict({&inputs, 1}, {}, outputs);
    return v;
  };
  // (kStreams, 2, half) -> (2, kStreams, half): first all first halves
  const auto halves = [](const std::vector<double>& whole, Index columns) {
    std::vector<double> result(whole.size());
    for (Index i = 0; i < kStreams; ++i)
      for (Index p = 0; p < 2; ++p)
        std::copy_n(whole.data() + (2 * i + p) * kHalf * columns, kHalf * columns,
                    result.data() + (p * kStreams + i) * kHalf * columns);
    return result;
  };
  const auto x = random_values<double>(kStreams * kSteps * kInputs, 1);
  auto whole = network(kSteps, 0), pieces = network(kHalf, kStreams);
  const auto expected = halves(predict(whole, x, kStreams), kUnits);
  std::ranges::fill(pieces.state(), 0.25);  // where training stands
  for (int again = 0; again < 2; ++again)
    CHECK(largest_error(predict(pieces, halves(x, kInputs), 2 * kStreams), expected) <= kExact);
}

TEST_CASE("recurrent: no pass takes memory") {
  for (const Cell cell : kCells) {
    Net<float> net(layer_of<float>(cell, {.units = kUnits, .dropout = 0.2, .recurrent_dropout = 0.2}), 11, 0);
    net.set(kLengths);
    net.run();
    const long before = num_allocations();
    net.plan->forward({net.num_rows, Mode::kTraining, 5, 1});
    net.plan->backward({net.num_rows, Mode::kTraining, 5, 1});
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

}  // namespace
}  // namespace nncpp::testing
