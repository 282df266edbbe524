#include "nncpp/layers/recurrent.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {
namespace {

constexpr Index kGroup = 8;  // sequences that go through their steps together: rows of a tile of the product

void require_rate(std::string_view name, double rate) {
  if (!(rate >= 0.0 && rate < 1.0)) throw DataError(text(name, ": expected 0 <= rate < 1, got ", rate));
}

template <typename T>
void copy(Index rows, Index columns, const StepRows<const T>& from, const StepRows<T>& to) {
  for (Index r = 0; r < rows; ++r) std::copy_n(from[r], columns, to[r]);
}

template <typename T>
void add(Index rows, Index columns, const StepRows<const T>& from, const StepRows<T>& to) {
  for (Index r = 0; r < rows; ++r)
    for (Index j = 0; j < columns; ++j) to[r][j] += from[r][j];
}

// A few sequences, the ranks first ... first + count - 1.
class Group {
 public:
  Group(const Sequences& sequences, Index number)
      : first(number * kGroup), count(std::min(kGroup, sequences.count() - first)), sequences_(sequences) {}

  Index first, count;
  Index steps() const { return sequences_.length(first); }
  Index active(Index t) const { return std::clamp<Index>(sequences_.active(t) - first, 0, count); }
  Index sample(Index r) const { return sequences_.sample(first + r); }
  // step t of its sequences in an array of all rows
  template <typename T>
  StepRows<T> at(T* data, Index columns, Index t) const {
    return {data + sequences_.row(first, t) * columns, sequences_.row_stride() * columns};
  }

 private:
  const Sequences& sequences_;
};

// m_i / (1 - rate): `first` is the number of the first of them
template <typename T>
void fill_mask(const RandomKey& key, Index first, double rate, Index size, T* mask) {
  constexpr double kWork = 8.0;  // multiply-adds that one random word takes as long as
  const auto threshold = static_cast<std::uint32_t>(std::min(std::floor(rate * 0x1p32), 4294967295.0));
  const T scale = static_cast<T>(1.0 / (1.0 - rate));
  parallel_blocks(size, kWork, [&](Index begin, Index end) {
    std::array<std::uint32_t, 1024> words;
    for (Index i = begin; i < end; i += 1024) {
      const std::span some(words.data(), static_cast<std::size_t>(std::min<Index>(1024, end - i)));
      key.words(static_cast<std::uint64_t>(first + i), some);
      for (std::size_t k = 0; k < some.size(); ++k)
        mask[i + static_cast<Index>(k)] = some[k] >= threshold ? scale : T(0);
    }
  });
}

// y = or += m x, x and y (rows, columns), m (N, columns)
template <typename T>
void apply_mask(const Sequences& sequences, Index columns, const T* mask, const T* x, T* y, Write write) {
  sequences.for_each([&](Index row, Index sample, Index) {
    const T *from = x + row * columns, *m = mask + sample * columns;
    T* const to = y + row * columns;
    for (Index j = 0; j < columns; ++j) to[j] = write == Write::kAdd ? to[j] + m[j] * from[j] : m[j] * from[j];
  });
}

}  // namespace

// Where everything lies, in elements from the beginning of saved memory and of both scratches.
template <typename T>
struct Recurrent<T>::Layout {
  Index D, H, G, num_states, num_outputs;
  Index narrow, wide;  // how far apart rows of H and of G numbers lie in a group's own memory: not on one cache set
  Index gates, kept, previous, previous_size, input, input_mask, state_mask;            // saved
  Index packed, locals, local_size;                                                     // forward
  Index dz, dproduct, dinput, masked_previous, packed_transpose, dlocals, dlocal_size;  // backward
  LayerMemory memory;

