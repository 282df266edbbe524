#include "nncpp/plan.hpp"

#include <algorithm>

#include "nncpp/error.hpp"
#include "plan_step.hpp"

namespace nncpp {

template <typename T>
Plan<T>::~Plan() = default;

template <typename T>
Plan<T>::Plan(const Graph<T>& graph, const Options& options, const Vectors<T>& vectors)
    : graph_(graph), options_(options), vectors_(vectors), steps_(graph.nodes().size()) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    step.node = &graph.nodes()[i];
    if (step.node->layer == nullptr) {
      inputs_.push_back(static_cast<int>(i));
      step.has_gradient = options_.has_input_gradients && step.node->kind == InputKind::kNumbers;
    } else {
      step.memory = step.node->layer->memory(step.node->input_shapes, step.node->has_rows ? options_.capacity : 1);
      step.has_gradient = step.node->num_segments > 0 || (step.node->inputs.empty() && options_.has_input_gradients);
      for (const int id : step.node->inputs) step.has_gradient |= steps_[static_cast<std::size_t>(id)].has_gradient;
    }
    step.has_gradient &= options_.has_backward;
  }
  for (std::size_t k = 0; k < options_.outputs.size(); ++k) {
    Step& step = steps_[static_cast<std::size_t>(options_.outputs[k])];
    if (step.is_output) throw DataError(text(step.node->name, ": expected each output once, got it twice"));
    step.is_output = true;
    step.is_linear = options_.is_linear[k];
  }

  make_inputs();
  find_owners();

  // First fit, largest first: buffers whose lifetimes overlap never share an element.
  std::vector<Lifetime> buffers = lifetimes();
  std::stable_sort(buffers.begin(), buffers.end(), [](const auto& a, const auto& b) { return a.size > b.size; });
  Index total = 0;
  std::vector<const Lifetime*> placed;  // by offset
  for (Lifetime& buffer : buffers) {
    for (const Lifetime* other : placed) {
      const bool overlaps_in_time = buffer.first <= other->last && other->first <= buffer.last;
      if (!overlaps_in_time) continue;
      if (buffer.offset + buffer.size <= other->offset) break;
      buffer.offset = std::max(buffer.offset, other->offset + other->size);
    }
    total = std::max(total, buffer.offset + buffer.size);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &buffer,
                                   [](const auto* a, const auto* b) { return a->offset < b->offset; }),
                  &buffer);
  }
  arena_ = Buffer<T>::uninitialized(total);
  for (const Lifetime& buffer : buffers) *buffer.data = arena_.data() + buffer.offset;
  for (Step& step : steps_) {
    const Step& owner = steps_[static_cast<std::size_t>(step.owner)];
    step.output = owner.output;
    step.doutput = owner.doutput;
  }

  connect();
  set_batch(options_.capacity);
}

// What comes in beside tensors: picks, and where the steps of sequences lie.
template <typename T>
void Plan<T>::make_inputs() {
  for (const int id : inputs_)
    picks_.push_back(steps_[static_cast<std::size_t>(id)].node->kind == InputKind::kNumbers
                         ? nullptr
                         : std::make_unique<Picks<T>>());
  for (Step& step : steps_) {
    for (const int id : step.node->inputs) {
      const auto found = std::find(inputs_.begin(), inputs_.end(), id);
      step.picks.push_back(found == inputs_.end() ? nullptr
                                                  : picks_[static_cast<std::size_t>(found - inputs_.begin())].get());
      const Step& input = steps_[static_cast<std::size_t>(id)];
      if (step.input_sequences == nullptr) step.input_sequences = input.sequences;
    }
    const auto of_steps = [&](std::vector<std::unique_ptr<Sequences>>& sequences, Index steps) {
      const auto found =
          std::find_if(sequences.begin(), sequences.end(), [&](const auto& s) { return s->steps() == steps; });
      if (found != sequences.end()) return found->get();
      return sequences.emplace_back(std::make_unique<Sequences>(options_.capacity, steps)).get();
    };
    if (step.node->has_steps) step.sequences = of_steps(sequences_, step.node->shape[0]);
    const bool reads = step.node->layer != nullptr && step.node->layer->steps() == Steps::kReads;
    if (reads && step.input_sequences == nullptr && step.node->input_shapes[0].rank() > 0)
      step.input_sequences = of_steps(whole_, step.node->input_shapes[0][0]);
  }
  for (std::size_t s = 0; options_.has_backward && s < graph_.segments().size(); ++s)
    if (const Segment& segment = graph_.segments()[s]; segment.is_row_sparse && segment.spec.is_trainable)
      touched_.push_back({s, {}});
}

