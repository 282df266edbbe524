// LayerRun: one layer called directly, every array it is handed in memory that notices a write past its ends.
#pragma once

#include <memory>
#include <optional>

#include "nncpp/graph.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {

// An array between guards; it starts as NaN, so that nothing can lean on zeros.
template <typename T>
class Block {
 public:
  explicit Block(const Shape& shape) : shape_(shape), memory_(numel(shape) + 2 * kGuardSize) {
    std::fill_n(memory_.data(), memory_.size(), kGuard);
    forget();
  }
  const Shape& shape() const { return shape_; }
  T* data() { return memory_.data() + kGuardSize; }
  const T* data() const { return memory_.data() + kGuardSize; }
  std::span<T> values() { return {data(), static_cast<std::size_t>(numel(shape_))}; }
  std::span<const T> values() const { return {data(), static_cast<std::size_t>(numel(shape_))}; }
  Tensor<T> tensor() { return {data(), shape_}; }
  std::vector<T> copy() const { return {values().begin(), values().end()}; }
  void forget() { std::fill(values().begin(), values().end(), kNaN); }
  bool has_guard() const {
    const auto is_guard = [](T x) { return x == kGuard; };
    return std::all_of(memory_.data(), data(), is_guard) &&
           std::all_of(data() + numel(shape_), memory_.data() + memory_.size(), is_guard);
  }

 private:
  static constexpr Index kGuardSize = 16;  // keeps the alignment
  static constexpr T kGuard = T(-12345), kNaN = std::numeric_limits<T>::quiet_NaN();
  Shape shape_;
  Buffer<T> memory_;
};

// what input i is where a layer is given inputs of that kind: tokens only where it takes them
template <typename T>
InputKind kind_of_input(const Layer<T>& layer, InputKind kind, std::size_t i) {
  return kind == InputKind::kTokens && layer.num_tokens(i) == 0 ? InputKind::kNumbers : kind;
}

// The same numbers as picks: whole ones as tokens, others, all but zeros, as entries of so many rows of a sparse
// matrix.
template <typename T>
void pick(std::span<const T> values, Index rows, InputKind kind, Picks<T>& picks) {
  picks = {};
  if (kind == InputKind::kTokens) {
    picks.rows = static_cast<Index>(values.size());
    for (const T token : values) picks.columns.push_back(static_cast<Index>(token));
    return;
  }
  const auto columns = values.size() / static_cast<std::size_t>(rows);
  picks.rows = rows;
  picks.begins = {0};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != T(0)) {
      picks.columns.push_back(static_cast<Index>(i % columns));
      picks.values.push_back(values[i]);
    }
    if ((i + 1) % columns == 0) picks.begins.push_back(static_cast<Index>(picks.columns.size()));
  }
}

