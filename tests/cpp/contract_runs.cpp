// The points of the layer contract that are about runs: batches, threads, seeds, copies, refusals.
#include "contract.hpp"
#include "contract_parts.hpp"
#include "nncpp/error.hpp"
#include "sources.hpp"

namespace nncpp::testing {
namespace {

// rows enough for several threads: several tiles of a product, and more work than a region does serially
template <typename T>
Index large_batch(const LayerRow& row) {
  constexpr Index kRows = 300, kWork = static_cast<Index>(1.25 * kSerialWork);
  const Index outputs = numel(layer<T>(row)->output_shape(row.inputs));
  Index work = outputs;
  for (const auto& spec : layer<T>(row)->parameters(row.inputs))
    work = std::max({work, numel(spec.shape), outputs * spec.fan_in});
  for (const Shape& input : row.inputs) work = std::max(work, numel(input));
  // what reads sequences multiplies at each step, whatever it gives
  if (layer<T>(row)->steps() == Steps::kReads)
    for (const auto& spec : layer<T>(row)->parameters(row.inputs))
      work = std::max(work, row.inputs[0][0] * numel(spec.shape));
  return std::max(kRows, kWork / work);
}

template <typename T>
Network<T> network(const LayerRow& row, std::uint64_t seed) {
  Graph<T> graph;
  const std::vector<int> ids = add_inputs(row, graph);
  const int output = graph.add(layer<T>(row), ids, "layer");
  return Network<T>(std::move(graph), {output}, seed);
}

template <typename T>
std::vector<T> predict(const LayerRow& row, Network<T>& network, const std::vector<Block<T>>& inputs) {
  std::vector<Source> sources;
  std::vector<Picks<T>> picks(inputs.size());
  std::size_t arrays = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& block = inputs[i];
    const Shape& shape = block.shape();
    if (!has_rows(row, i)) {
      const Tensor<T> values = view(network.graph().segments()[arrays++], network.theta().data);
      std::copy(block.values().begin(), block.values().end(), values.begin());
      continue;
    }
    if (kind_of_input(row, i) != InputKind::kNumbers) {
      pick<T>(block.values(), shape[0], row.kind, picks[i]);
      const bool is_sparse = row.kind == InputKind::kSparse;
      const Shape sample = shape.sample();
      sources.push_back(is_sparse ? source(picks[i].values.data(), shape[0], {})  // one number for each entry
                                  : source(picks[i].columns.data(), shape[0], sample));
      sources.back().sample = sample;
      sources.back().columns = is_sparse ? picks[i].columns.data() : nullptr;
      sources.back().begins = is_sparse ? picks[i].begins.data() : nullptr;
      sources.back().num_entries = is_sparse ? static_cast<Index>(picks[i].columns.size()) : 0;
      continue;
    }
    sources.push_back(source(block.data(), shape[0], Shape(std::span<const Index>(shape.begin() + 1, shape.end()))));
  }
  std::vector<T> output(static_cast<std::size_t>(numel(network.output_shape(0)) * sources.front().rows));
  T* const outputs[] = {output.data()};
  network.predict(sources, {}, outputs);
  return output;
}

}  // namespace

template <typename T>
Failures check_batch(const LayerRow& row) {
  Failures failures;
  for (const Mode mode : kModes) {
    if (mode == Mode::kTraining && row.is_random) continue;  // another row has other numbers
    LayerRun<T> batch = run_of<T>(row, kBatch, kSeed);
    if (batch.output.shape()[0] != kBatch) continue;  // an array
    batch.forward(mode);
    double largest = 0;
    for (Index n = 0; n < kBatch; ++n) {
      LayerRun<T> single = run_of<T>(row, 1, kSeed);
      for (std::size_t i = 0; i < row.inputs.size(); ++i) {
        const auto u = single.inputs[i].values();
        const auto row_of = has_rows(row, i) ? static_cast<std::size_t>(n) : 0;
        std::copy_n(batch.inputs[i].values().subspan(row_of * u.size()).begin(), u.size(), u.begin());
      }
      for (std::size_t i = 0; i < batch.weights.size(); ++i)
        copy(batch.weights[i].tensor(), single.weights[i].tensor());
      for (std::size_t i = 0; i < batch.state.size(); ++i) copy(batch.state[i].tensor(), single.state[i].tensor());
      single.forward(mode);
      const auto v = single.output.values();
      largest = std::max(
          largest, largest_error(batch.output.values().subspan(static_cast<std::size_t>(n) * v.size(), v.size()), v));
    }
    const bool is_coupled = mode == Mode::kTraining && row.couples_rows;
    if ((largest > Tolerance<T>::kPass) != is_coupled)
      failures.push_back(text("rows alone in ", to_string(mode), " differ by ", largest));
  }
  return failures;
}

