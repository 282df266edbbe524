// The point of the layer contract that is about sequences of different lengths.
#include <optional>

#include "contract.hpp"
#include "contract_parts.hpp"

namespace nncpp::testing {
namespace {

// A graph of the layer alone; its node, or none where it takes no lengths.
template <typename T>
std::optional<int> add_sequences(const LayerRow& row, Graph<T>& graph) {
  try {
    const int node = graph.add(layer<T>(row), add_inputs(row, graph), "layer");
    graph.require_lengths();
    return node;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// An array of a packed batch, and how it holds each sequence: `size` numbers for each step, or for each sample.
template <typename T>
struct Packed {
  Packed(const Tensor<const T>& tensor, const Sequences* sequences_)
      : values(tensor.data != nullptr ? std::vector<T>(tensor.begin(), tensor.end())  // of tokens: no gradient
                                      : std::vector<T>(static_cast<std::size_t>(tensor.size()))),
        sequences(sequences_),
        size(tensor.size() / (sequences ? sequences->rows() : tensor.shape[0])) {}

  // f(number, its place in an array of sequence n alone)
  template <typename F>
  void for_numbers(Index n, F f) const {
    const auto for_row = [&](Index row, Index own) {
      for (Index i = 0; i < size; ++i)
        f(values[static_cast<std::size_t>(row * size + i)], static_cast<std::size_t>(own * size + i));
    };
    if (sequences == nullptr) return for_row(n, 0);
    sequences->for_each([&](Index row, Index sample, Index t) {
      if (sample == n) for_row(row, t);
    });
  }
  void copy_to(Block<T>& block, Index n) const {
    std::fill(block.values().begin(), block.values().end(), T(0));
    for_numbers(n, [&](T value, std::size_t own) { block.values()[own] = value; });
  }
  double difference(const Block<T>& block, Index n) const {
    double largest = 0;
    for_numbers(n, [&](T value, std::size_t own) {
      largest =
          std::max(largest, relative_error(static_cast<double>(value), static_cast<double>(block.values()[own]), 1));
    });
    return largest;
  }

  std::vector<T> values;
  const Sequences* sequences;
  Index size;
};

template <typename T>
void fill(Tensor<T> tensor, std::uint64_t seed) {
  fill_random<T>(std::span(tensor.data, static_cast<std::size_t>(tensor.size())), seed);
}

// all sequences in one batch
template <typename T>
struct PackedRun {
  PackedRun(const LayerRow& row, const Graph<T>& graph, int node, std::span<const Index> lengths, Mode mode)
      : theta(graph.theta_size()),
        dtheta(theta.size()),
        state(graph.state_size()),
        next_state(state.size()),
        plan(graph,
             {.capacity = kBatch,
              .has_backward = true,
              .has_input_gradients = true,
              .outputs = {node},
              .is_linear = {false}},
             {theta.data(), state.data(), next_state.data(), dtheta.data()}) {
    std::uint64_t seed = kSeed;
    for (const Segment& segment : graph.segments()) fill(view(segment, theta.data()), ++seed);
    for (const Segment& segment : graph.states()) {
      const Tensor<T> values = view(segment, state.data());
      fill(values, ++seed);
      for (T& s : values) s = std::abs(s) + T(0.5);
    }
    plan.set_batch(lengths);
    for (int i = 0; i < static_cast<int>(row.inputs.size()); ++i) {
      const Shape shape = plan.input(i).shape;
      std::vector<T> u = random_values<T>(numel(shape), ++seed);
      if (row.domain)
        for (T& x : u) x = static_cast<T>(row.domain(static_cast<std::size_t>(i), static_cast<double>(x)));
      set_input<T>(row, plan, i, u);
      inputs.emplace_back(Tensor<const T>{u.data(), shape}, plan.input_sequences(i));
    }
    plan.touch();
    const Pass pass{kBatch, mode, kKey.seed, kKey.step, {.epoch = kKey.step}};
    plan.forward(pass);
    output.emplace(plan.output(0), plan.output_sequences(0));
    fill(plan.output_gradient(0), ++seed);
    doutput.emplace(plan.output_gradient(0), plan.output_sequences(0));
    plan.backward(pass);
    for (int i = 0; i < static_cast<int>(row.inputs.size()); ++i)
      dinputs.emplace_back(plan.input_gradient(i), plan.input_sequences(i));
  }

  Buffer<T> theta, dtheta, state, next_state;
  Plan<T> plan;
  std::vector<Packed<T>> inputs, dinputs;
  std::optional<Packed<T>> output, doutput;
};

// inputs of a sequence alone: shorter ones, unless the layer takes each step by itself and may be for so many only
template <typename T>
std::vector<Shape> samples_alone(const LayerRow& row, const PackedRun<T>& packed, Index length) {
  std::vector<Shape> samples = row.inputs;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (packed.inputs[i].sequences == nullptr || layer<T>(row)->steps() == Steps::kEach) continue;
    std::vector<Index> axes(samples[i].begin(), samples[i].end());
    axes[0] = length;
    samples[i] = Shape(axes);
  }
  return samples;
}

}  // namespace

bool takes_lengths(const LayerRow& row) {
  Graph<double> graph;
  return add_sequences(row, graph).has_value();
}

template <typename T>
Failures check_lengths(const LayerRow& row) {
  Graph<T> graph;
  const auto node = add_sequences(row, graph);
  if (!node) return {};
  std::vector<Index> lengths;
  for (Index n = 0; n < kBatch; ++n) lengths.push_back(1 + (2 * n + 1) % graph.require_lengths());
  Failures failures;
  for (const Mode mode : kModes) {
    if (mode == Mode::kTraining && (row.is_random || row.couples_rows)) continue;
    PackedRun<T> packed(row, graph, *node, lengths, mode);
    std::vector<std::vector<T>> dweights;
    double of_output = 0, of_inputs = 0, of_weights = 0;
    for (Index n = 0; n < kBatch; ++n) {
      LayerRun<T> alone(*layer<T>(row), samples_alone(row, packed, lengths[static_cast<std::size_t>(n)]), 1, kSeed, {},
                        row.kind);
      for (std::size_t i = 0; i < alone.inputs.size(); ++i) packed.inputs[i].copy_to(alone.inputs[i], n);
      for (std::size_t i = 0; i < alone.weights.size(); ++i)
        copy(view(graph.segments()[i], packed.theta.data()), alone.weights[i].tensor());
      for (std::size_t i = 0; i < alone.state.size(); ++i)
        copy(view(graph.states()[i], packed.state.data()), alone.state[i].tensor());
      packed.doutput->copy_to(alone.doutput, n);
      alone.forward(mode, kKey), alone.backward(mode, kKey);
      of_output = std::max(of_output, packed.output->difference(alone.output, n));
      for (std::size_t i = 0; i < alone.inputs.size(); ++i)
        of_inputs = std::max(of_inputs, packed.dinputs[i].difference(alone.dinputs[i], n));
      dweights.resize(alone.dweights.size());
      for (std::size_t i = 0; i < dweights.size(); ++i) {
        dweights[i].resize(alone.dweights[i].values().size());
        for (std::size_t j = 0; j < dweights[i].size(); ++j) dweights[i][j] += alone.dweights[i].values()[j];
      }
    }
    for (std::size_t i = 0; i < dweights.size(); ++i)
      of_weights = std::max(of_weights, largest_error(view(graph.segments()[i], packed.dtheta.data()), dweights[i]));
    for (const auto& [what, error] :
         {std::pair{"output", of_output}, {"gradients of inputs", of_inputs}, {"gradients of weights", of_weights}})
      if (error > Tolerance<T>::kPass)
        failures.push_back(text(what, " of packed sequences in ", to_string(mode), " differ by ", error));
  }
  return failures;
}

template Failures check_lengths<float>(const LayerRow&);
template Failures check_lengths<double>(const LayerRow&);

}  // namespace nncpp::testing