  Layout(const Recurrent& layer, Index columns, Index n, Index rows)
      : D(columns), H(layer.options_.units), G(layer.num_gates() * H), num_states(layer.num_states()) {
    const auto& options = layer.options_;
    const auto take = [](Index& size, Index count) { return std::exchange(size, size + padded<T>(count)); };
    const Index line = padded<T>(1), groups = (n + kGroup - 1) / kGroup;
    num_outputs = options.returns_state ? num_states : 1;
    narrow = padded<T>(H) + line;
    wide = padded<T>(G) + line;

    Index& saved = memory.saved;
    gates = take(saved, rows * G);
    kept = take(saved, rows * H * layer.num_kept());
    previous_size = padded<T>(rows * H);
    previous = take(saved, num_states * previous_size);
    input = take(saved, options.dropout > 0 ? rows * D : 0);
    input_mask = take(saved, options.dropout > 0 ? n * D : 0);
    state_mask = take(saved, options.recurrent_dropout > 0 ? n * H : 0);

    packed = take(memory.forward, packed_size<T>(H, G));
    local_size = kGroup * ((num_states + 1) * narrow + wide);  // states, h masked, r
    locals = take(memory.forward, groups * local_size);

    Index& backward = memory.backward;
    dz = take(backward, rows * G);
    dproduct = layer.has_recurrent_bias() ? take(backward, rows * G) : dz;
    dinput = take(backward, options.dropout > 0 ? rows * D : 0);
    masked_previous = take(backward, options.recurrent_dropout > 0 ? rows * H : 0);
    packed_transpose = take(backward, packed_size<T>(G, H));
    dlocal_size = kGroup * (num_states + 1) * narrow;  // dstates, what comes through r
    dlocals = take(backward, groups * dlocal_size);
  }
  template <typename Pass>
  Layout(const Recurrent& layer, const Pass& pass)
      : Layout(layer, pass.inputs[0].columns(), pass.sequences->count(), pass.sequences->rows()) {}
};

template <typename T>
Recurrent<T>::Recurrent(const RecurrentOptions& options) : options_(options) {
  const auto require = [](std::string_view name, Index value, Index least) {
    if (value < least) throw DataError(text(name, ": expected ", least, " or more, got ", value));
  };
  require("units", options.units, 1);
  require("num_streams", options.num_streams, 0);
  require("truncate", options.truncate, 0);
  require_rate("dropout", options.dropout);
  require_rate("recurrent_dropout", options.recurrent_dropout);
}

template <typename T>
Shape Recurrent<T>::output_shape(std::span<const Shape> inputs) const {
  const Shape first{options_.units};
  const auto num_states = static_cast<std::size_t>(this->num_states());
  if (inputs.size() != 1 && (inputs.size() != 1 + num_states || options_.num_streams > 0))
    throw ShapeError(text("expected 1 input",
                          options_.num_streams > 0 ? ", as it is stateful, got "
                          : num_states == 1        ? " or 2 (u, h), got "
                                                   : " or 3 (u, h, c), got ",
                          inputs.size()));
  if (inputs[0].rank() != 2) throw ShapeError(text("expected input (N, T, D), got ", to_string(inputs[0], true)));
  for (const Shape& state : inputs.subspan(1))
    if (!(state == first))
      throw ShapeError(text("expected first states ", to_string(first, true), ", got ", to_string(state, true)));
  const Index columns = options_.units * (options_.returns_state ? this->num_states() : 1);
  return options_.returns_sequences ? Shape{inputs[0][0], columns} : Shape{columns};
}

template <typename T>
std::vector<SegmentSpec> Recurrent<T>::parameters(std::span<const Shape> inputs) const {
  const Index D = inputs[0].back(), H = options_.units, G = num_gates() * H;
  const auto bias = [&](const char* name) { return SegmentSpec{name, {G}, SegmentKind::kBias, {}, D, H}; };
  std::vector<SegmentSpec> specs{
      {"weight", {D, G}, SegmentKind::kWeight, options_.weight_initializer, D, H, true, num_gates()},
      {"recurrent_weight", {H, G}, SegmentKind::kWeight, options_.recurrent_initializer, H, H, true, num_gates()},
      bias("bias")};
  if (has_recurrent_bias()) specs.push_back(bias("recurrent_bias"));
  return specs;
}

