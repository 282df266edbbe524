#include "nncpp/objective.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "objective_batch.hpp"

namespace nncpp {
namespace {

constexpr std::size_t kMostBatches = 4;  // batch sizes whose buffers are kept

// (..., K) -> (...): an output's shape without its classes
Shape places(const Shape& output) { return Shape(std::span<const Index>(output.begin(), output.rank() - 1)); }

}  // namespace

template <typename T>
Objective<T>::Occupied::Occupied(Objective& objective) : flag_(objective.is_busy_) {
  if (flag_.test_and_set(std::memory_order_acquire))
    throw Error(
        "this model is being trained in another thread, or in the call this one came from; wait for it, or use a "
        "copy");
}

template <typename T>
Objective<T>::~Objective() = default;

template <typename T>
Objective<T>::Objective(std::shared_ptr<Network<T>> network, Options options)
    : network_(std::move(network)),
      options_(std::move(options)),
      dtheta_(network_->graph().theta_size()),
      next_state_(network_->graph().state_size()) {
  const int outputs = static_cast<int>(network_->outputs().size());
  int output = 0, target = 0;
  for (const auto& loss : options_.losses) output += loss->num_outputs();
  if (output != outputs || options_.loss_weights.size() != options_.losses.size())
    throw ShapeError(text("loss: expected losses for ", outputs, " outputs, got losses for ", output));
  for (const double weight : options_.loss_weights)
    if (!(std::isfinite(weight) && weight >= 0))
      throw DataError(text("loss_weights: expected finite numbers >= 0, got ", weight));
  for (const auto& node : network_->graph().nodes())
    if (node.layer != nullptr) named(node.name, [&] { require_derivative(node.layer->output_activation()); });
  for (std::size_t s = 0; s < network_->graph().segments().size(); ++s)
    if (is_row_sparse(network_->graph().segments()[s])) row_sparse_.push_back(s);
  output = 0;
  for (std::size_t k = 0; k < options_.losses.size(); ++k) {
    terms_.push_back(term(k, output, options_.losses[k]->takes_target() ? target++ : -1));
    for (int i = 0; i < options_.losses[k]->num_outputs(); ++i, ++output) is_linear_.push_back(terms_.back().is_linear);
  }
}

// A penalty moves every row.
template <typename T>
bool Objective<T>::is_row_sparse(const Segment& segment) const {
  return segment.is_row_sparse && segment.spec.is_trainable &&
         std::none_of(options_.penalties.begin(), options_.penalties.end(),
                      [&](const Penalty& penalty) { return penalty.offset == segment.offset; });
}

// Which pair a loss and its output make; outputs that are compared are of one shape.
template <typename T>
typename Objective<T>::Term Objective<T>::term(std::size_t k, int output, int target) const {
  const auto& nodes = network_->graph().nodes();
  const Loss<T>& loss = *options_.losses[k];
  Term term{&loss, options_.loss_weights[k], output, target, false};
  for (int i = output; i < output + loss.num_outputs(); ++i) {
    const int id = network_->outputs()[static_cast<std::size_t>(i)];
    const auto& node = nodes[static_cast<std::size_t>(id)];
    if (node.layer == nullptr) throw DataError(text(node.name, ": expected a layer as output, got an input"));
    if ((term.target >= 0 || loss.num_outputs() == 2) && (!node.has_rows || node.shape.rank() == 0))
      throw ShapeError(text(node.name, ": expected an output (N, K, ...) for loss '", loss.name(), "', got ",
                            node.has_rows ? to_string(node.shape, true) : "an array without rows"));
    if (network_->output_shape(i) != network_->output_shape(output))
      throw ShapeError(text(node.name, ": loss '", loss.name(), "' compares outputs of one shape, expected ",
                            to_string(network_->output_shape(output), true), ", got ",
                            to_string(network_->output_shape(i), true)));
    const Activation activation = node.layer->output_activation();
    const bool is_paired = named(node.name, [&] { return loss.is_paired(activation); });
    term.is_linear = is_paired && activation != Activation::kIdentity;
    const bool is_used = std::any_of(nodes.begin(), nodes.end(), [&](const auto& other) {
      return std::find(other.inputs.begin(), other.inputs.end(), id) != other.inputs.end();
    });
    if (is_used && term.is_linear)
      throw DataError(text(node.name, ": feeds another layer, so its '", to_string(activation),
                           "' cannot be taken over by the loss; put an Activation layer of its own before the output"));
  }
  return term;
}

template <typename T>
void Objective<T>::require_shapes(const Examples& examples) const {
  network_->require_inputs(examples.inputs, examples.lengths);
  const Index rows = examples.rows();
  if (rows == 0) throw ShapeError(text(examples.inputs[0].name, ": expected at least 1 row, got 0"));
  const auto count = static_cast<std::size_t>(
      std::count_if(terms_.begin(), terms_.end(), [](const Term& term) { return term.target >= 0; }));
  if (examples.targets.size() != count)
    throw ShapeError(
        text("y: expected ", count, count == 1 ? " array, got " : " arrays, got ", examples.targets.size()));
  const bool has_lengths = examples.lengths.data != nullptr;
  for (const Term& term : terms_) {
    const bool has_steps = output_node(term.output).has_steps;
    if (has_lengths && term.loss->num_outputs() == 2 && output_node(term.output + 1).has_steps != has_steps)
      throw DataError(text("lengths: loss '", term.loss->name(), "' compares ", output_node(term.output).name, " and ",
                           output_node(term.output + 1).name, ", only one of which has steps; leave lengths out"));
    if (term.target < 0) continue;
    const Source& y = examples.targets[static_cast<std::size_t>(term.target)];
    const Shape& output = network_->output_shape(term.output);
    if (y.rows != rows)
      throw ShapeError(text(y.name, ": expected ", rows, " rows as in ", examples.inputs[0].name, ", got ", y.rows));
    // (n) and (n, 1) are the same thing for a single output, and for labels; nothing else broadcasts
    if (!has_labels(*term.loss, y, output) && !(y.sample == output) && !(numel(y.sample) == 1 && numel(output) == 1))
      throw ShapeError(
          text(y.name, ": expected ", to_string(output, true),
               term.loss->takes_labels() ? text(" or integer labels ", to_string(places(output), true)) : "",
               " for loss '", term.loss->name(), "', got ", to_string(y.sample.batch(y.rows)),
               y.sample.rank() > 0          ? ""
               : !term.loss->takes_labels() ? "; labels go with loss 'nllm' and activation 'softmax', or one-hot"
               : output.rank() > 1          ? "; one label for a sample takes an output (N, K): is a Flatten missing?"
                                            : ""));
    if (has_lengths && has_steps && y.sample.rank() > 0 && y.sample[0] != output[0])
      throw ShapeError(text(y.name, ": expected ", output[0], " steps for ", output_node(term.output).name, ", got ",
                            to_string(y.sample.batch(y.rows))));
  }
  const Source& weights = examples.weights;
  if (weights.data != nullptr && (weights.rows != rows || weights.sample.rank() != 0))
    throw ShapeError(
        text(weights.name, ": expected (", rows, ",), got ", to_string(weights.sample.batch(weights.rows))));
}

template <typename T>
void Objective<T>::require_valid(const Examples& examples, const Poll& poll) const {
  require_shapes(examples);
  const FloatMode float_mode;  // a weight that a step would flush to 0 is 0 here too
  network_->require_values(examples.inputs, examples.lengths, poll);
  for (const Term& term : terms_) {
    if (term.target < 0) continue;
    const Source& y = examples.targets[static_cast<std::size_t>(term.target)];
    const Shape& output = network_->output_shape(term.output);
    if (examples.lengths.data == nullptr || !output_node(term.output).has_steps) {
      term.loss->require_valid(y, output);
      continue;
    }
    for (Index r = 0; r < y.rows; ++r) {  // padding may hold anything
      Index length = 0;
      gather<Index>(examples.lengths, std::span(&r, 1), &length);
      term.loss->require_valid(y.sequence(r, length), output.sample());
    }
  }
  const Source& weights = examples.weights;
  if (weights.data == nullptr) return;
  require_finite<T>(weights);
  double total = 0;
  for (Index r = 0; r < weights.rows; ++r) {
    T weight;
    gather<T>(weights, std::span(&r, 1), &weight);
    if (weight < T(0)) throw DataError(text(weights.name, ": expected weights >= 0, got ", weight, " in row ", r));
    total += static_cast<double>(value_of(weight));
  }
  if (!(total > 0)) throw DataError(text(weights.name, ": expected at least one weight > 0, got zeros only"));
}

template <typename T>
typename Objective<T>::Batch& Objective<T>::batch(Index n, Keep keep) {
  const auto found = std::find_if(batches_.begin(), batches_.end(), [&](const auto& batch) {
    const Index capacity = batch->plan->capacity();
    return batch->keep == keep && capacity >= n && capacity <= 2 * n;
  });
  if (found != batches_.end()) {
    std::rotate(found, found + 1, batches_.end());
    return *batches_.back();
  }
  if (batches_.size() == kMostBatches) batches_.erase(batches_.begin());  // longest not asked for
  auto slot = std::make_unique<Batch>();
  slot->keep = keep;
  const typename Plan<T>::Options options{
      .capacity = n,
      .has_backward = true,
      .has_input_gradients = keep == Keep::kInputGradients || keep == Keep::kEverything,
      .keeps_values = keep == Keep::kValues || keep == Keep::kEverything,
      .outputs = network_->outputs(),
      .is_linear = is_linear_};
  const Vectors<T> vectors{.theta = network_->theta().data,
                           .state = network_->state().data,
                           .next_state = next_state_.data(),
                           .dtheta = dtheta_.data()};
  slot->plan = std::make_unique<Plan<T>>(network_->graph(), options, vectors);
  reserve(*slot, n);
  return *batches_.emplace_back(std::move(slot));
}

template <typename T>
double Objective<T>::mean(const std::vector<LossSums>& sums, double LossSums::* part) const {
  double value = 0;
  for (std::size_t k = 0; k < sums.size(); ++k)
    if (sums[k].weight > 0) value += terms_[k].weight * sums[k].*part / sums[k].weight;
  return value;
}

template <typename T>
ObjectiveValue Objective<T>::value(std::vector<LossSums> sums, Wide<T> penalty) const {
  return {.sums = sums,
          .penalty = value_of(penalty),
          .value = mean_loss(sums) + value_of(penalty),
          .loss_slope = mean(sums, &LossSums::slope),
          .penalty_slope = slope_of(penalty)};
}

template <typename T>
Plan<T>& Objective<T>::plan(Batch& batch) const {
  return *batch.plan;
}

template <typename T>
const std::vector<LossSums>& Objective<T>::sums(const Batch& batch) const {
  return batch.sums;
}

template <typename T>
Pass Objective<T>::pass(const Batch& batch, const Draw& draw) const {
  const Index n = batch.plan->rows();
  return {n, draw.mode, network_->seed(), draw.step, {{batch.rows.data(), static_cast<std::size_t>(n)}, draw.epoch}};
}

template <typename T>
double Objective<T>::forward(Batch& batch, const Draw& draw, const Poll& poll) {
  const Tensor<T> state = network_->state();
  std::copy(state.begin(), state.end(), next_state_.data());
  batch.plan->forward(pass(batch, draw), poll);
  evaluate_losses(*batch.plan, batch, true);
  return mean_loss(batch.sums);
}

template <typename T>
Wide<T> Objective<T>::backward(Batch& batch, const Draw& draw, const Poll& poll) {
  clear_row_sparse(batch);
  batch.plan->backward(pass(batch, draw), poll);
  return add_penalties<T>(options_.penalties, network_->theta().data, dtheta_.data());
}

template <typename T>
ObjectiveValue Objective<T>::gradient(const Examples& examples, const Draw& draw, T* dtheta,
                                      std::span<T* const> dinputs, const Poll& poll) {
  const auto take_inputs = [&](const Plan<T>& plan) {
    for (std::size_t i = 0; i < dinputs.size(); ++i) {
      if (dinputs[i] == nullptr) continue;
      const Tensor<T> du = plan.input_gradient(static_cast<int>(i));
      const T scale = static_cast<T>(network_->input_scale(static_cast<int>(i)));
      const Sequences* const sequences = plan.input_sequences(static_cast<int>(i));
      const bool is_packed = sequences != nullptr && sequences->is_packed();
      if (is_packed) sequences->unpack(du.data, sequences->step_size(du.size()), dinputs[i]);
      const Index size = numel(network_->input_shape(static_cast<int>(i))) * examples.rows();
      const T* const from = is_packed ? dinputs[i] : du.data;
      std::transform(from, from + size, dinputs[i], [&](const T& d) { return d * scale; });
    }
  };
  return differentiate(examples, draw, dinputs.empty() ? Keep::kNothing : Keep::kInputGradients, dtheta, take_inputs,
                       poll);
}

template <typename T>
ObjectiveValue Objective<T>::inspect(const Examples& examples, const Draw& draw, T* dtheta, const Look& look,
                                     const Poll& poll) {
  return differentiate(examples, draw, Keep::kEverything, dtheta, look, poll);
}

template <typename T>
ObjectiveValue Objective<T>::differentiate(const Examples& examples, const Draw& draw, Keep keep, T* dtheta,
                                           const Look& look, const Poll& poll) {
  const Occupied occupied(*this);
  require_shapes(examples);
  const FloatMode float_mode;
  const Index n = examples.rows();
  Batch& batch = this->batch(n, keep);
  std::vector<Index> rows(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), Index{0});
  load(batch, examples, rows);
  forward(batch, draw, poll);
  const Wide<T> penalty = backward(batch, draw, poll);
  std::copy(dtheta_.data(), dtheta_.data() + dtheta_.size(), dtheta);
  look(*batch.plan);
  return value(batch.sums, penalty);
}

template <typename T>
ObjectiveValue Objective<T>::evaluate(const Examples& examples, const Poll& poll) {
  require_shapes(examples);
  const FloatMode float_mode;
  const Index rows = examples.rows();
  auto plan = network_->borrow_plan(rows, is_linear_);
  Batch batch;
  reserve(batch, plan->capacity());
  std::vector<LossSums> sums(terms_.size());
  for (Index first = 0; first < rows; first += plan->capacity()) {
    const auto n = static_cast<std::size_t>(std::min(plan->capacity(), rows - first));
    std::iota(batch.rows.begin(), batch.rows.begin() + static_cast<std::ptrdiff_t>(n), first);
    load(examples, std::span<const Index>(batch.rows.data(), n), *plan, batch);
    plan->forward({.n = static_cast<Index>(n), .mode = Mode::kInference, .seed = network_->seed()}, poll);
    plan.advance();
    evaluate_losses(*plan, batch, false);
    for (std::size_t k = 0; k < batch.sums.size(); ++k) sums[k] += batch.sums[k];
  }
  return value(std::move(sums), add_penalties<T>(options_.penalties, network_->theta().data, nullptr));
}

template class Objective<float>;
template class Objective<double>;
template class Objective<Dual>;

}  // namespace nncpp