// A view has its input's memory: always where it has no gradient, else where nothing but it reads that, for then their
// gradients are one, too.
template <typename T>
void Plan<T>::find_owners() {
  std::vector<int> num_readers(steps_.size());
  for (const Step& step : steps_)
    for (const int id : step.node->inputs) ++num_readers[static_cast<std::size_t>(id)];
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    step.owner = static_cast<int>(i);
    if (step.node->layer == nullptr || !step.node->layer->is_view() || options_.keeps_values) continue;
    const auto input = static_cast<std::size_t>(step.node->inputs[0]);
    const bool is_only_reader = num_readers[input] == 1 && !steps_[input].is_output;
    if (is_only_reader || !step.has_gradient) step.owner = steps_[input].owner;
  }
}

template <typename T>
bool Plan<T>::is_view(const Step& step) const {
  return &step != &steps_[static_cast<std::size_t>(step.owner)];
}

template <typename T>
std::vector<typename Plan<T>::Lifetime> Plan<T>::lifetimes() {
  const int count = static_cast<int>(steps_.size());
  const auto backward_of = [&](int i) { return 2 * count - i; };
  std::vector<int> output_last(steps_.size()), doutput_first(steps_.size(), backward_of(-1));
  for (int i = 0; i < count; ++i) {
    const Step& step = steps_[static_cast<std::size_t>(i)];
    auto& last = output_last[static_cast<std::size_t>(i)];
    last = options_.keeps_values ? backward_of(-1) : step.is_output ? count : i;
    if (step.is_output) doutput_first[static_cast<std::size_t>(i)] = count;
    if (step.node->layer == nullptr) continue;
    if (step.has_gradient && step.node->layer->backward_reads_output()) last = std::max(last, backward_of(i));
    for (const int id : step.node->inputs) {
      auto& input_last = output_last[static_cast<std::size_t>(id)];
      input_last = std::max(input_last, i);
      if (!step.has_gradient) continue;
      if (step.node->layer->backward_reads_inputs()) input_last = std::max(input_last, backward_of(i));
      auto& first = doutput_first[static_cast<std::size_t>(id)];
      first = std::min(first, backward_of(i));
    }
  }
  for (int i = count; i-- > 0;) {
    const auto owner = static_cast<std::size_t>(steps_[static_cast<std::size_t>(i)].owner),
               own = static_cast<std::size_t>(i);
    output_last[owner] = std::max(output_last[owner], output_last[own]);
    doutput_first[owner] = std::min(doutput_first[owner], doutput_first[own]);
  }
  std::vector<Lifetime> buffers;
  const auto need = [&](T*& data, Index size, int first, int last) {
    if (size > 0) buffers.push_back({&data, padded<T>(size), first, last});
  };
  for (int i = 0; i < count; ++i) {
    Step& step = steps_[static_cast<std::size_t>(i)];
    const Index size = numel(step.node->batch(options_.capacity));
    const bool is_input = step.node->layer == nullptr;
    if (is_view(step) || step.node->kind != InputKind::kNumbers) continue;
    need(step.output, size, is_input ? -1 : i, output_last[static_cast<std::size_t>(i)]);
    need(step.scratch_forward, step.memory.forward, i, i);
    need(step.saved, step.memory.saved, i, step.has_gradient ? backward_of(i) : i);
    if (!step.has_gradient) continue;
    need(step.doutput, size, doutput_first[static_cast<std::size_t>(i)],
         is_input || options_.keeps_values ? backward_of(-1) : backward_of(i));
    need(step.scratch_backward, step.memory.backward, backward_of(i), backward_of(i));
  }
  return buffers;
}

// Backward runs from the last node to the first: whoever writes a gradient first assigns, all others add.
template <typename T>
void Plan<T>::connect() {
  std::vector<bool> has_delta(steps_.size()), has_dweight(graph_.segments().size());
  for (std::size_t i = 0; i < steps_.size(); ++i) has_delta[i] = steps_[i].is_output;
  for (std::size_t i = steps_.size(); i-- > 0;) {
    Step& step = steps_[i];
    step.is_reached = step.has_gradient && has_delta[i];
    if (step.node->layer == nullptr) continue;
    step.has_gradient = step.is_reached;
    for (const int id : step.node->inputs) {
      const auto& input = steps_[static_cast<std::size_t>(id)];
      step.inputs.push_back({input.output, input.node->batch(options_.capacity)});
      Gradient<T> gradient;
      if (step.has_gradient && input.has_gradient) {
        gradient = {{input.doutput, input.node->batch(options_.capacity)},
                    has_delta[static_cast<std::size_t>(id)] ? Write::kAdd : Write::kAssign};
        has_delta[static_cast<std::size_t>(id)] = true;
      }
      step.dinputs.push_back(gradient);
    }
    for (int s = step.node->first_segment; s < step.node->first_segment + step.node->num_segments; ++s) {
      const Segment& segment = graph_.segments()[static_cast<std::size_t>(s)];
      step.weights.push_back(view(segment, vectors_.theta));
      Gradient<T> gradient;
      if (step.has_gradient && segment.spec.is_trainable) {
        // a row-sparse one is 0 when backward begins
        const bool adds = segment.is_row_sparse || has_dweight[static_cast<std::size_t>(s)];
        gradient = {view(segment, vectors_.dtheta), adds ? Write::kAdd : Write::kAssign};
        has_dweight[static_cast<std::size_t>(s)] = true;
      }
      step.dweights.push_back(gradient);
    }
    for (int s = step.node->first_state; s < step.node->first_state + step.node->num_states; ++s) {
      const Segment& segment = graph_.states()[static_cast<std::size_t>(s)];
      step.state.push_back(view(segment, vectors_.state));
      if (vectors_.next_state != nullptr) step.next_state.push_back(view(segment, vectors_.next_state));
    }
  }
  for (const int id : inputs_) {
    const Step& step = steps_[static_cast<std::size_t>(id)];
    if (step.doutput != nullptr && !step.is_reached)
      unused_.push_back({step.doutput, step.node->batch(options_.capacity)});
  }
  for (std::size_t s = 0; s < has_dweight.size(); ++s)
    if (options_.has_backward && !has_dweight[s] && graph_.segments()[s].spec.is_trainable)
      unused_.push_back(view(graph_.segments()[s], vectors_.dtheta));
}