template <typename T>
std::vector<SegmentSpec> Recurrent<T>::state(std::span<const Shape>) const {
  constexpr std::array<const char*, kMostStates> kNames{"h", "c"};
  std::vector<SegmentSpec> specs;
  if (options_.num_streams > 0)
    for (Index s = 0; s < num_states(); ++s)
      specs.push_back({kNames[static_cast<std::size_t>(s)],
                       {options_.num_streams, options_.units},
                       SegmentKind::kStream,
                       {},
                       1,
                       1,
                       false});
  return specs;
}

template <typename T>
LayerMemory Recurrent<T>::memory(std::span<const Shape> inputs, Index n) const {
  return Layout(*this, inputs[0].back(), n, n * inputs[0][0]).memory;
}

template <typename T>
Index Recurrent<T>::num_groups(const Sequences& sequences) {
  return (sequences.count() + kGroup - 1) / kGroup;
}

template <typename T>
double Recurrent<T>::work(const Sequences& sequences) const {
  const auto H = static_cast<double>(options_.units);
  return static_cast<double>(sequences.rows()) * H * (H + 16) * static_cast<double>(num_gates());
}

template <typename T>
void Recurrent<T>::forward(const Forward<T>& pass) const {
  begin(pass);
  parallel_for(num_groups(*pass.sequences), work(*pass.sequences), [&](Index group) { run(pass, group); });
}

template <typename T>
void Recurrent<T>::backward(const Backward<T>& pass) const {
  begin(pass);
  parallel_for(num_groups(*pass.sequences), work(*pass.sequences), [&](Index group) { run(pass, group); });
  end(pass);
}

// all steps at once: z = x W + b
template <typename T>
void Recurrent<T>::begin(const Forward<T>& pass) const {
  const Layout at(*this, pass);
  const Sequences& sequences = *pass.sequences;
  if (options_.num_streams > 0 && sequences.count() > options_.num_streams)
    throw ShapeError(
        text("expected a batch of at most ", options_.num_streams, " rows, its streams, got ", sequences.count()));
  const bool drops = pass.mode == Mode::kTraining;
  const T* u = pass.inputs[0].data;
  if (drops && options_.recurrent_dropout > 0)
    fill_mask(pass.key, kMostElements, options_.recurrent_dropout, sequences.count() * at.H,
              pass.saved + at.state_mask);
  if (drops && options_.dropout > 0) {
    T *const mask = pass.saved + at.input_mask, *const input = pass.saved + at.input;
    fill_mask(pass.key, 0, options_.dropout, sequences.count() * at.D, mask);
    apply_mask(sequences, at.D, mask, u, input, Write::kAssign);
    u = input;
  }
  multiply(matrix(u, sequences.rows(), at.D), matrix(pass.weights[0].data, at.D, at.G), pass.saved + at.gates,
           Write::kAssign, pass.weights[2].data);
  pack(matrix(pass.weights[1].data, at.H, at.G), pass.scratch + at.packed);
}

