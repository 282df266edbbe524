#include "nncpp/layers/bidirectional.hpp"

#include <algorithm>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {
namespace {

constexpr std::array<std::string_view, 4> kNames{"concat", "sum", "product", "average"};
constexpr std::array<const char*, 2> kPrefixes{"forward_", "backward_"};

// f(row, j) for all of (rows, columns)
template <typename F>
void for_each(Index rows, Index columns, F f) {
  constexpr Index kRows = 64;
  parallel_for((rows + kRows - 1) / kRows, 2.0 * static_cast<double>(rows * columns), [&](Index task) {
    for (Index row = task * kRows; row < std::min(rows, (task + 1) * kRows); ++row)
      for (Index j = 0; j < columns; ++j) f(row, j);
  });
}

}  // namespace

Merge merge_from_name(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end())
    throw DataError(text("merge: expected one of concat, sum, product, average; got '", name, "'"));
  return static_cast<Merge>(found - kNames.begin());
}

template <typename T>
Bidirectional<T>::Bidirectional(Direction forward, Direction backward, Merge merge)
    : directions_{std::move(forward), std::move(backward)}, merge_(merge) {
  const auto &f = directions_[0]->options(), &b = directions_[1]->options();
  if (directions_[0]->kind() != directions_[1]->kind() || f.units != b.units ||
      f.returns_sequences != b.returns_sequences || f.is_reverse || !b.is_reverse)
    throw DataError("layer: expected two directions of one recurrent layer");
  for (const auto* options : {&f, &b})
    if (options->num_streams > 0 || options->returns_state)
      throw DataError("layer: expected one that is not stateful and returns no state");
}

template <typename T>
Shape Bidirectional<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const Shape one = directions_[0]->output_shape(inputs);
  const Index columns = one.back() * (merge_ == Merge::kConcat ? 2 : 1);
  return one.rank() == 2 ? Shape{one[0], columns} : Shape{columns};
}

template <typename T>
std::vector<SegmentSpec> Bidirectional<T>::parameters(std::span<const Shape> inputs) const {
  std::vector<SegmentSpec> specs;
  for (std::size_t d = 0; d < 2; ++d)
    for (SegmentSpec& spec : directions_[d]->parameters(inputs)) {
      spec.name = kPrefixes[d] + spec.name;
      specs.push_back(std::move(spec));
    }
  return specs;
}

// Each direction has its own part of all memory; where both are merged into H columns, they first write, and their
// gradients first come, side by side.
template <typename T>
struct Bidirectional<T>::Layout {
  std::array<LayerMemory, 2> begins;
  LayerMemory memory;
  Index H, rows, joined, djoined;  // rows of v

  Layout(const Bidirectional& layer, const Shape& u, Index n, Index rows_) : rows(rows_) {
    const Shape inputs[] = {u};
    for (std::size_t d = 0; d < 2; ++d) {
      begins[d] = memory;
      const LayerMemory own = layer.directions_[d]->memory(inputs, n);
      memory.saved += own.saved;
      memory.forward += own.forward;
      memory.backward += own.backward;
    }
    H = layer.directions_[0]->options().units;
    joined = memory.saved;
    djoined = memory.backward;
    if (layer.merge_ == Merge::kConcat) return;
    memory.saved += padded<T>(rows * 2 * H);
    memory.backward += padded<T>(rows * 2 * H);
  }
  // of a batch: its sequences are as long as T as far as memory goes
  template <typename Pass>
  Layout(const Bidirectional& layer, const Pass& pass)
      : Layout(layer, {pass.sequences->steps(), pass.inputs[0].columns()}, pass.sequences->count(),
               pass.output.rows()) {}
};

template <typename T>
LayerMemory Bidirectional<T>::memory(std::span<const Shape> inputs, Index n) const {
  return Layout(*this, inputs[0], n, keeps_steps() ? n * inputs[0][0] : n).memory;
}

// what each direction is called with
template <typename T>
template <typename Pass>
std::array<Pass, 2> Bidirectional<T>::parts(const Pass& pass) const {
  const Layout at(*this, pass);
  std::array<Pass, 2> parts{pass, pass};
  for (std::size_t d = 0; d < 2; ++d) {
    const std::size_t count = pass.weights.size() / 2;
    parts[d].weights = pass.weights.subspan(d * count, count);
    parts[d].saved += at.begins[d].saved;
    parts[d].key.stream |= static_cast<std::uint32_t>(d) << 31;  // its masks are not those of the other
  }
  return parts;
}

// both at once: neither waits for the other
template <typename T>
template <typename Pass>
void Bidirectional<T>::run(const std::array<Pass, 2>& parts) const {
  for (std::size_t d = 0; d < 2; ++d) directions_[d]->begin(parts[d]);
  const Sequences& sequences = *parts[0].sequences;
  parallel_for(2 * Recurrent<T>::num_groups(sequences), 2 * directions_[0]->work(sequences), [&](Index task) {
    const auto d = static_cast<std::size_t>(task % 2);
    directions_[d]->run(parts[d], task / 2);
  });
}

template <typename T>
void Bidirectional<T>::forward(const Forward<T>& pass) const {
  const Layout at(*this, pass);
  auto parts = this->parts(pass);
  T* const both = merge_ == Merge::kConcat ? pass.output.data : pass.saved + at.joined;  // (rows, 2 H)
  for (std::size_t d = 0; d < 2; ++d) {
    parts[d].output = {both + static_cast<Index>(d) * at.H, {at.rows, 2 * at.H}};
    parts[d].scratch += at.begins[d].forward;
  }
  run(parts);
  if (merge_ == Merge::kConcat) return;
  for_each(at.rows, at.H, [&](Index row, Index j) {
    const T f = both[row * 2 * at.H + j], b = both[(row * 2 + 1) * at.H + j];
    pass.output.data[row * at.H + j] = merge_ == Merge::kProduct ? f * b
                                       : merge_ == Merge::kSum   ? f + b
                                                                 : T(0.5) * (f + b);
  });
}

template <typename T>
void Bidirectional<T>::backward(const Backward<T>& pass) const {
  const Layout at(*this, pass);
  auto parts = this->parts(pass);
  const T* dboth = pass.doutput.data;  // (rows, 2 H)
  if (merge_ != Merge::kConcat) {
    const T* const both = pass.saved + at.joined;
    T* const to = pass.scratch + at.djoined;
    for_each(at.rows, at.H, [&](Index row, Index j) {
      const Index f = row * 2 * at.H + j, b = f + at.H;
      const T dv = pass.doutput.data[row * at.H + j];
      to[f] = merge_ == Merge::kProduct ? dv * both[b] : merge_ == Merge::kSum ? dv : T(0.5) * dv;
      to[b] = merge_ == Merge::kProduct ? dv * both[f] : to[f];
    });
    dboth = to;
  }
  std::array<Gradient<T>, 2> dinputs{pass.dinputs[0], pass.dinputs[0]};
  dinputs[1].write = Write::kAdd;
  for (std::size_t d = 0; d < 2; ++d) {
    parts[d].doutput = {dboth + static_cast<Index>(d) * at.H, {at.rows, 2 * at.H}};
    parts[d].dinputs = {&dinputs[d], 1};
    parts[d].dweights = pass.dweights.subspan(d * parts[d].weights.size(), parts[d].weights.size());
    parts[d].scratch += at.begins[d].backward;
  }
  run(parts);
  for (std::size_t d = 0; d < 2; ++d) directions_[d]->end(parts[d]);
}

template class Bidirectional<float>;
template class Bidirectional<double>;
template class Bidirectional<Dual>;

}  // namespace nncpp
