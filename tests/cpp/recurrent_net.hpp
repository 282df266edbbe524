// A recurrent layer in a graph of its own, with numbers in all of its arrays, and sequences to run it on.
#pragma once

#include "nncpp/error.hpp"
#include "nncpp/layers/gru.hpp"
#include "nncpp/layers/lstm.hpp"
#include "nncpp/layers/simple_rnn.hpp"
#include "nncpp/plan.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {

inline constexpr Index kInputs = 3, kUnits = 4, kSteps = 6;
inline constexpr double kExact = 1e-12;
enum class Cell { kSimple, kLSTM, kGRU };
inline constexpr Cell kCells[] = {Cell::kSimple, Cell::kLSTM, Cell::kGRU};

template <typename T>
std::shared_ptr<const Recurrent<T>> layer_of(Cell cell, const RecurrentOptions& options) {
  if (cell == Cell::kLSTM) return std::make_shared<LSTM<T>>(options);
  if (cell == Cell::kGRU) return std::make_shared<GRU<T>>(options);
  return std::make_shared<SimpleRNN<T>>(options);
}

inline const std::vector<Index> kLengths{2, 6, 1, 6, 3, 5, 4, 6, 2, 1, 5};  // more than one group of them

template <typename R>
using Vector = std::vector<R>;
template <typename R>
using Arrays = std::vector<Vector<R>>;

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

  static std::span<T> span(const Tensor<T>& tensor) { return {tensor.data, static_cast<std::size_t>(tensor.size())}; }
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

}  // namespace nncpp::testing