template <typename T>
void Recurrent<T>::run(const Forward<T>& pass, Index number) const {
  const Layout at(*this, pass);
  const Group group(*pass.sequences, number);
  const auto num_states = static_cast<std::size_t>(at.num_states),
             num_outputs = static_cast<std::size_t>(at.num_outputs);
  T* const local = pass.scratch + at.locals + number * at.local_size;
  std::array<StepRows<T>, kMostStates> state;
  for (std::size_t s = 0; s < num_states; ++s)
    state[s] = {local + static_cast<Index>(s) * kGroup * at.narrow, at.narrow};
  const StepRows<T> masked{local + at.num_states * kGroup * at.narrow, at.narrow};
  const StepRows<T> product{masked.data + kGroup * at.narrow, at.wide};
  const T* const mask =
      pass.mode == Mode::kTraining && options_.recurrent_dropout > 0 ? pass.saved + at.state_mask : nullptr;
  const PackedMatrix<T> U{pass.scratch + at.packed, at.H, at.G};
  const T* const recurrent_bias = has_recurrent_bias() ? pass.weights[3].data : nullptr;
  const Index columns = pass.output.columns();

  for (std::size_t s = 0; s < num_states; ++s) {
    const T* const first = pass.inputs.size() > 1 ? pass.inputs[1 + s].data
                           : pass.state.empty()   ? nullptr
                                                  : pass.state[s].data;
    for (Index r = 0; r < group.count; ++r)
      first == nullptr ? std::fill_n(state[s][r], at.H, T(0))
                       : std::copy_n(first + group.sample(r) * at.H, at.H, state[s][r]);
  }
  for (Index i = 0; i < group.steps(); ++i) {
    const Index t = options_.is_reverse ? group.steps() - 1 - i : i, n = group.active(t);
    for (std::size_t s = 0; s < num_states; ++s)
      copy<T>(n, at.H, state[s],
              group.at(pass.saved + at.previous + static_cast<Index>(s) * at.previous_size, at.H, t));
    StepRows<const T> h = state[0];
    if (mask != nullptr) {
      for (Index r = 0; r < n; ++r)
        for (Index j = 0; j < at.H; ++j) masked[r][j] = mask[group.sample(r) * at.H + j] * h[r][j];
      h = masked;
    }
    multiply(n, h.data, h.stride, U, product.data, product.stride, Write::kAssign, recurrent_bias);
    step(StepForward<T>{n, at.H, group.at(pass.saved + at.gates, at.G, t), product,
                        group.at(pass.saved + at.kept, num_kept() * at.H, t), state});
    if (!options_.returns_sequences) continue;
    for (std::size_t s = 0; s < num_outputs; ++s)
      copy<T>(n, at.H, state[s], group.at(pass.output.data + static_cast<Index>(s) * at.H, columns, t));
  }
  // sequences that end before the others have kept their last states
  for (Index r = 0; r < group.count; ++r) {
    for (std::size_t s = 0; s < num_outputs && !options_.returns_sequences; ++s)
      std::copy_n(state[s][r], at.H, pass.output.data + group.sample(r) * columns + static_cast<Index>(s) * at.H);
    for (std::size_t s = 0; s < pass.next_state.size(); ++s)
      std::copy_n(state[s][r], at.H, pass.next_state[s].data + group.sample(r) * at.H);
  }
}

template <typename T>
void Recurrent<T>::begin(const Backward<T>& pass) const {
  const Layout at(*this, pass);
  pack(transposed(pass.weights[1].data, at.H, at.G), pass.scratch + at.packed_transpose);
}

template <typename T>
void Recurrent<T>::run(const Backward<T>& pass, Index number) const {
  const Layout at(*this, pass);
  const Group group(*pass.sequences, number);
  const auto num_states = static_cast<std::size_t>(at.num_states),
             num_outputs = static_cast<std::size_t>(at.num_outputs);
  T* const local = pass.scratch + at.dlocals + number * at.dlocal_size;
  std::array<StepRows<T>, kMostStates> dstate;
  for (std::size_t s = 0; s < num_states; ++s)
    dstate[s] = {local + static_cast<Index>(s) * kGroup * at.narrow, at.narrow};
  const StepRows<T> through{local + at.num_states * kGroup * at.narrow, at.narrow};
  const T* const mask =
      pass.mode == Mode::kTraining && options_.recurrent_dropout > 0 ? pass.saved + at.state_mask : nullptr;
  const PackedMatrix<T> U_transposed{pass.scratch + at.packed_transpose, at.G, at.H};
  const Index columns = pass.doutput.columns();

  for (std::size_t s = 0; s < num_states; ++s)
    for (Index r = 0; r < group.count; ++r)
      options_.returns_sequences || s >= num_outputs
          ? std::fill_n(dstate[s][r], at.H, T(0))
          : std::copy_n(pass.doutput.data + group.sample(r) * columns + static_cast<Index>(s) * at.H, at.H,
                        dstate[s][r]);
  for (Index i = group.steps(); i-- > 0;) {
    const Index t = options_.is_reverse ? group.steps() - 1 - i : i, n = group.active(t);
    if (options_.returns_sequences)
      for (std::size_t s = 0; s < num_outputs; ++s)
        add<T>(n, at.H, group.at(pass.doutput.data + static_cast<Index>(s) * at.H, columns, t), dstate[s]);

    std::array<StepRows<const T>, kMostStates> previous;
    for (std::size_t s = 0; s < num_states; ++s)
      previous[s] = group.at(pass.saved + at.previous + static_cast<Index>(s) * at.previous_size, at.H, t);
    const StepRows<T> dproduct = group.at(pass.scratch + at.dproduct, at.G, t);
    step(StepBackward<T>{n, at.H, group.at(pass.saved + at.gates, at.G, t),
                         group.at(pass.saved + at.kept, num_kept() * at.H, t), previous,
                         group.at(pass.scratch + at.dz, at.G, t), dproduct, dstate});
    if (mask == nullptr) {
      multiply(n, dproduct.data, dproduct.stride, U_transposed, dstate[0].data, dstate[0].stride, Write::kAdd);
    } else {
      multiply(n, dproduct.data, dproduct.stride, U_transposed, through.data, through.stride, Write::kAssign);
      for (Index r = 0; r < n; ++r)
        for (Index j = 0; j < at.H; ++j) dstate[0][r][j] += mask[group.sample(r) * at.H + j] * through[r][j];
    }
    // What is cut lies between a step t with t % k == 0 and the one before, in either direction.
    const Index later = options_.is_reverse ? t + 1 : t;
    if (options_.truncate == 0 || later % options_.truncate != 0 || i == 0) continue;
    for (std::size_t s = 0; s < num_states; ++s)
      for (Index r = 0; r < group.active(later); ++r) std::fill_n(dstate[s][r], at.H, T(0));
  }
  for (std::size_t s = 0; s + 1 < pass.inputs.size(); ++s) {
    const Gradient<T>& gradient = pass.dinputs[1 + s];
    if (!gradient.is_wanted()) continue;
    for (Index r = 0; r < group.count; ++r) {
      T* const to = gradient.to.data + group.sample(r) * at.H;
      for (Index j = 0; j < at.H; ++j)
        to[j] = gradient.write == Write::kAdd ? to[j] + dstate[s][r][j] : dstate[s][r][j];
    }
  }
}