template <typename T>
Failures check_threads(const LayerRow& row) {
  Failures failures;
  const FloatMode float_mode;  // as whoever calls a layer sets it
  LayerRun<T> run = run_of<T>(row, large_batch<T>(row), kSeed);
  std::vector<std::vector<T>> expected;
  for (const int count : kThreadCounts) {
    const Threads threads(count);
    std::vector<std::vector<T>> got;
    for (const Mode mode : kModes) {
      run.forward(mode, kKey), run.backward(mode, kKey);
      got.push_back(run.output.copy());
      for (auto* gradient : run.gradients()) got.push_back(gradient->copy());
    }
    if (expected.empty()) expected = got;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (!same_bits(got[i], expected[i]))
        failures.push_back(text("result ", i, " has other bits with ", count, " threads"));
    }
  }
  return failures;
}

template <typename T>
Failures check_seeds(const LayerRow& row) {
  Failures failures;
  LayerRun<T> run = run_of<T>(row, kBatch, kSeed);
  const auto results = [&](Mode mode, const RandomKey& key) {
    run.forward(mode, key), run.backward(mode, key);
    std::vector<T> all = run.output.copy();
    for (auto* gradient : run.gradients()) all.insert(all.end(), gradient->values().begin(), gradient->values().end());
    return all;
  };
  for (const Mode mode : kModes) {
    const std::vector<T> expected = results(mode, kKey);
    if (!same_bits(results(mode, kKey), expected)) failures.push_back("same key, other bits");
    RandomKey seed = kKey, stream = kKey, step = kKey;
    ++seed.seed, ++stream.stream, ++step.step;
    const bool changes = row.is_random && mode == Mode::kTraining;
    for (const RandomKey& key : {seed, stream, step}) {
      if (same_bits(results(mode, key), expected) == changes)
        failures.push_back(text("another key, ", changes ? "same" : "other", " bits in ", to_string(mode)));
    }
  }
  return failures;
}

template <typename T>
Failures check_copied_parameters(const LayerRow& row) {
  Failures failures;
  if (row.inputs.empty()) return failures;  // no rows to predict
  const LayerRun<T> run = run_of<T>(row, kBatch, kSeed);
  Network<T> first = network<T>(row, 1), second = network<T>(row, 2);
  for (auto& s : first.state()) s += T(0.5);
  const std::vector<T> expected = predict(row, first, run.inputs);
  const bool has_values = !run.weights.empty() || !run.state.empty();
  if (has_values && same_bits(predict(row, second, run.inputs), expected))
    failures.push_back("two seeds, same first values");
  copy(first.theta(), second.theta());
  copy(first.state(), second.state());
  if (!same_bits(predict(row, second, run.inputs), expected))
    failures.push_back("same parameters and state, other bits");
  return failures;
}

template <typename T>
Failures check_refused_shapes(const LayerRow& row) {
  Failures failures;
  if (row.refused.empty()) failures.push_back("no refused shapes listed");
  for (const auto& shapes : row.refused) {
    Graph<T> graph;
    std::vector<int> ids;
    for (const Shape& shape : shapes)
      ids.push_back(graph.input(shape, text("input_", ids.size()), 1, kind_of_input(row, ids.size())));
    try {
      graph.add(layer<T>(row), ids, "the_layer");
      failures.push_back(text(shapes.size(), " inputs that do not fit were taken"));
    } catch (const ShapeError& error) {
      const std::string message = error.what();
      if (!message.starts_with("the_layer: expected") || message.find("got") == std::string::npos)
        failures.push_back("message: " + message);
    }
  }
  return failures;
}

#define NNCPP_INSTANTIATE(T)                                     \
  template Failures check_batch<T>(const LayerRow&);             \
  template Failures check_threads<T>(const LayerRow&);           \
  template Failures check_seeds<T>(const LayerRow&);             \
  template Failures check_copied_parameters<T>(const LayerRow&); \
  template Failures check_refused_shapes<T>(const LayerRow&);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp::testing
