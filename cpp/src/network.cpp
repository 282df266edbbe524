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
void Network<T>::require_inputs(std::span<const Source> inputs, const Source& lengths) const {
  if (inputs.size() != inputs_.size())
    throw ShapeError(
        text("x: expected ", inputs_.size(), inputs_.size() == 1 ? " array, got " : " arrays, got ", inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Node<T>& input = node(inputs_[i]);
    const Source& x = inputs[i];
    if (x.sample != input.shape)
      throw ShapeError(text(x.name, ": expected ", to_string(input.shape, true), " for input '", input.name, "', got ",
                            to_string(x.sample.batch(x.rows))));
    if (x.is_sparse() != (input.kind == InputKind::kSparse))
      throw TypeError(text(x.name, ": expected ", x.is_sparse() ? "an array" : "a sparse matrix (CSR)", " for input '",
                           input.name, "', got ", x.is_sparse() ? "a sparse matrix" : "an array"));
    if (input.kind == InputKind::kTokens && !x.is_integer())
      throw TypeError(text(x.name, ": expected whole numbers (tokens) for input '", input.name,
                           "', got floats; use astype('int64')"));
    if (x.rows != inputs[0].rows)
      throw ShapeError(text(x.name, ": expected ", inputs[0].rows, " rows as in ", inputs[0].name, ", got ", x.rows));
  }
  if (lengths.data == nullptr) return;
  graph_.require_lengths();
  if (lengths.rows != inputs[0].rows || lengths.sample.rank() != 0)
    throw ShapeError(text(lengths.name, ": expected one length for each row, (", inputs[0].rows, ",), got ",
                          to_string(lengths.sample.batch(lengths.rows))));
}

template <typename T>
void Network<T>::require_values(std::span<const Source> inputs, const Source& lengths, const Poll& poll) const {
  std::vector<Index> counts;  // by row, where there are lengths
  if (lengths.data != nullptr) {
    const Index steps = graph_.require_lengths();
    counts.resize(static_cast<std::size_t>(lengths.rows));
    std::vector<Index> rows(counts.size());
    std::iota(rows.begin(), rows.end(), Index{0});
    gather<Index>(lengths, rows, counts.data());
    for (std::size_t r = 0; r < counts.size(); ++r)
      if (counts[r] < 1 || counts[r] > steps)
        throw DataError(text(lengths.name, ": expected lengths 1 ... ", steps, ", got ", counts[r], " in row ", r));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Node<T>& input = node(inputs_[i]);
    const auto require = [&](const Source& x) {
      if (input.kind == InputKind::kTokens)
        require_tokens(x, input.bound);
      else
        require_finite<T>(x, poll, input.scale);
    };
    if (input.kind == InputKind::kSparse) require_sparse(inputs[i]);
    if (counts.empty() || !input.has_steps) {
      require(inputs[i]);
      continue;
    }
    for (std::size_t r = 0; r < counts.size(); ++r) require(inputs[i].sequence(static_cast<Index>(r), counts[r]));
  }
}

template <typename T>
void Network<T>::Loader::load(const Network& network, std::span<const Source> inputs, const Source& lengths,
                              std::span<const Index> rows, Plan<T>& plan) {
  ranked_.assign(rows.begin(), rows.end());
  const bool is_packed = lengths.data != nullptr;
  if (!is_packed) {
    plan.set_batch(static_cast<Index>(rows.size()));
  } else {
    const Index steps = network.graph().require_lengths();
    lengths_.resize(rows.size());
    gather<Index>(lengths, rows, lengths_.data());
    for (const Index length : lengths_)
      if (length < 1 || length > steps)
        throw DataError(text(lengths.name, ": expected lengths 1 ... ", steps, ", got ", length));
    plan.set_batch(lengths_);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const int id = static_cast<int>(i);
    const Node<T>& input = network.node(network.inputs_[i]);
    const Sequences* const sequences = is_packed ? plan.input_sequences(id) : nullptr;
    if (sequences != nullptr)
      for (std::size_t rank = 0; rank < rows.size(); ++rank)
        ranked_[rank] = rows[static_cast<std::size_t>(sequences->sample(static_cast<Index>(rank)))];
    const auto gather_to = [&](auto* to) {
      if (sequences != nullptr)
        gather(inputs[i], std::span<const Index>(ranked_), *sequences, to, input.scale);
      else
        gather(inputs[i], rows, to, input.scale);
    };
    Picks<T>* const picks = plan.picks(id);
    if (picks == nullptr) {
      gather_to(plan.input(id).data);
    } else if (input.kind == InputKind::kSparse) {
      gather<T>(inputs[i], rows, *picks);
    } else {
      picks->columns.resize(static_cast<std::size_t>(picks->rows));
      gather_to(picks->columns.data());
      for (const Index token : picks->columns)
        if (token < 0 || token >= input.bound)
          throw DataError(
              text(inputs[i].name, ": expected tokens 0 ... ", input.bound - 1, ", got ", token, " for ", input.name));
    }
  }
}

template <typename T>
Network<T>::Lease::~Lease() {
  const std::lock_guard lock(network_.mutex_);
  network_.idle_.push_back(std::move(plan_));
}

template <typename T>
typename Network<T>::Lease Network<T>::borrow_plan(Index n, const std::vector<bool>& is_linear) {
  const Index streams = graph_.num_streams();
  const Index capacity =
      streams > 0 ? streams
                  : std::min(kInferenceRows, static_cast<Index>(std::bit_ceil(static_cast<std::uint64_t>(n))));
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
  IdlePlan made{is_linear, nullptr, Buffer<T>(streams > 0 ? graph_.state_size() : 0), {}};
  made.next_state = Buffer<T>(made.state.size());
  const Vectors<T> vectors{.theta = theta_.data(),
                           .state = streams > 0 ? made.state.data() : state_.data(),
                           .next_state = streams > 0 ? made.next_state.data() : nullptr};
  made.plan = std::make_unique<Plan<T>>(graph_, options, vectors);
  return {*this, std::move(made)};
}

template <typename T>
Network<T>::Lease::Lease(Network& network, IdlePlan plan) : network_(network), plan_(std::move(plan)) {
  if (plan_.state.size() == 0) return;
  std::copy_n(network.state_.data(), plan_.state.size(), plan_.state.data());
  network.reset_streams(plan_.state.data());
  std::copy_n(plan_.state.data(), plan_.state.size(), plan_.next_state.data());
}

template <typename T>
void Network<T>::Lease::advance() {
  std::copy_n(plan_.next_state.data(), plan_.state.size(), plan_.state.data());
}

template <typename T>
void Network<T>::reset_streams(T* state) const {
  for (const Segment& segment : graph_.states())
    if (segment.kind == SegmentKind::kStream) initialize(segment.spec, {}, state + segment.offset);
}

// Of packed steps; the message names the row of x, as require_values does.
template <typename T>
static void require_finite_steps(const Sequences& sequences, const Tensor<T>& packed, const Source& x, Index first_row,
                                 double scale) {
  try {
    require_finite<T>(packed.data, 1, packed.size(), x, first_row);
  } catch (const DataError&) {
    for (Index rank = 0; rank < sequences.count(); ++rank)
      require_finite<T>(x.sequence(first_row + sequences.sample(rank), sequences.length(rank)), {}, scale);
    throw;
  }
}

template <typename T>
void Network<T>::predict(std::span<const Source> inputs, const Source& lengths, std::span<T* const> outputs,
                         const Poll& poll) {
  require_inputs(inputs, lengths);
  for (const int id : outputs_)
    if (!node(id).has_rows)
      throw ShapeError(
          text(node(id).name, ": expected an output with rows (N, ...), got an array: nothing to predict"));
  const Index rows = inputs[0].rows;
  if (rows == 0) return;
  const FloatMode mode;
  Lease plan = borrow_plan(rows, std::vector<bool>(outputs_.size(), false));
  std::array<Index, kInferenceRows> index;
  Loader loader;
  for (Index first = 0; first < rows; first += plan->capacity()) {
    const Index n = std::min(plan->capacity(), rows - first);
    std::iota(index.begin(), index.begin() + n, first);
    loader.load(*this, inputs, lengths, std::span<const Index>(index.data(), static_cast<std::size_t>(n)), *plan);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Tensor<T> slot = plan->input(static_cast<int>(i));
      const Picks<T>* const picks = plan->picks(static_cast<int>(i));
      if (picks == nullptr && lengths.data != nullptr && plan->input_sequences(static_cast<int>(i)) != nullptr)
        require_finite_steps(*plan->input_sequences(static_cast<int>(i)), slot, inputs[i], first,
                             input_scale(static_cast<int>(i)));
      else if (picks == nullptr)
        require_finite<T>(slot.data, n, slot.size() / n, inputs[i], first);
      else if (!picks->is_tokens())
        require_finite<T>(picks->values.data(), static_cast<Index>(picks->values.size()), 1, inputs[i],
                          inputs[i].begins[first]);
    }
    plan->forward({.n = n, .mode = Mode::kInference, .seed = seed_}, poll);
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const Tensor<const T> v = plan->output(static_cast<int>(k));
      const Sequences* const sequences = plan->output_sequences(static_cast<int>(k));
      T* const to = outputs[k] + first * numel(output_shape(static_cast<int>(k)));
      if (sequences != nullptr && sequences->is_packed())
        sequences->unpack(v.data, sequences->step_size(v.size()), to);
      else
        std::copy(v.begin(), v.end(), to);
    }
    plan.advance();
  }
}

template class Network<float>;
template class Network<double>;
template class Network<Dual>;

}  // namespace nncpp
