// What the points of the layer contract have in common: a row of the table as a run, as a graph and as a network.
#pragma once

#include "layer_run.hpp"
#include "layer_table.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/variable.hpp"
#include "nncpp/network.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp::testing {

inline constexpr Index kBatch = 5;  // rows of a small batch
inline constexpr std::uint64_t kSeed = 1;
inline constexpr Mode kModes[] = {Mode::kInference, Mode::kTraining};
inline constexpr RandomKey kKey{.seed = 7, .stream = kLayerStreams, .step = 3};

inline std::string_view to_string(Mode mode) { return mode == Mode::kTraining ? "training" : "inference"; }

template <typename T>
LayerRun<T> run_of(const LayerRow& row, Index n, std::uint64_t seed) {
  LayerRun<T> run(*layer<T>(row), row.inputs, n, seed, row.has_rows, row.kind);
  if (row.domain)
    for (std::size_t i = 0; i < run.inputs.size(); ++i)
      for (T& x : run.inputs[i].values()) x = static_cast<T>(static_cast<float>(row.domain(i, static_cast<double>(x))));
  return run;
}

inline InputKind kind_of_input(const LayerRow& row, std::size_t i) {
  return kind_of_input(*row.in_double, row.kind, i);
}

inline bool has_rows(const LayerRow& row, std::size_t input) { return row.has_rows.empty() || row.has_rows[input]; }

// the row's inputs as nodes; an array is a variable
template <typename T>
std::vector<int> add_inputs(const LayerRow& row, Graph<T>& graph) {
  std::vector<int> ids;
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    const std::string name = text("input_", i);
    ids.push_back(has_rows(row, i) ? graph.input(row.inputs[i], name, 1, kind_of_input(row, i))
                                   : graph.add(std::make_shared<Variable<T>>(row.inputs[i]), {}, name));
  }
  return ids;
}

// hands a plan its i-th input
template <typename T>
void set_input(const LayerRow& row, Plan<T>& plan, int i, std::span<const T> values) {
  const Tensor<T> slot = plan.input(i);
  if (kind_of_input(row, static_cast<std::size_t>(i)) == InputKind::kNumbers)
    std::copy(values.begin(), values.end(), slot.begin());
  else
    pick(values, slot.shape[0], row.kind, *plan.picks(i));
}

template <typename T>
void copy(Tensor<T> from, Tensor<T> to) {
  std::copy(from.begin(), from.end(), to.begin());
}

}  // namespace nncpp::testing
