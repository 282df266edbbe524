// One batch in a plan: its shapes, and the rows of parameters that it touches.
#include <algorithm>
#include <array>

#include "nncpp/error.hpp"
#include "plan_step.hpp"

namespace nncpp {

template <typename T>
void Plan<T>::set_batch(Index n) {
  if (n < 1 || n > options_.capacity)
    throw ShapeError(text("expected a batch of 1 ... ", options_.capacity, ", got ", n));
  const bool was_packed =
      std::any_of(sequences_.begin(), sequences_.end(), [](const auto& s) { return s->is_packed(); });
  if (n == n_ && !was_packed) return;
  for (const auto* all : {&sequences_, &whole_})
    for (const auto& sequences : *all) sequences->set(n);
  n_ = n;
  set_shapes();
}

template <typename T>
void Plan<T>::set_batch(std::span<const Index> lengths) {
  const auto n = static_cast<Index>(lengths.size());
  if (n < 1 || n > options_.capacity)
    throw ShapeError(text("expected a batch of 1 ... ", options_.capacity, ", got ", n));
  for (const auto& sequences : sequences_) sequences->set(lengths);
  for (const auto& sequences : whole_) sequences->set(n);
  n_ = n;
  set_shapes();
}

template <typename T>
void Plan<T>::set_shapes() {
  for (Step& step : steps_) {
    step.shape = step.node->batch(n_);
    if (step.sequences != nullptr && step.sequences->is_packed()) {
      std::array<Index, Shape::kMaxRank> axes{};
      std::copy(step.shape.begin(), step.shape.end(), axes.begin());
      axes[0] = 1;
      axes[1] = step.sequences->rows();
      step.shape = Shape(std::span<const Index>(axes.data(), step.shape.rank()));
    }
    for (std::size_t i = 0; i < step.inputs.size(); ++i) {
      step.inputs[i].shape = steps_[static_cast<std::size_t>(step.node->inputs[i])].shape;
      step.dinputs[i].to.shape = step.inputs[i].shape;
    }
  }
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    if (picks_[i] != nullptr) {
      const Step& step = steps_[static_cast<std::size_t>(inputs_[i])];
      picks_[i]->rows = step.node->kind == InputKind::kSparse ? n_ : numel(step.shape);
    }
}

template <typename T>
const std::vector<TouchedRows>& Plan<T>::touch() {
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    if (picks_[i] != nullptr) picks_[i]->group(steps_[static_cast<std::size_t>(inputs_[i])].node->bound);
  for (TouchedRows& touched : touched_) {
    touched.rows.clear();
    const auto segment = static_cast<int>(touched.segment);
    Index writers = 0;
    for (const Step& step : steps_) {
      const Node<T>& node = *step.node;
      if (segment < node.first_segment || segment >= node.first_segment + node.num_segments) continue;
      for (const Picks<T>* picks : step.picks)
        if (picks != nullptr) {
          node.layer->append_touched_rows(*picks, touched.rows);
          ++writers;
        }
    }
    if (writers < 2) continue;
    std::sort(touched.rows.begin(), touched.rows.end());
    touched.rows.erase(std::unique(touched.rows.begin(), touched.rows.end()), touched.rows.end());
  }
  return touched_;
}

template <typename T>
Picks<T>* Plan<T>::picks(int i) {
  return picks_[static_cast<std::size_t>(i)].get();
}

template <typename T>
const Sequences* Plan<T>::sequences_of(int node) const {
  return steps_[static_cast<std::size_t>(node)].sequences;
}

template <typename T>
const Sequences* Plan<T>::input_sequences(int i) const {
  return sequences_of(inputs_[static_cast<std::size_t>(i)]);
}

template <typename T>
const Sequences* Plan<T>::output_sequences(int k) const {
  return sequences_of(options_.outputs[static_cast<std::size_t>(k)]);
}

#define NNCPP_INSTANTIATE(T)                                     \
  template void Plan<T>::set_batch(Index);                       \
  template void Plan<T>::set_batch(std::span<const Index>);      \
  template void Plan<T>::set_shapes();                           \
  template const std::vector<TouchedRows>& Plan<T>::touch();     \
  template Picks<T>* Plan<T>::picks(int);                        \
  template const Sequences* Plan<T>::sequences_of(int) const;    \
  template const Sequences* Plan<T>::input_sequences(int) const; \
  template const Sequences* Plan<T>::output_sequences(int) const;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