template <typename T>
Tensor<T> Plan<T>::input(int i) const {
  const Step& step = steps_[static_cast<std::size_t>(inputs_[static_cast<std::size_t>(i)])];
  return {step.output, step.shape};
}

template <typename T>
Tensor<T> Plan<T>::input_gradient(int i) const {
  const Step& step = steps_[static_cast<std::size_t>(inputs_[static_cast<std::size_t>(i)])];
  return {step.doutput, step.shape};
}

template <typename T>
Tensor<const T> Plan<T>::output(int k) const {
  const Step& step = steps_[static_cast<std::size_t>(options_.outputs[static_cast<std::size_t>(k)])];
  return {step.output, step.shape};
}

template <typename T>
Tensor<T> Plan<T>::output_gradient(int k) const {
  const Step& step = steps_[static_cast<std::size_t>(options_.outputs[static_cast<std::size_t>(k)])];
  return {step.doutput, step.shape};
}

template <typename T>
Tensor<const T> Plan<T>::value(int node) const {
  const Step& step = steps_[static_cast<std::size_t>(node)];
  return {step.output, step.shape};
}

template <typename T>
Tensor<const T> Plan<T>::gradient(int node) const {
  const Step& step = steps_[static_cast<std::size_t>(node)];
  return {step.is_reached ? step.doutput : nullptr, step.shape};
}

template <typename T>
void Plan<T>::forward(const Pass& pass, const Poll& poll) {
  if (pass.n != n_) set_batch(pass.n);
  for (Step& step : steps_) {
    if (step.node->layer == nullptr || is_view(step)) continue;
    if (poll && poll()) throw Interrupted{};
    named(step.node->name, [&] {
      step.node->layer->forward({.inputs = step.inputs,
                                 .output = {step.output, step.shape},
                                 .weights = step.weights,
                                 .state = step.state,
                                 .next_state = step.next_state,
                                 .saved = step.saved,
                                 .scratch = step.scratch_forward,
                                 .mode = pass.mode,
                                 .key = {pass.seed, step.node->stream, pass.step},
                                 .is_linear = step.is_linear,
                                 .rows = pass.rows,
                                 .sequences = step.input_sequences,
                                 .picks = step.picks});
    });
  }
}

template <typename T>
void Plan<T>::backward(const Pass& pass, const Poll& poll) {
  for (std::size_t i = steps_.size(); i-- > 0;) {
    Step& step = steps_[i];
    if (step.node->layer == nullptr || !step.has_gradient || is_view(step)) continue;
    if (poll && poll()) throw Interrupted{};
    named(step.node->name, [&] {
      step.node->layer->backward({.inputs = step.inputs,
                                  .output = {step.output, step.shape},
                                  .doutput = {step.doutput, step.shape},
                                  .dinputs = step.dinputs,
                                  .weights = step.weights,
                                  .dweights = step.dweights,
                                  .state = step.state,
                                  .saved = step.saved,
                                  .scratch = step.scratch_backward,
                                  .mode = pass.mode,
                                  .key = {pass.seed, step.node->stream, pass.step},
                                  .is_linear = step.is_linear,
                                  .rows = pass.rows,
                                  .sequences = step.input_sequences,
                                  .picks = step.picks});
    });
  }
  for (const Tensor<T>& gradient : unused_) std::fill(gradient.begin(), gradient.end(), T(0));
}

template class Plan<float>;
template class Plan<double>;
template class Plan<Dual>;

}  // namespace nncpp