// all steps at once: du, dW, dU, db
template <typename T>
void Recurrent<T>::end(const Backward<T>& pass) const {
  const Layout at(*this, pass);
  const Sequences& sequences = *pass.sequences;
  const Index rows = sequences.rows();
  const bool drops = pass.mode == Mode::kTraining && options_.dropout > 0;
  const T *const dz = pass.scratch + at.dz, *const dproduct = pass.scratch + at.dproduct;

  const Gradient<T>& du = pass.dinputs[0];
  if (du.is_wanted()) {
    const auto to_input = [&](T* to, Write write) {
      multiply(matrix(dz, rows, at.G), transposed(pass.weights[0].data, at.D, at.G), to, write);
    };
    if (drops) {
      to_input(pass.scratch + at.dinput, Write::kAssign);
      apply_mask(sequences, at.D, pass.saved + at.input_mask, pass.scratch + at.dinput, du.to.data, du.write);
    } else {
      to_input(du.to.data, du.write);
    }
  }
  const auto& dweights = pass.dweights;
  if (dweights[0].is_wanted())
    multiply(transposed(drops ? pass.saved + at.input : pass.inputs[0].data, rows, at.D), matrix(dz, rows, at.G),
             dweights[0].to.data, dweights[0].write);
  if (dweights[1].is_wanted()) {
    const T* previous = pass.saved + at.previous;
    if (pass.mode == Mode::kTraining && options_.recurrent_dropout > 0) {
      T* const masked = pass.scratch + at.masked_previous;
      apply_mask(sequences, at.H, pass.saved + at.state_mask, previous, masked, Write::kAssign);
      previous = masked;
    }
    multiply(transposed(previous, rows, at.H), matrix(dproduct, rows, at.G), dweights[1].to.data, dweights[1].write);
  }
  if (dweights[2].is_wanted()) sum_rows(dz, rows, at.G, dweights[2].to.data, dweights[2].write);
  if (has_recurrent_bias() && dweights[3].is_wanted())
    sum_rows(dproduct, rows, at.G, dweights[3].to.data, dweights[3].write);
}

template class Recurrent<float>;
template class Recurrent<double>;
template class Recurrent<Dual>;

}  // namespace nncpp