template <typename T>
class LayerRun {
 public:
  // inputs, weights and doutput are normal numbers of that seed, state is positive; has_rows and kind as in LayerRow
  LayerRun(const Layer<T>& layer, const std::vector<Shape>& samples, Index n, std::uint64_t seed,
           const std::vector<bool>& has_rows = {}, InputKind kind = InputKind::kNumbers)
      : output(layer.output_shape(samples).batch(samples.empty() || is_array(has_rows) ? 1 : n)),
        doutput(output.shape()),
        layer_(layer),
        kind_(kind),
        saved_({layer.memory(samples, n).saved}),
        forward_scratch_({layer.memory(samples, n).forward}),
        backward_scratch_({layer.memory(samples, n).backward}) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      inputs.emplace_back(samples[i].batch(has_rows.empty() || has_rows[i] ? n : 1));
      if (samples[i].rank() >= 2 && !sequences) sequences.emplace(n, samples[i][0]).set(n);
    }
    for (const SegmentSpec& spec : layer.parameters(samples)) weights.emplace_back(spec.shape);
    for (const SegmentSpec& spec : layer.state(samples))
      state.emplace_back(spec.shape), next_state.emplace_back(spec.shape);
    for (const auto& u : inputs) dinputs.emplace_back(u.shape());
    for (const auto& w : weights) dweights.emplace_back(w.shape());

    for (auto& u : inputs) fill_random<T>(u.values(), ++seed);
    for (auto& w : weights) fill_random<T>(w.values(), ++seed, kWeightScale);
    fill_random<T>(doutput.values(), ++seed);
    for (auto& s : state) {
      fill_random<T>(s.values(), ++seed);
      for (T& x : s.values()) x = std::abs(x) + T(0.5);
    }
  }

  void forward(Mode mode, const RandomKey& key = {}, bool is_linear = false) {
    output.forget(), saved_.forget(), forward_scratch_.forget();
    const auto u = constants(inputs), w = constants(weights), s = constants(state);
    const auto next = tensors(next_state);
    for (std::size_t i = 0; i < state.size(); ++i)
      std::copy(state[i].values().begin(), state[i].values().end(), next_state[i].values().begin());
    layer_.forward({u,
                    output.tensor(),
                    w,
                    s,
                    mode == Mode::kTraining ? std::span<const Tensor<T>>(next) : std::span<const Tensor<T>>(),
                    saved_.data(),
                    forward_scratch_.data(),
                    mode,
                    key,
                    is_linear,
                    {rows, key.step},
                    sequences ? &*sequences : nullptr,
                    picks()});
  }

  // Adds to what dinputs and dweights hold where `write` says so. What the layer says it does not read is not there.
  void backward(Mode mode, const RandomKey& key = {}, bool is_linear = false, Write write = Write::kAssign) {
    std::vector<Gradient<T>> du, dw;
    for (auto& gradient : dinputs) du.push_back({gradient.tensor(), write});
    for (auto& gradient : dweights) dw.push_back({gradient.tensor(), write});
    backward(mode, key, is_linear, du, dw);
  }
  void backward(Mode mode, const RandomKey& key, bool is_linear, std::span<const Gradient<T>> du,
                std::span<const Gradient<T>> dw) {
    backward_scratch_.forget();
    std::vector<Gradient<T>> of_numbers(du.begin(), du.end());
    for (std::size_t i = 0; i < of_numbers.size(); ++i) {
      Gradient<T>& gradient = of_numbers[i];
      if (kind_of_input(layer_, kind_, i) == InputKind::kNumbers || !gradient.is_wanted()) continue;
      if (gradient.write == Write::kAssign) std::fill(gradient.to.begin(), gradient.to.end(), T(0));
      gradient.to.data = nullptr;
    }
    std::vector<Block<T>> absent_inputs;
    Block<T> absent_output(output.shape());
    for (const auto& u : inputs) absent_inputs.emplace_back(u.shape());
    const auto u = constants(layer_.backward_reads_inputs() ? inputs : absent_inputs), w = constants(weights),
               s = constants(state);
    const Tensor<const T> v = layer_.backward_reads_output() ? output.tensor() : absent_output.tensor();
    layer_.backward({u,
                     v,
                     doutput.tensor(),
                     of_numbers,
                     w,
                     dw,
                     s,
                     saved_.data(),
                     backward_scratch_.data(),
                     mode,
                     key,
                     is_linear,
                     {rows, key.step},
                     sequences ? &*sequences : nullptr,
                     picks()});
  }

  // gradients of inputs, then of weights
  std::vector<Block<T>*> gradients() { return pointers(dinputs, dweights); }
  // what they are gradients of
  std::vector<Block<T>*> arguments() { return pointers(inputs, weights); }

  bool has_guards() const {
    bool intact = output.has_guard() && doutput.has_guard() && saved_.has_guard() && forward_scratch_.has_guard() &&
                  backward_scratch_.has_guard();
    for (const auto* blocks : {&inputs, &weights, &state, &next_state, &dinputs, &dweights}) {
      for (const auto& block : *blocks) intact = intact && block.has_guard();
    }
    return intact;
  }

  std::vector<Block<T>> inputs, weights, state, next_state, dinputs, dweights;
  Block<T> output, doutput;
  std::vector<Index> rows;             // of the examples; empty: 0, 1, 2, ... The step is the epoch
  std::optional<Sequences> sequences;  // of the first input with a time axis

 private:
  static constexpr double kWeightScale = 0.5;

  static bool is_array(const std::vector<bool>& has_rows) {
    return !has_rows.empty() && std::none_of(has_rows.begin(), has_rows.end(), [](bool has) { return has; });
  }

  // the inputs as they are now; null for numbers
  std::span<const Picks<T>* const> picks() {
    picks_.resize(inputs.size());
    pointers_.assign(inputs.size(), nullptr);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (kind_of_input(layer_, kind_, i) == InputKind::kNumbers) continue;
      pick<T>(inputs[i].values(), inputs[i].shape()[0], kind_, picks_[i]);
      picks_[i].group(kind_ == InputKind::kTokens ? layer_.num_tokens(i) : inputs[i].shape().back());
      pointers_[i] = &picks_[i];
    }
    return pointers_;
  }

  static std::vector<Tensor<T>> tensors(std::vector<Block<T>>& blocks) {
    std::vector<Tensor<T>> result;
    for (auto& block : blocks) result.push_back(block.tensor());
    return result;
  }
  static std::vector<Tensor<const T>> constants(std::vector<Block<T>>& blocks) {
    std::vector<Tensor<const T>> result;
    for (auto& block : blocks) result.push_back(block.tensor());
    return result;
  }
  static std::vector<Block<T>*> pointers(std::vector<Block<T>>& first, std::vector<Block<T>>& second) {
    std::vector<Block<T>*> result;
    for (auto* blocks : {&first, &second}) {
      for (auto& block : *blocks) result.push_back(&block);
    }
    return result;
  }

  const Layer<T>& layer_;
  InputKind kind_;
  std::vector<Picks<T>> picks_;
  std::vector<const Picks<T>*> pointers_;
  Block<T> saved_, forward_scratch_, backward_scratch_;
};

}  // namespace nncpp::testing
