#include "nncpp/network.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {

template <typename T>
Network<T>::Network(Graph<T> graph, std::vector<int> outputs, std::uint64_t seed)
    : graph_(std::move(graph)),
      outputs_(std::move(outputs)),
      seed_(seed),
      theta_(graph_.theta_size()),
      state_(graph_.state_size()) {
  const int count = static_cast<int>(graph_.nodes().size());
  if (outputs_.empty()) throw ShapeError("expected at least 1 output, got none");
  for (const int id : outputs_)
    if (id < 0 || id >= count) throw ShapeError(text("expected outputs among nodes 0 ... ", count, " - 1, got ", id));
  for (int id = 0; id < count; ++id)
    if (node(id).layer == nullptr) inputs_.push_back(id);
  graph_.initialize(seed, theta_.data(), state_.data());
}

template <typename T>
void Network<T>::require_inputs(std::span<const Source> inputs) const {
  if (inputs.size() != inputs_.size())
    throw ShapeError(
        text("x: expected ", inputs_.size(), inputs_.size() == 1 ? " array, got " : " arrays, got ", inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Shape& shape = input_shape(static_cast<int>(i));
    if (inputs[i].sample != shape)
      throw ShapeError(text(inputs[i].name, ": expected ", to_string(shape, true), " for input '",
                            node(inputs_[i]).name, "', got ", to_string(inputs[i].sample.batch(inputs[i].rows))));
    if (inputs[i].rows != inputs[0].rows)
      throw ShapeError(text(inputs[i].name, ": expected ", inputs[0].rows, " rows as in ", inputs[0].name, ", got ",
                            inputs[i].rows));
  }
}

template <typename T>
Network<T>::Lease::~Lease() {
  const std::lock_guard lock(network_.mutex_);
  network_.idle_.push_back(std::move(plan_));
}

template <typename T>
typename Network<T>::Lease Network<T>::borrow_plan(Index n, const std::vector<bool>& is_linear) {
  const Index capacity = std::min(kInferenceRows, static_cast<Index>(std::bit_ceil(static_cast<std::uint64_t>(n))));
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const IdlePlan& idle) {
      return idle.is_linear == is_linear && idle.plan->capacity() == capacity;
    });
    if (found != idle_.end()) {
      IdlePlan plan = std::move(*found);
      *found = std::move(idle_.back());
      idle_.pop_back();
      return {*this, std::move(plan)};
    }
  }
  const typename Plan<T>::Options options{.capacity = capacity, .outputs = outputs_, .is_linear = is_linear};
  const Vectors<T> vectors{.theta = theta_.data(), .state = state_.data()};
  return {*this, {is_linear, std::make_unique<Plan<T>>(graph_, options, vectors)}};
}

template <typename T>
void Network<T>::predict(std::span<const Source> inputs, std::span<T* const> outputs, const Poll& poll) {
  require_inputs(inputs);
  for (const int id : outputs_)
    if (!node(id).has_rows)
      throw ShapeError(
          text(node(id).name, ": expected an output with rows (N, ...), got an array: nothing to predict"));
  const Index rows = inputs[0].rows;
  if (rows == 0) return;
  const FloatMode mode;
  Lease plan = borrow_plan(rows, std::vector<bool>(outputs_.size(), false));
  std::array<Index, kInferenceRows> index;
  for (Index first = 0; first < rows; first += plan->capacity()) {
    const Index n = std::min(plan->capacity(), rows - first);
    std::iota(index.begin(), index.begin() + n, first);
    plan->set_batch(n);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Tensor<T> slot = plan->input(static_cast<int>(i));
      gather<T>(inputs[i], std::span<const Index>(index.data(), static_cast<std::size_t>(n)), slot.data,
                input_scale(static_cast<int>(i)));
      require_finite<T>(slot.data, n, slot.size() / n, inputs[i], first);
    }
    plan->forward({.n = n, .mode = Mode::kInference, .seed = seed_}, poll);
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const Tensor<const T> v = plan->output(static_cast<int>(k));
      std::copy(v.begin(), v.end(), outputs[k] + first * (v.size() / n));
    }
  }
}

template class Network<float>;
template class Network<double>;
template class Network<Dual>;

}  // namespace nncpp
