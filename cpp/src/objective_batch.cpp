// One batch of an objective: rows in, losses and their gradients out.
#include "objective_batch.hpp"

#include <algorithm>
#include <functional>

#include "nncpp/error.hpp"
#include "prefetch.hpp"

namespace nncpp {

template <typename T>
void Objective<T>::reserve(Batch& batch, Index n) const {
  for (const Term& term : terms_) {
    const Shape& output = network_->output_shape(term.output);
    batch.values.emplace_back(term.target >= 0 ? n * numel(output) : 0);
    batch.labels.emplace_back(term.loss->takes_labels() ? n * numel(output) / output.back() : 0);
  }
  for (const Term& term : terms_) {
    const Node<T>& node = output_node(term.output);
    batch.weights.emplace_back(node.has_steps ? n * node.shape[0] : n);
  }
  batch.targets.resize(terms_.size());
  batch.sums.resize(terms_.size());
  batch.rows.resize(static_cast<std::size_t>(n));
}

template <typename T>
const Node<T>& Objective<T>::output_node(int output) const {
  return network_->graph().nodes()[static_cast<std::size_t>(network_->outputs()[static_cast<std::size_t>(output)])];
}

template <typename T>
void Objective<T>::load(const Examples& examples, std::span<const Index> rows, Plan<T>& plan, Batch& batch) const {
  batch.loader.load(*network_, examples.inputs, examples.lengths, rows, plan);
  batch.has_weights = examples.weights.data != nullptr;
  for (std::size_t k = 0; k < terms_.size(); ++k) {
    const Sequences* const sequences = plan.output_sequences(terms_[k].output);
    const bool is_packed = sequences != nullptr && sequences->is_packed();
    const auto of_batch = is_packed ? batch.loader.ranked() : rows;
    if (terms_[k].target >= 0)
      load_target(k, examples.targets[static_cast<std::size_t>(terms_[k].target)], of_batch, plan, batch);
    if (!batch.has_weights) continue;
    T* const weights = batch.weights[k].data();
    gather<T>(examples.weights, of_batch, weights);
    if (!is_packed) continue;
    // those of the first steps stand there already; each further step has those of the sequences that go on
    for (Index t = 1; t < sequences->longest(); ++t)
      std::copy_n(weights, sequences->active(t), weights + sequences->row(0, t));
  }
}

template <typename T>
void Objective<T>::load_target(std::size_t k, const Source& y, std::span<const Index> rows, const Plan<T>& plan,
                               Batch& batch) const {
  const Term& term = terms_[k];
  const Shape& output = network_->output_shape(term.output);
  const Sequences* const sequences = plan.output_sequences(term.output);
  const auto gather_to = [&](auto* to) {
    if (sequences != nullptr && sequences->is_packed())
      gather(y, rows, *sequences, to);
    else
      gather(y, rows, to);
  };
  batch.targets[k] = {};
  if (!has_labels(*term.loss, y, output)) {
    gather_to(batch.values[k].data());
    batch.targets[k].values = batch.values[k].data();
    return;
  }
  gather_to(batch.labels[k].data());
  batch.targets[k].labels = batch.labels[k].data();
  // require_valid has seen them, but the memory is the caller's, and a callback may have written there since
  const Index count = plan.output(term.output).size() / output.back();
  for (Index i = 0; i < count; ++i)
    if (const Index label = batch.labels[k].data()[i]; label < 0 || label >= output.back())
      throw DataError(
          text(y.name, ": expected labels 0 ... ", output.back() - 1, ", got ", label, "; changed during the call?"));
}

template <typename T>
const std::vector<TouchedRows>& Objective<T>::load(Batch& batch, const Examples& examples,
                                                   std::span<const Index> rows) {
  load(examples, rows, *batch.plan, batch);
  std::copy(rows.begin(), rows.end(), batch.rows.begin());
  return batch.plan->touch();
}

// every loss, and with has_gradient its gradient in the plan
template <typename T>
void Objective<T>::evaluate_losses(const Plan<T>& plan, Batch& batch, bool has_gradient) const {
  for (std::size_t k = 0; k < terms_.size(); ++k) {
    const auto& [loss, weight, output, target, is_linear] = terms_[k];
    const bool compares = loss->num_outputs() == 2;
    if (compares) batch.targets[k].values = plan.output(output + 1).data;
    // null for an output that no weights lead to
    const Tensor<T> first = has_gradient ? plan.output_gradient(output) : Tensor<T>{};
    const Tensor<T> second = has_gradient && compares ? plan.output_gradient(output + 1) : Tensor<T>{};
    const Tensor<T> d = first.data != nullptr ? first : second;
    Tensor<const T> v = plan.output(output);
    if (const Sequences* s = plan.output_sequences(output); s != nullptr && s->is_packed())
      v.shape = v.shape.sample();  // (1, P, ...) -> (P, ...): steps have weights of their own
    batch.sums[k] =
        loss->evaluate(v, batch.targets[k], batch.has_weights ? batch.weights[k].data() : nullptr, d.data, weight);
    if (second.data != nullptr) std::transform(d.begin(), d.end(), second.data, std::negate<T>());
  }
}

template <typename T>
std::vector<double> Objective<T>::row_losses(const Batch& batch, std::size_t k) const {
  const Term& term = terms_[k];
  const Tensor<const T> output = batch.plan->output(term.output);
  const Sequences* const sequences = batch.plan->output_sequences(term.output);
  const bool is_packed = sequences != nullptr && sequences->is_packed();
  const Shape& shape = network_->output_shape(term.output);
  const Shape sample = is_packed ? shape.sample() : shape;
  const Index size = numel(sample), n = is_packed ? sequences->rows() : batch.plan->rows();
  std::vector<double> losses;
  for (Index r = 0; r < n; ++r) {
    Target<T> target = batch.targets[k];
    if (target.values != nullptr) target.values += r * size;
    if (target.labels != nullptr) target.labels += r * size / sample.back();
    losses.push_back(term.loss->evaluate({output.data + r * size, sample.batch(1)}, target, nullptr, nullptr).loss);
  }
  return losses;
}

// Row-sparse gradients are 0 when layers add to them; of those that stay so, only what was written is cleared.
template <typename T>
void Objective<T>::clear_row_sparse(const Batch& batch) {
  const auto& segments = network_->graph().segments();
  constexpr std::size_t kAhead = 8;  // rows on their way from memory
  for (const TouchedRows& touched : written_) {
    const Segment& segment = segments[touched.segment];
    const Index columns = numel(segment.shape) / segment.shape[0];
    T* const d = dtheta_.data() + segment.offset;
    for (std::size_t i = 0; i < touched.rows.size(); ++i) {
      if (i + kAhead < touched.rows.size()) prefetch(d + touched.rows[i + kAhead] * columns, columns);
      std::fill_n(d + touched.rows[i] * columns, columns, T(0));
    }
  }
  written_ = batch.plan->touched();
  for (const TouchedRows& touched : written_) {
    const Segment& segment = segments[touched.segment];
    if (!is_row_sparse(segment)) std::fill_n(dtheta_.data() + segment.offset, numel(segment.shape), T(0));
  }
}

#define NNCPP_INSTANTIATE(T)                                                                                    \
  template void Objective<T>::reserve(Batch&, Index) const;                                                     \
  template const Node<T>& Objective<T>::output_node(int) const;                                                 \
  template void Objective<T>::load(const Examples&, std::span<const Index>, Plan<T>&, Batch&) const;            \
  template const std::vector<TouchedRows>& Objective<T>::load(Batch&, const Examples&, std::span<const Index>); \
  template void Objective<T>::evaluate_losses(const Plan<T>&, Batch&, bool) const;                              \
  template std::vector<double> Objective<T>::row_losses(const Batch&, std::size_t) const;                       \
  template void Objective<T>::clear_row_sparse(const Batch&);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
